-- WhatsApp numbers, conversations and messages.

create type public.conversation_status as enum ('active', 'resolved');
create type public.conversation_phase as enum ('automated', 'waiting', 'live', 'resolved');
create type public.bot_status as enum ('active', 'paused', 'agent');
create type public.message_direction as enum ('inbound', 'outbound');
create type public.sender_type as enum ('contact', 'agent', 'bot', 'system', 'business');
-- In the order in which a message passes through them: a status never goes back (greatest wins),
-- but for failed and unknown, which stand apart.
create type public.message_status as enum (
  'received', 'queued', 'sending', 'unknown', 'sent', 'delivered', 'read', 'played', 'failed');

create table public.whatsapp_numbers (
  phone_number_id text primary key check (phone_number_id ~ '^[0-9]{1,32}$'),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  waba_id text check (waba_id ~ '^[0-9]{1,32}$'),
  display_phone_number text not null check (char_length(display_phone_number) <= 32),
  verified_name text check (char_length(verified_name) <= 256),
  messages_per_second int not null default 80 check (messages_per_second between 1 and 100000),
  history_phase smallint,
  history_progress smallint,
  created_at timestamptz not null default now()
);
create index whatsapp_numbers_workspace_id_idx on public.whatsapp_numbers (workspace_id);
create index whatsapp_numbers_waba_id_idx on public.whatsapp_numbers (waba_id);
comment on table public.whatsapp_numbers is 'The business numbers behind the webhook; an update is routed to the workspace of its phone_number_id.';
comment on column public.whatsapp_numbers.messages_per_second is 'What Meta lets the number send.';
comment on column public.whatsapp_numbers.history_progress is 'Percent of the phase (0 to 2) of the chat history that the WhatsApp Business app has handed over.';

create table private.whatsapp_tokens (
  phone_number_id text primary key references public.whatsapp_numbers (phone_number_id) on delete cascade,
  sealed bytea not null,
  created_at timestamptz not null default now()
);
alter table private.whatsapp_tokens enable row level security;
comment on table private.whatsapp_tokens is
  'Access tokens for the Graph API, sealed by the functions with a key that the database does not have. A number without one can only receive.';

create table public.conversations (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  contact_id uuid not null references public.contacts (id) on delete cascade,
  channel text not null default 'whatsapp' check (channel ~ '^[a-z][a-z0-9_]{0,31}$'),
  status public.conversation_status not null default 'active',
  phase public.conversation_phase not null default 'automated',
  ai_enabled boolean not null default true,
  bot_status public.bot_status not null default 'active',
  control_epoch int not null default 1,
  assigned_to uuid,
  unread_count int not null default 0 check (unread_count >= 0),
  message_count int not null default 0,
  last_message_at timestamptz,
  last_inbound_at timestamptz,
  phone_number_id text,
  read_until timestamptz,
  escalated_at timestamptz,
  resolved_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- One thread a contact and channel, however many agents or webhooks open it at the same moment;
  -- a resolved one is reopened.
  constraint conversations_contact_channel_key unique (contact_id, channel),
  constraint conversations_resolved check ((status = 'resolved') = (phase = 'resolved')),
  constraint conversations_assigned_to_member foreign key (workspace_id, assigned_to)
    references public.workspace_members (workspace_id, user_id) on delete set null (assigned_to)
)
-- Room on the page: who reads or resolves changes no indexed column.
with (fillfactor = 85);
create index conversations_recent_idx on public.conversations
  (workspace_id, coalesce(last_message_at, created_at), id);
-- Who waits for a person is what an inbox asks for most, and few of all.
create index conversations_waiting_idx on public.conversations
  (workspace_id, coalesce(last_message_at, created_at), id) where phase = 'waiting';
create index conversations_assigned_idx on public.conversations (workspace_id, assigned_to);
comment on table public.conversations is 'The thread with a contact on a channel.';
comment on column public.conversations.control_epoch is 'Rises whenever control passes between bot and person.';
comment on column public.conversations.last_inbound_at is 'The person''s last message or call: WhatsApp''s 24-hour window opens here.';
comment on column public.conversations.phone_number_id is 'The business number of the last inbound message: answers go out from it.';
comment on column public.conversations.read_until is 'Until when the team has read; unread_count counts the inbound messages after it.';
comment on column public.conversations.escalated_at is 'Since when the person waits for a person.';

create table public.messages (
  id uuid primary key default private.uuid_v7(),
  -- No foreign key: the conversation's says as much, and every message would lock the one row of its workspace.
  workspace_id uuid not null,
  conversation_id uuid not null references public.conversations (id) on delete cascade,
  contact_id uuid not null references public.contacts (id) on delete cascade,
  direction public.message_direction not null,
  sender_type public.sender_type not null,
  sender_id uuid,
  sender_name text,
  sender_username text,
  channel text not null default 'whatsapp',
  type text not null,
  body text,
  payload jsonb not null default '{}',
  reply_to text,
  phone_number_id text,
  wa_message_id text,
  status public.message_status not null,
  error jsonb,
  reactions jsonb not null default '[]',
  sentiment public.sentiment_level not null default 'neutral',
  sentiment_score numeric(4, 3) not null default 0,
  media jsonb,
  pricing jsonb,
  from_history boolean not null default false,
  sent_at timestamptz not null default now(),
  sent_status_at timestamptz,
  delivered_at timestamptz,
  read_at timestamptz,
  played_at timestamptz,
  failed_at timestamptz,
  edited_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz not null default now(),
  -- Meta delivers at least once, to every subscribed app, concurrently: this decides what is new.
  constraint messages_wa_message_id_key unique (wa_message_id, phone_number_id)
)
-- Statuses change a message several times soon after it was written, in no indexed column: with
-- room on its page its next version needs no new index entries.
with (fillfactor = 85);
create index messages_conversation_idx on public.messages (conversation_id, sent_at, id);
create index messages_contact_idx on public.messages (contact_id, sent_at, id);
comment on table public.messages is 'What was said, both ways. sent_at is the event''s own time, created_at ours.';
comment on column public.messages.type is 'WhatsApp''s own name of the type, also one that is not known here.';
comment on column public.messages.sender_name is 'The profile name that came with the message.';
comment on column public.messages.sender_username is 'The WhatsApp username that came with the message.';
comment on column public.messages.payload is 'What the type carries beside its text.';
comment on column public.messages.reply_to is 'The wamid of the message that this one quotes.';
comment on column public.messages.wa_message_id is 'WhatsApp''s id of the message (wamid).';
comment on column public.messages.reactions is '[{ emoji, from: contact | business, reacted_at }], kept from message_changes.';
comment on column public.messages.pricing is 'What WhatsApp''s statuses say about the price.';
comment on column public.messages.from_history is 'Handed over from the WhatsApp Business app''s chat history: never unread, never answered by itself.';
comment on column public.messages.sent_status_at is 'The own time of the status sent; sent_at of what we write is when it was written.';

create table public.message_changes (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  phone_number_id text not null,
  wa_message_id text not null,
  target_wa_message_id text not null,
  contact_id uuid references public.contacts (id) on delete cascade,
  kind text not null check (kind in ('reaction', 'edit', 'revoke')),
  content jsonb not null default '{}',
  happened_at timestamptz not null,
  created_at timestamptz not null default now(),
  constraint message_changes_wa_message_id_key unique (wa_message_id, phone_number_id)
);
create index message_changes_target_idx on public.message_changes (target_wa_message_id, phone_number_id);
create index message_changes_contact_id_idx on public.message_changes (contact_id);
create index message_changes_workspace_id_idx on public.message_changes (workspace_id);
comment on table public.message_changes is
  'Reactions, edits and revokes, each once, whether or not the message that they name is stored yet; the message shows what the latest by their own times make of it.';
comment on column public.message_changes.wa_message_id is 'The wamid of the change itself.';
comment on column public.message_changes.contact_id is 'Who changed it; null: the business.';
comment on column public.message_changes.content is 'A reaction''s { emoji } ({}: taken back); an edit''s { type, body, payload, media }.';

create table public.whatsapp_pending_statuses (
  phone_number_id text not null,
  wa_message_id text not null,
  status public.message_status not null,
  status_at timestamptz not null,
  error jsonb,
  pricing jsonb,
  created_at timestamptz not null default now(),
  primary key (wa_message_id, phone_number_id, status)
);
create index whatsapp_pending_statuses_created_idx on public.whatsapp_pending_statuses (created_at);
comment on table public.whatsapp_pending_statuses is
  'Statuses that came before the message they are about was stored; applied as soon as it is.';

create table public.whatsapp_events (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid references public.workspaces (id) on delete cascade,
  waba_id text,
  phone_number_id text,
  field text not null,
  type text,
  payload jsonb not null,
  dedupe_key bytea not null unique,
  occurred_at timestamptz,
  created_at timestamptz not null default now()
);
create index whatsapp_events_workspace_idx on public.whatsapp_events (workspace_id, field, created_at);
comment on table public.whatsapp_events is
  'Updates that are no messages and no statuses: reactions, edits, revokes, system changes, account events, fields not known yet. Each once.';

-- The documented name: digits, name and switches of the WhatsApp threads.
create view public.whatsapp_conversations with (security_invoker = true) as
select v.id, v.workspace_id, c.whatsapp_contact_id as contact_id, coalesce(c.name, c.phone) as contact_name,
  v.status, v.ai_enabled, v.phase, v.bot_status, v.contact_id as contact_record_id, v.assigned_to, v.unread_count,
  v.last_message_at, v.created_at, v.resolved_at
from public.conversations v
join public.contacts c on c.id = v.contact_id
where v.channel = 'whatsapp';
comment on view public.whatsapp_conversations is
  'WhatsApp threads as documented: contact_id = the clean phone digits, contact_name, status, ai_enabled. contact_record_id is the contact''s id.';

-- Triggers ------------------------------------------------------------------------------------

create function private.keep_contractors_from_bot() returns trigger
language plpgsql
-- Definer: who may open or pass on a conversation need not be allowed to read contacts.
security definer set search_path = ''
as $$
begin
  if new.phase = 'automated' and (select c.is_contractor from public.contacts c where c.id = new.contact_id) then
    new.phase := 'waiting';
    new.ai_enabled := false;
    new.bot_status := 'agent';
  end if;
  return new;
end
$$;
comment on function private.keep_contractors_from_bot() is
  'Trigger: contractors and suppliers talk to a person, never to the bot, however their conversation begins, begins anew or is written.';

create trigger conversations_100_contractors before insert or update of phase on public.conversations
  for each row execute function private.keep_contractors_from_bot();
create trigger conversations_900_touch before update on public.conversations
  for each row execute function private.touch_updated_at();

create trigger conversations_700_log_insert after insert on public.conversations
  referencing new table as changed for each statement
  execute function private.log_rows('conversation.created', 'conversation');

create function private.reopens(conversation public.conversations, inbound_at timestamptz) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  -- WhatsApp's times are whole seconds: what was written half a second after the end seems to be of before.
  return coalesce(conversation.status = 'resolved'
    and inbound_at >= date_trunc('second', coalesce(conversation.resolved_at, '-infinity')), false);
end
$$;
comment on function private.reopens(public.conversations, timestamptz) is
  'Whether an inbound message of that time reopens the conversation: it was resolved before.';

-- What the messages of one conversation in a batch say together. live: said now, not handed over
-- from a chat history.
create type private.message_sum as (
  contact_id uuid, conversation_id uuid, messages int, channel text, last_at timestamptz,
  inbound_at timestamptz[], last_inbound_at timestamptz, phone_number_id text,
  profile_name text, profile_name_at timestamptz, username text, username_at timestamptz, business_at timestamptz);

create function private.is_later(at timestamptz, value text, than timestamptz, other text) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return coalesce(at > than or at = than and value < other, at is not null and than is null);
end
$$;
comment on function private.is_later(timestamptz, text, timestamptz, text) is
  'Whether the first value goes before the second: said later, or in the same second and smaller, so that arrival does not decide. No time: never said.';

create function private.sum_messages(ids uuid[]) returns private.message_sum[]
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  return array(
    select row(m.contact_id, m.conversation_id, count(*),
      -- A group's thread is another conversation, not another channel.
      min(case m.channel when 'whatsapp_group' then 'whatsapp' else m.channel end), max(m.sent_at),
      array_agg(m.sent_at) filter (where m.direction = 'inbound' and not m.from_history),
      max(m.sent_at) filter (where m.direction = 'inbound' and not m.from_history),
      (array_agg(m.phone_number_id order by m.sent_at desc, m.phone_number_id desc)
        filter (where m.direction = 'inbound' and not m.from_history))[1],
      (array_agg(m.sender_name order by m.sent_at desc, m.sender_name)
        filter (where m.sender_name is not null and not m.from_history))[1],
      max(m.sent_at) filter (where m.sender_name is not null and not m.from_history),
      (array_agg(m.sender_username order by m.sent_at desc, m.sender_username)
        filter (where m.sender_username is not null and not m.from_history))[1],
      max(m.sent_at) filter (where m.sender_username is not null and not m.from_history),
      max(m.sent_at) filter (where m.sender_type = 'business' and not m.from_history))::private.message_sum
    from unnest(ids) as given (id)
    join public.messages m on m.id = given.id
    group by m.contact_id, m.conversation_id);
end
$$;
comment on function private.sum_messages(uuid[]) is 'What stored messages say together, conversation by conversation.';

create function private.answer_in_app(sums private.message_sum[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.conversations v
  set read_until = greatest(v.read_until, s.business_at),
    unread_count = (
      select count(*) from public.messages m
      where m.conversation_id = v.id and m.direction = 'inbound' and not m.from_history
        and m.sent_at > greatest(v.read_until, s.business_at))
  from unnest(sums) s
  where v.id = s.conversation_id and s.business_at is not null;

  update public.conversations v
  set status = 'active', phase = 'live', ai_enabled = false, bot_status = 'agent'
  from unnest(sums) s
  where v.id = s.conversation_id and s.business_at is not null
    and (v.phase in ('automated', 'waiting') or private.reopens(v, s.business_at));
end
$$;
comment on function private.answer_in_app(private.message_sum[]) is
  'Who answers in WhatsApp''s own app has read what came before, and takes over from the bot.';

create function private.reopen_conversations(ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.conversations v
  set status = 'active', phase = 'automated', ai_enabled = true, bot_status = 'active'
  where v.id = any (ids);
end
$$;
comment on function private.reopen_conversations(uuid[]) is 'Resolved conversations begin anew as all do: with the bot, but for contractors.';

-- What a batch's messages say of one contact.
create type private.contact_sum as (
  contact_id uuid, messages int, last_at timestamptz, channels text[],
  profile_name text, profile_name_at timestamptz, username text, username_at timestamptz);

create function private.sum_contacts(sums private.message_sum[]) returns private.contact_sum[]
language plpgsql immutable
set search_path = ''
as $$
begin
  return array(
    select row(s.contact_id, sum(s.messages), max(s.last_at), array_agg(distinct s.channel),
      (array_agg(s.profile_name order by s.profile_name_at desc nulls last, s.profile_name))[1], max(s.profile_name_at),
      (array_agg(s.username order by s.username_at desc nulls last, s.username))[1], max(s.username_at))::private.contact_sum
    from unnest(sums) s
    group by s.contact_id order by s.contact_id);
end
$$;
comment on function private.sum_contacts(private.message_sum[]) is
  'The sums of conversations → those of their contacts, in the order of the ids.';

create function private.follow_activity(sums private.contact_sum[]) returns void
language plpgsql
-- After the activity was written and in a statement of its own, so that it sees what whoever held
-- the activity meanwhile has made of the contact. Should that be another name than the one we found
-- and bring again, the contact is locked only here: seldom, and a deadlock is tried again.
set search_path = ''
as $$
begin
  update public.contacts c
  set profile_name = coalesce(s.profile_name, c.profile_name),
    channels = case when c.channels @> s.channels then c.channels
      else array(select distinct unnest(c.channels || s.channels) order by 1) end
  from (select * from unnest(sums) u order by u.contact_id) as s
  where c.id = s.contact_id
    and (coalesce(s.profile_name <> c.profile_name, s.profile_name is not null) or not c.channels @> s.channels);
end
$$;
comment on function private.follow_activity(private.contact_sum[]) is
  'Contacts take over the latest profile name and the channels; those that have them already are not written.';

create function private.apply_contact_sums(sums private.contact_sum[], are_new boolean) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  changed private.contact_sum[];
begin
  -- Contacts are locked before their activity, as by everybody, but only those that may change.
  perform from unnest(sums) s join public.contacts c on c.id = s.contact_id
  where coalesce(s.profile_name <> c.profile_name, s.profile_name is not null) or not c.channels @> s.channels
  order by c.id for no key update of c;

  with written as (
    update public.contact_activity a
    set message_count = a.message_count + case when are_new then s.messages else 0 end,
      last_contact_at = greatest(a.last_contact_at, s.last_at),
      -- By the event's own time: an old message that comes late does not bring an old name back.
      profile_name = case when private.is_later(s.profile_name_at, s.profile_name, a.profile_name_at, a.profile_name)
        then s.profile_name else a.profile_name end,
      profile_name_at = greatest(a.profile_name_at, s.profile_name_at),
      username = case when private.is_later(s.username_at, s.username, a.username_at, a.username)
        then s.username else a.username end,
      username_at = greatest(a.username_at, s.username_at)
    from (select * from unnest(sums) u order by u.contact_id) as s
    where a.contact_id = s.contact_id
    returning a.contact_id, case when s.profile_name is not null then a.profile_name end as profile_name, s.channels
  )
  select array_agg(row(w.contact_id, null, null, w.channels, w.profile_name, null, null, null)::private.contact_sum)
  into changed from written w;
  perform private.follow_activity(changed);
end
$$;
comment on function private.apply_contact_sums(private.contact_sum[], boolean) is
  'Counter, last contact and names of contacts follow their messages.';

create function private.apply_message_sums(sums private.message_sum[], are_new boolean) returns void
language plpgsql
-- From the sums to the rows, contacts before conversations and in the order of their ids: two
-- batches about the same people wait for each other instead of deadlocking.
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  was_resolved boolean;
begin
  perform private.apply_contact_sums(private.sum_contacts(sums), are_new);

  with changed as (
    update public.conversations v
    set message_count = v.message_count + case when are_new then s.messages else 0 end,
      last_message_at = greatest(v.last_message_at, s.last_at),
      unread_count = v.unread_count + (
        select count(*) from unnest(s.inbound_at) as i (at) where i.at > coalesce(v.read_until, '-infinity')),
      phone_number_id = case
        when v.last_inbound_at is null or s.last_inbound_at > v.last_inbound_at then coalesce(s.phone_number_id, v.phone_number_id)
        when s.last_inbound_at = v.last_inbound_at then greatest(v.phone_number_id, s.phone_number_id)
        else v.phone_number_id end,
      last_inbound_at = greatest(v.last_inbound_at, s.last_inbound_at)
    from (select * from unnest(sums) u order by u.conversation_id) as s
    where v.id = s.conversation_id
    returning v.status
  )
  select bool_or(status = 'resolved') into was_resolved from changed;
  if was_resolved then
    -- A later inbound message reopens; one that merely arrives late does not.
    perform private.reopen_conversations(array(
      select v.id from unnest(sums) s join public.conversations v on v.id = s.conversation_id
      where private.reopens(v, s.last_inbound_at)));
  end if;
  if exists (select from unnest(sums) s where s.business_at is not null) then
    perform private.answer_in_app(sums);
  end if;
end
$$;
comment on function private.apply_message_sums(private.message_sum[], boolean) is
  'Counters, last contact, channels, names, window and unread of contacts and conversations follow their messages, by the events'' own times. are_new: false when they were counted before and are only now known to be said live.';

create function private.message_effects() returns trigger
language plpgsql
-- Definer: whoever may store a message need not be allowed to change contacts.
security definer set search_path = ''
as $$
begin
  perform private.apply_message_sums(private.sum_messages(array(select i.id from inserted i)), true);
  return null;
end
$$;
comment on function private.message_effects() is 'Trigger: contacts and conversations follow the messages.';

create trigger messages_700_effects after insert on public.messages
  referencing new table as inserted for each statement execute function private.message_effects();
