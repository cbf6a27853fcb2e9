-- What messages and calls say of a contact, apart from what people know.

create function private.sentiment_level(score numeric) returns public.sentiment_level
language plpgsql immutable
set search_path = ''
as $$
begin
  return case when score <= -0.6 then 'very_negative' when score <= -0.2 then 'negative'
    when score < 0.2 then 'neutral' when score < 0.6 then 'positive' else 'very_positive' end;
end
$$;
comment on function private.sentiment_level(numeric) is 'A score of -1 … 1 → its level, of five.';

create function private.average_sentiment(total numeric, messages int) returns numeric
language plpgsql immutable
set search_path = ''
as $$
begin
  return case when messages > 0 then round(total / messages, 3) else 0 end;
end
$$;
comment on function private.average_sentiment(numeric, int) is 'The average of scores, in thousandths; 0 of none.';

-- What every message changes, apart from what people know: a message writes a short row with two
-- indexes instead of a long one with a dozen, and the contact's version stays what it was.
create table public.contact_activity (
  contact_id uuid primary key references public.contacts (id) on delete cascade,
  -- No reference of its own: every insert would lock the one row of the workspace, and the contact's holds.
  workspace_id uuid not null,
  message_count int not null default 0,
  last_contact_at timestamptz,
  profile_name text check (char_length(profile_name) <= 200),
  profile_name_at timestamptz,
  username text check (char_length(username) <= 256),
  username_at timestamptz,
  sentiment_sum numeric(14, 3) not null default 0,
  sentiment_count int not null default 0,
  sentiment_score numeric(4, 3) not null generated always as (private.average_sentiment(sentiment_sum, sentiment_count)) stored,
  last_sentiment_score numeric(4, 3),
  last_sentiment_at timestamptz,
  last_inbound_at timestamptz,
  converted_at timestamptz,
  shows_intent boolean not null default false,
  auto_status public.contact_auto_status not null default 'new',
  is_at_risk boolean not null default false,
  due_at timestamptz,
  contact_created_at timestamptz not null default private.now(),
  facets bigint not null default 0,
  ranges bigint not null default 0
)
-- Room on the page for the row's next versions: it changes for as long as somebody talks.
with (fillfactor = 85);
create index contact_activity_last_contact_idx on public.contact_activity
  (workspace_id, coalesce(last_contact_at, '-infinity'::timestamptz), contact_id)
  include (facets, ranges, last_contact_at, contact_created_at);
-- Who was contacted last at a time was created by then, but for these few: their history was imported.
-- Of the others the newest who were contacted long ago are found without passing over all newer ones.
-- An hour, because a message is older than the contact that it makes, and clocks differ.
create index contact_activity_met_before_idx on public.contact_activity (workspace_id, contact_created_at, contact_id)
  include (facets, ranges, last_contact_at) where contact_created_at - last_contact_at > interval '1 hour';
comment on table public.contact_activity is
  'What messages and calls say of a contact: one row each, made with the contact. Locked after the contact and before its conversations.';
comment on column public.contact_activity.profile_name is
  'The latest profile name by its own time; contacts.profile_name follows it.';
comment on column public.contact_activity.contact_created_at is 'contacts.created_at.';
comment on column public.contact_activity.facets is 'Those of the contact.';
comment on column public.contact_activity.ranges is 'Those of the contact.';
comment on column public.contact_activity.sentiment_score is
  'The average of the messages of which a mood was read: sentiment_sum of sentiment_count. contacts.sentiment is its level.';
comment on column public.contact_activity.last_sentiment_score is
  'The latest of them by its own time; of two of one second the lower.';
comment on column public.contact_activity.last_inbound_at is 'When the person wrote last, also in a chat history that was handed over.';
comment on column public.contact_activity.converted_at is 'When the contact bought or booked last; null: never, or it was taken back.';
comment on column public.contact_activity.shows_intent is 'Whether a person or a scoring signal says that the contact means to buy.';
comment on column public.contact_activity.auto_status is 'private.lifecycle of the row; contacts.auto_status follows it.';
comment on column public.contact_activity.is_at_risk is 'The same; contacts.is_at_risk follows it.';
comment on column public.contact_activity.due_at is
  'Not after the moment at which time alone changes what is computed of the contact; null: it does not. A message only brings it forward.';
comment on column public.contact_activity.username is 'The WhatsApp username. People change and reuse them: no identity.';

-- Lists read the activity's index as well, so it carries the facets of the contact.

create function private.activity_facets() returns trigger
language plpgsql
-- Definer: nobody but triggers writes the table.
-- A session plans this once, perhaps for a single row: a nested loop of the two transition tables
-- would then take minutes over ten thousand.
security definer set search_path = '' set enable_nestloop = off set enable_hashjoin = on
as $$
declare
  changed uuid[] := array(select n.id from inserted n join deleted o on o.id = n.id
    where (n.facets, n.ranges, n.created_at) <> (o.facets, o.ranges, o.created_at));
begin
  if cardinality(changed) > 0 then
    perform private.copy_facets(changed);
  end if;
  return null;
end
$$;
comment on function private.activity_facets() is 'Trigger: contact_activity.facets, ranges and contact_created_at follow those of the contact.';

create function private.copy_facets(contacts uuid[]) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  perform from public.contact_activity a where a.contact_id = any (contacts) order by a.contact_id for no key update;
  update public.contact_activity a set facets = c.facets, ranges = c.ranges, contact_created_at = c.created_at
  from public.contacts c where c.id = a.contact_id and a.contact_id = any (contacts);
end
$$;
comment on function private.copy_facets(uuid[]) is 'Copies the facets, ranges and created_at of the contacts, which are locked, to their contact_activity.';

create trigger contacts_695_activity_facets after update on public.contacts
  referencing old table as deleted new table as inserted for each statement execute function private.activity_facets();
