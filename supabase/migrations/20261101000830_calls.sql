-- Calls: by WhatsApp, and whatever else reports them.

-- In the order in which a call passes through them; the last known one counts, whatever came first.
-- A call that was declined is told to have ended, too, as completed or failed: it was declined.
create type public.call_status as enum ('ringing', 'connecting', 'accepted', 'failed', 'completed', 'rejected');

create table public.calls (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  contact_id uuid not null references public.contacts (id) on delete cascade,
  conversation_id uuid references public.conversations (id) on delete set null,
  channel text not null default 'whatsapp',
  direction public.message_direction not null,
  status public.call_status not null,
  phone_number_id text,
  wa_call_id text,
  contact_external_id text check (char_length(contact_external_id) <= 256),
  started_at timestamptz not null,
  accepted_at timestamptz,
  ended_at timestamptz,
  duration_seconds int check (duration_seconds >= 0),
  recording_url text check (char_length(recording_url) <= 2048),
  summary text check (char_length(summary) <= 20000),
  created_at timestamptz not null default now(),
  constraint calls_wa_call_id_key unique (wa_call_id, phone_number_id)
);
create index calls_contact_idx on public.calls (contact_id, started_at, id);
create index calls_conversation_id_idx on public.calls (conversation_id);
create index calls_workspace_idx on public.calls (workspace_id, started_at, id);
comment on table public.calls is 'Calls with contacts, both ways; started_at is the earliest that is known of a call, by its own times.';
comment on column public.calls.wa_call_id is 'WhatsApp''s id of the call (wacid).';
comment on column public.calls.contact_external_id is
  'The WhatsApp id, else the business-scoped user id, that the person called with, or was called at. As of messages.';

create function private.note_last_contact(contacts uuid[], times timestamptz[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.contact_activity a set last_contact_at = s.last_at
  from (select * from unnest(contacts, times) as u (contact_id, last_at) order by u.contact_id) as s
  where a.contact_id = s.contact_id and s.last_at > coalesce(a.last_contact_at, '-infinity');
end
$$;
comment on function private.note_last_contact(uuid[], timestamptz[]) is
  'Contacts and when each was in contact (each once) → last_contact_at, which never goes back.';

create function private.count_calls() returns trigger
language plpgsql
-- Definer: whoever may store a call need not be allowed to change contacts.
security definer set search_path = ''
as $$
begin
  perform from public.contacts c where c.id in (select contact_id from changed) order by c.id for no key update;
  update public.contacts c
  set call_count = c.call_count + case when tg_op = 'INSERT' then s.calls else -s.calls end
  from (select contact_id, count(*) as calls from changed group by contact_id) as s
  where c.id = s.contact_id;
  if tg_op = 'INSERT' then
    perform private.note_last_contact(contacts, times)
    from (
      select array_agg(contact_id) as contacts, array_agg(last_at) as times
      from (select contact_id, max(started_at) as last_at from changed group by contact_id) as s
    ) as said;
  end if;
  return null;
end
$$;
comment on function private.count_calls() is 'Trigger: call_count and last_contact_at of contacts follow their calls.';

create trigger calls_700_count_insert after insert on public.calls
  referencing new table as changed for each statement execute function private.count_calls();
create trigger calls_700_count_delete after delete on public.calls
  referencing old table as changed for each statement execute function private.count_calls();
