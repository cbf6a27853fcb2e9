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
-- Room on the page: who accepts, escalates or resolves changes few indexed columns.
with (fillfactor = 85);
create index conversations_recent_idx on public.conversations
  (workspace_id, coalesce(last_message_at, created_at), id);
-- What an inbox asks for most, and few of all: who waits for a person, what is unread, what is mine.
create index conversations_waiting_idx on public.conversations
  (workspace_id, coalesce(last_message_at, created_at), id) where phase = 'waiting';
create index conversations_unread_idx on public.conversations
  (workspace_id, coalesce(last_message_at, created_at), id) where unread_count > 0;
create index conversations_assigned_idx on public.conversations
  (workspace_id, assigned_to, coalesce(last_message_at, created_at), id);
comment on table public.conversations is 'The thread with a contact on a channel.';
comment on column public.conversations.control_epoch is 'Rises whenever control passes between bot and person.';
comment on column public.conversations.last_inbound_at is 'The person''s last message or call: WhatsApp''s 24-hour window opens here.';
comment on column public.conversations.phone_number_id is 'The business number of the last inbound message: answers go out from it.';
comment on column public.conversations.read_until is 'Until when the team has read; unread_count counts the inbound messages after it, and what came of its second once the team had read it.';
comment on column public.conversations.escalated_at is 'Since when the person waits for a person.';

create table public.messages (
  id uuid primary key default private.uuid_v7(),
  -- No foreign key: the conversation's says as much, and every message would lock the one row of its workspace.
  workspace_id uuid not null,
  -- The contact's reference first: they are checked, and so locked, in this order, as by everybody.
  contact_id uuid not null references public.contacts (id) on delete cascade,
  conversation_id uuid not null references public.conversations (id) on delete cascade,
  direction public.message_direction not null,
  sender_type public.sender_type not null,
  sender_id uuid,
  sender_name text,
  sender_username text,
  contact_external_id text check (char_length(contact_external_id) <= 256),
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
  sentiment_score numeric(4, 3) not null default 0 check (sentiment_score between -1 and 1),
  sentiment_language text,
  sentiment_source text check (sentiment_source in ('words', 'model')),
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
comment on column public.messages.contact_external_id is
  'The WhatsApp id, else the business-scoped user id, that the person wrote with, or was written to: by which of several they are to be answered, and whose it is should two who were merged be parted.';
comment on column public.messages.payload is 'What the type carries beside its text.';
comment on column public.messages.reply_to is 'The wamid of the message that this one quotes.';
comment on column public.messages.wa_message_id is 'WhatsApp''s id of the message (wamid).';
comment on column public.messages.reactions is '[{ emoji, from: contact | business, reacted_at }], kept from message_changes.';
comment on column public.messages.sentiment_language is 'The language that the mood was read in; null: none that is known, or there was nothing to read.';
comment on column public.messages.sentiment_source is
  'What read the mood of an inbound message: its words (private.read_sentiment) or a language model; null: nobody, and it does not count for the contact.';
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
-- What is said about an account may have to be given to somebody else (private.give_account_events).
create index whatsapp_events_account_idx on public.whatsapp_events (waba_id) where phone_number_id is null;
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
