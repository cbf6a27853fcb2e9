-- Meetings with contacts.

create type public.meeting_status as enum ('scheduled', 'done', 'cancelled', 'no_show');

create table public.meetings (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  contact_id uuid not null references public.contacts (id) on delete cascade,
  host_user_id uuid,
  title text not null check (char_length(title) between 1 and 200),
  status public.meeting_status not null default 'scheduled',
  starts_at timestamptz not null,
  ends_at timestamptz,
  location text check (char_length(location) <= 500),
  url text check (char_length(url) <= 2048),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint meetings_host_member foreign key (workspace_id, host_user_id)
    references public.workspace_members (workspace_id, user_id) on delete set null (host_user_id),
  constraint meetings_end check (ends_at > starts_at)
);
create index meetings_contact_idx on public.meetings (contact_id, starts_at, id);
create index meetings_host_idx on public.meetings (workspace_id, host_user_id);
create index meetings_starts_idx on public.meetings (workspace_id, starts_at, id);
comment on table public.meetings is 'Meetings with contacts, to come and past; what became of one is its status, set by people.';
comment on column public.meetings.host_user_id is 'The member who meets the contact.';

create function private.check_meeting() returns trigger
language plpgsql
-- Definer: whoever may write meetings need not be allowed to read members.
security definer set search_path = ''
as $$
begin
  perform private.check_contact_of(new.workspace_id, new.contact_id);
  perform private.check_member_of(new.workspace_id, new.host_user_id, '/host_user_id');
  if new.ends_at <= new.starts_at then
    perform private.refuse_outsider(new.workspace_id);
    perform private.refuse_field('/ends_at', 'contradictory', 'A meeting ends after it begins.');
  end if;
  return new;
end
$$;
comment on function private.check_meeting() is 'Trigger: contact and host are of the meeting''s workspace, and it ends after it begins.';

create trigger meetings_100_check before insert or update on public.meetings
  for each row execute function private.check_meeting();
create trigger meetings_700_log_insert after insert on public.meetings
  referencing new table as changed for each statement execute function private.log_rows('meeting.created', 'meeting');
create trigger meetings_700_log_update after update on public.meetings
  referencing old table as deleted new table as inserted for each statement
  execute function private.log_updates('meeting.updated', 'meeting', '{contact_id,updated_at}');
create trigger meetings_700_log_delete after delete on public.meetings
  referencing old table as changed for each statement execute function private.log_rows('meeting.deleted', 'meeting', 'contact_id');
create trigger meetings_900_touch before update on public.meetings
  for each row execute function private.touch_updated_at();
