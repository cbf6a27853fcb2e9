-- Storing what a delivery says, set by set: messages and their changes, calls, preferences, the app's
-- phone book and chat history, and whatever is left over.

create function private.open_whatsapp_threads(messages private.whatsapp_message[]) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  missing private.whatsapp_message[] := array(
    select m from unnest(messages) m
    where (
      select v.id from public.conversations v
      where v.contact_id = m.contact_id
        and v.channel = case when m.message ? 'group_id' then 'whatsapp_group' else 'whatsapp' end) is null);
begin
  if cardinality(missing) > 0 then
    -- Before the thread, for which whoever opens the same one waits.
    perform private.lock_senders(messages);
    insert into public.conversations (workspace_id, contact_id, channel)
    select distinct m.workspace_id, m.contact_id, case when m.message ? 'group_id' then 'whatsapp_group' else 'whatsapp' end as channel
    from unnest(missing) m
    -- One that is heard again may be in the thread of somebody with whom its sender was one contact.
    where (select o.id from public.messages o
      where o.wa_message_id = m.message ->> 'id' and o.phone_number_id = m.phone_number_id) is null
    order by m.contact_id, channel
    on conflict (contact_id, channel) do nothing;
  end if;
end
$$;
comment on function private.open_whatsapp_threads(private.whatsapp_message[]) is
  'The conversations that messages need and that are not there yet. What is said in a group is a thread of its own: it opens no window to write to the person.';

create function private.lock_for_messages(messages private.whatsapp_message[]) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  held uuid[];
begin
  if exists (
    select from unnest(messages) m
    join public.contacts c on c.id = m.contact_id
    cross join lateral (select private.whatsapp_body(m.message) as body) as t
    -- The cheap ones first.
    where not m.outbound and (coalesce(m.profile_name <> c.profile_name, m.profile_name is not null)
      or not c.channels @> array['whatsapp']
      or exists (select from private.signal_matchers k where k.workspace_id = m.workspace_id)
      or private.may_be_consent(t.body) and private.consent_word(t.body) is not null)) then
    held := private.lock_senders(messages);
    perform private.assert_held(private.locate_messages(messages), held);
  end if;
end
$$;
comment on function private.lock_for_messages(private.whatsapp_message[]) is
  'Locks the contacts of messages that will change one of them: a message that is stored holds its contact as a reference does, and whoever wants more afterwards waits behind a merge that waits for them.';

create function private.store_whatsapp_messages(messages private.whatsapp_message[]) returns int
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  stored int;
begin
  perform private.lock_for_messages(messages);
  perform private.open_whatsapp_threads(messages);
  insert into public.messages (workspace_id, conversation_id, contact_id, channel, direction, sender_type, sender_name, sender_username,
    contact_external_id, type, body, payload, reply_to, phone_number_id, wa_message_id, status, media, from_history, sent_at)
  select m.workspace_id, thread.id, m.contact_id, thread.channel,
    case when m.outbound then 'outbound' else 'inbound' end::public.message_direction,
    case when m.outbound then 'business' else 'contact' end::public.sender_type, m.profile_name, m.username,
    coalesce(m.wa_id, m.bsuid), coalesce(m.message ->> 'type', 'unknown'), private.whatsapp_body(m.message), private.whatsapp_payload(m.message),
    m.message #>> '{context,id}', m.phone_number_id, m.message ->> 'id', private.whatsapp_message_status(m),
    private.whatsapp_media(m.message), m.from_history, m.happened_at
  from unnest(messages) m
  cross join lateral (
    select v.id, v.channel from public.conversations v
    where v.contact_id = m.contact_id
      and v.channel = case when m.message ? 'group_id' then 'whatsapp_group' else 'whatsapp' end
    limit 1) as thread
  -- By contact first: storing locks them, and who merges them locks them in the order of their ids.
  order by m.contact_id, m.message ->> 'id', m.from_history
  on conflict (wa_message_id, phone_number_id) do nothing;
  get diagnostics stored = row_count;
  if stored < cardinality(messages) then
    perform private.recognise_live_messages(messages);
  end if;
  return stored;
end
$$;
comment on function private.store_whatsapp_messages(private.whatsapp_message[]) is
  'Stores messages whose contacts are known in their conversations, each once; returns how many were new.';

create function private.recognise_live_messages(messages private.whatsapp_message[]) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  recognised uuid[];
begin
  -- The history knows how far a message of the business had come. Two statements: one cannot change
  -- a row twice.
  update public.messages o
  set status = s.status
  from (
    select m.message ->> 'id' as wa_message_id, m.phone_number_id, m.workspace_id,
      max(private.whatsapp_message_status(m)) as status
    from unnest(messages) m where m.from_history and m.outbound group by 1, 2, 3
  ) as s
  where o.wa_message_id = s.wa_message_id and o.phone_number_id = s.phone_number_id and o.workspace_id = s.workspace_id
    and o.direction = 'outbound' and o.status < s.status;
  with recognised as (
    update public.messages o
    set from_history = false, sender_name = m.profile_name, sender_username = m.username
    from unnest(messages) m
    where o.wa_message_id = m.message ->> 'id' and o.phone_number_id = m.phone_number_id
      and o.workspace_id = m.workspace_id and o.from_history and not m.from_history
    returning o.id
  )
  select array_agg(id) into recognised from recognised;
  if recognised is not null then
    perform private.apply_message_sums(private.sum_messages(recognised), false);
    perform private.settle_sessions(array(select distinct m.conversation_id from public.messages m where m.id = any (recognised)));
  end if;
end
$$;
comment on function private.recognise_live_messages(private.whatsapp_message[]) is
  'Messages that came with a chat history first and as news later have the effects of news all the same.';

create function private.name_by_changes(changes private.whatsapp_message[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.apply_contact_sums(array(
    select distinct on (m.contact_id)
      row(m.contact_id, 0, null, null, '{}', m.profile_name, m.happened_at, null, null, null, null, null, null)::private.contact_sum
    from unnest(changes) m
    where m.profile_name is not null and not m.outbound and not m.from_history
    order by m.contact_id, m.happened_at desc, m.profile_name), false);
end
$$;
comment on function private.name_by_changes(private.whatsapp_message[]) is
  'The profile names that came with reactions, edits and revokes: by their own time, as those of messages.';

create function private.store_message_changes(changes private.whatsapp_message[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  stored int;
begin
  insert into public.message_changes
    (workspace_id, phone_number_id, wa_message_id, target_wa_message_id, contact_id, kind, content, happened_at)
  select m.workspace_id, m.phone_number_id, m.message ->> 'id', private.whatsapp_target(m.message),
    case when not m.outbound then m.contact_id end, m.message ->> 'type',
    case m.message ->> 'type'
      when 'reaction' then jsonb_strip_nulls(jsonb_build_object('emoji', nullif(m.message #>> '{reaction,emoji}', '')))
      when 'edit' then jsonb_build_object('type', m.message #>> '{edit,message,type}',
        'body', private.whatsapp_body(m.message #> '{edit,message}'), 'payload', private.whatsapp_payload(m.message #> '{edit,message}'),
        'media', private.whatsapp_media(m.message #> '{edit,message}'))
      else '{}' end,
    m.happened_at
  from unnest(changes) m
  order by m.message ->> 'id'
  on conflict (wa_message_id, phone_number_id) do nothing;
  get diagnostics stored = row_count;
  if stored > 0 then
    perform private.name_by_changes(changes);
    perform private.show_message_changes(array(select private.whatsapp_target(m.message) from unnest(changes) m));
  end if;
  return stored;
end
$$;
comment on function private.store_message_changes(private.whatsapp_message[]) is
  'Stores reactions, edits and revokes, each once, and shows them on the messages that they name; returns how many were new.';

create function private.name_callers(calls private.whatsapp_call[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  if exists (select from unnest(calls) k where k.profile_name is not null) then
    perform private.name_by_changes(array(
      select row(k.workspace_id, k.phone_number_id, k.wa_id, k.bsuid, null, k.profile_name, null, k.happened_at, null, false, false,
        private.whatsapp_contact(k.workspace_id, k.wa_id, k.bsuid, null))::private.whatsapp_message
      from unnest(calls) k));
  end if;
end
$$;
comment on function private.name_callers(private.whatsapp_call[]) is 'The profile names that came with calls: by their own time as well.';

create function private.store_whatsapp_calls(calls private.whatsapp_call[]) returns int
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  callers uuid[] := array(select private.whatsapp_contact(k.workspace_id, k.wa_id, k.bsuid, null) from unnest(calls) k);
  -- Looked up by an array: a join planned while there was little may read all of them.
  threads uuid[];
  stored int;
begin
  insert into public.conversations (workspace_id, contact_id)
  select distinct k.workspace_id, private.whatsapp_contact(k.workspace_id, k.wa_id, k.bsuid, null) as contact_id
  from unnest(calls) k
  order by contact_id
  on conflict (contact_id, channel) do nothing;
  threads := array(select v.id from public.conversations v where v.contact_id = any (callers) and v.channel = 'whatsapp');

  insert into public.calls as o (workspace_id, contact_id, conversation_id, direction, status, phone_number_id, wa_call_id,
    contact_external_id, started_at, accepted_at, ended_at, duration_seconds)
  select k.workspace_id, v.contact_id, v.id, min(k.direction), max(k.status), k.phone_number_id, k.wa_call_id,
    min(coalesce(k.wa_id, k.bsuid)), min(coalesce(k.started_at, k.happened_at)), min(k.happened_at) filter (where k.status = 'accepted'), max(k.ended_at),
    max(k.duration_seconds)
  from unnest(calls) k
  join public.conversations v
    on v.id = any (threads) and v.contact_id = private.whatsapp_contact(k.workspace_id, k.wa_id, k.bsuid, null)
  group by k.workspace_id, v.contact_id, v.id, k.phone_number_id, k.wa_call_id
  order by k.wa_call_id, k.phone_number_id
  on conflict (wa_call_id, phone_number_id) do update
  set status = greatest(o.status, excluded.status), direction = least(o.direction, excluded.direction),
    started_at = least(o.started_at, excluded.started_at), accepted_at = least(o.accepted_at, excluded.accepted_at),
    ended_at = greatest(o.ended_at, excluded.ended_at), duration_seconds = greatest(o.duration_seconds, excluded.duration_seconds);
  get diagnostics stored = row_count;

  -- A call that rang and one that ended are the same contact: every time that we hear of counts.
  perform private.note_last_contact(array_agg(s.contact_id), array_agg(s.last_at))
  from (
    select private.whatsapp_contact(k.workspace_id, k.wa_id, k.bsuid, null) as contact_id,
      max(greatest(k.happened_at, k.started_at)) as last_at
    from unnest(calls) k group by 1
  ) as s;
  perform private.name_callers(calls);
  update public.conversations v
  set last_inbound_at = s.last_at, phone_number_id = s.phone_number_id
  from (
    select private.whatsapp_contact(k.workspace_id, k.wa_id, k.bsuid, null) as contact_id, max(k.happened_at) as last_at,
      (array_agg(k.phone_number_id order by k.happened_at desc, k.phone_number_id desc))[1] as phone_number_id
    from unnest(calls) k where k.by_person group by 1
  ) as s
  where v.id = any (threads) and v.contact_id = s.contact_id
    and (s.last_at, s.phone_number_id) > (coalesce(v.last_inbound_at, '-infinity'), coalesce(v.phone_number_id, ''));
  return stored;
end
$$;
comment on function private.store_whatsapp_calls(private.whatsapp_call[]) is
  'Stores calls of contacts that are locked, each once however many updates tell of it and in whatever order. A call from a person opens the window to write to them.';

create function private.name_by_phonebook(contacts uuid[], names text[], told_at timestamptz[]) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  update public.contacts c
  set phonebook_name = s.name, phonebook_name_at = s.told_at
  from (
    select distinct on (t.id) t.id, t.name, t.told_at
    from unnest(contacts, names, told_at) as t (id, name, told_at)
    order by t.id, t.told_at desc, coalesce(t.name, '~')
  ) as s
  where c.id = s.id and private.is_later(s.told_at, coalesce(s.name, '~'), c.phonebook_name_at, coalesce(c.phonebook_name, '~'));
end
$$;
comment on function private.name_by_phonebook(uuid[], text[], timestamptz[]) is
  'What contacts are called in the app''s phone book, and when that was told; a name of null, as all are without `names`: they were taken out of it. The latest counts.';

create function private.fact_contact(fact private.whatsapp_fact) returns uuid
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce(private.whatsapp_contact(fact.workspace_id, fact.wa_id, fact.bsuid, null),
    private.contact_by_phone(fact.workspace_id, fact.wa_id));
end
$$;
comment on function private.fact_contact(private.whatsapp_fact) is
  'Whom a fact is about: of those taken out of the phone book the number may be known as another spelling, or as the phone alone. Null: no contact.';

create function private.store_whatsapp_facts(facts private.whatsapp_fact[]) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  consents jsonb;
  named record;
begin
  consents := (
    select jsonb_agg(jsonb_build_object('workspace_id', f.workspace_id,
      'contact_id', private.fact_contact(f), 'kind', 'marketing', 'granted', f.granted,
      'source', 'whatsapp_preference', 'detail', f.detail, 'happened_at', f.happened_at))
    from unnest(facts) f where f.kind = 'preference');
  if consents is not null then
    perform private.record_consents(consents);
  end if;
  select array_agg(t.contact_id) as contacts, array_agg(t.name) as names, array_agg(t.happened_at) as at into named
  from (
    select private.fact_contact(f) as contact_id, f.name, f.happened_at
    from unnest(facts) f where f.kind = 'phonebook') as t;
  perform private.name_by_phonebook(named.contacts, named.names, named.at);
  perform private.suppress_phonebook_names(array(
    select f from unnest(facts) f where f.kind = 'phonebook' and not f.granted and private.fact_contact(f) is null));
end
$$;
comment on function private.store_whatsapp_facts(private.whatsapp_fact[]) is
  'Consents and phone book names of contacts, which are locked, by the events'' own times. That somebody who is no contact was taken out of the phone book is kept for what is heard of them later.';

create function private.give_account_events(accounts text[]) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
begin
  update public.whatsapp_events e set workspace_id = o.workspace_id
  from (
    select k.id, coalesce(
      (select w.workspace_id from public.whatsapp_numbers w
        where w.waba_id = k.waba_id and private.digits(w.display_phone_number) = private.digits(k.payload ->> 'display_phone_number')
        order by w.phone_number_id limit 1),
      k.workspace_id,
      (select w.workspace_id from public.whatsapp_numbers w where w.waba_id = k.waba_id order by w.phone_number_id limit 1)) as workspace_id
    from public.whatsapp_events k
    where k.waba_id = any (accounts) and k.phone_number_id is null
      and (k.workspace_id is null or k.payload ->> 'display_phone_number' is not null)
  ) as o
  where e.id = o.id and e.workspace_id is distinct from o.workspace_id;
end
$$;
comment on function private.give_account_events(text[]) is
  'What is said about accounts and no number''s id: to the workspace of the number that it shows; else to whose it is, or whoever has a number of the account.';

create function private.upgrade_throughput(changes private.whatsapp_change[], adopted text[]) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  quality constant text := 'phone_number_quality_update';
begin
  -- Meta lets a number send faster, once it has earned that.
  update public.whatsapp_numbers w set messages_per_second = 1000
  from (
    select c.waba_id, c.value as told from unnest(changes) c where c.field = quality
    union all
    -- What came before it was known whose number that is.
    select e.waba_id, e.payload from public.whatsapp_events e
    where e.waba_id in (select a.waba_id from public.whatsapp_numbers a where a.phone_number_id = any (adopted))
      and e.phone_number_id is null and e.field = quality
  ) as t
  where t.told ->> 'event' = 'THROUGHPUT_UPGRADE' and w.waba_id = t.waba_id
    and private.digits(w.display_phone_number) = private.digits(t.told ->> 'display_phone_number');
end
$$;
comment on function private.upgrade_throughput(private.whatsapp_change[], text[]) is
  'Numbers may send as fast as the changes say, and what was said before about the accounts of those that have just been adopted.';

create function private.store_accounts(changes private.whatsapp_change[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  accounts text[] := array(
    select distinct c.waba_id from unnest(changes) c
    where c.shows_account or c.value ->> 'display_phone_number' is not null or c.workspace_id is null and c.phone_number_id is null);
  adopted text[];
begin
  if cardinality(accounts) = 0 then
    return;
  end if;
  -- Of an event about an account and the first that shows a number of it the second sees the first.
  perform pg_advisory_xact_lock(hashtext('waba'), bucket)
  from (select distinct hashtext(a) as bucket from unnest(accounts) a where a is not null order by 1) as buckets;
  -- Whose account a number is of is taken from what Meta signs, never from who registers it: what is
  -- said about the account goes to whoever has a number of it.
  with adopted as (
    update public.whatsapp_numbers w set waba_id = c.waba_id
    from unnest(changes) c
    where c.shows_account and w.phone_number_id = c.phone_number_id and w.waba_id is null
    returning w.phone_number_id
  )
  select coalesce(array_agg(a.phone_number_id), '{}') into adopted from adopted a;
  perform private.give_account_events(accounts);
  perform private.upgrade_throughput(changes, adopted);
end
$$;
comment on function private.store_accounts(private.whatsapp_change[]) is
  'Which accounts numbers are of, whose the accounts'' events are and what they allow, whatever came first. After the events of the changes were stored.';

create function private.store_number_updates(changes private.whatsapp_change[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.store_accounts(changes);
  update public.whatsapp_numbers w
  set history_phase = s.phase, history_progress = s.progress
  from (
    select distinct on (c.phone_number_id) c.phone_number_id, (m ->> 'phase')::smallint as phase, (m ->> 'progress')::smallint as progress
    from unnest(changes) c
    cross join jsonb_array_elements(private.json_list(c.value -> 'history')) as chunk
    cross join lateral (select chunk -> 'metadata' as m) as metadata
    where c.field = 'history' and m ->> 'phase' ~ '^[0-9]$' and m ->> 'progress' ~ '^[0-9]{1,3}$'
    order by 1, 2 desc, 3 desc
  ) as s
  where w.phone_number_id = s.phone_number_id
    and (s.phase, s.progress) > (coalesce(w.history_phase, -1), coalesce(w.history_progress, -1));
end
$$;
comment on function private.store_number_updates(private.whatsapp_change[]) is
  'What updates tell about numbers: the account, how far the chat history has come, how fast the number may send.';

create function private.store_whatsapp_events(changes private.whatsapp_change[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  known text[] := '{messages,smb_message_echoes,history,smb_app_state_sync,calls,user_preferences,user_id_update}';
  stored int;
begin
  with items as (
    select c.*, item, case when list = 'statuses' then 'status:' || coalesce(item ->> 'status', 'unknown')
      else coalesce(item ->> 'type', item ->> 'event') end as type
    from unnest(changes) c
    cross join unnest('{messages,statuses,message_echoes,history,state_sync,calls,user_preferences,user_id_update}'::text[]) as list
    cross join jsonb_array_elements(private.json_list(c.value -> list)) as item
    -- Without its number nothing could be told from its duplicate, so nothing is stored elsewhere.
    where c.field = any (known) and (c.phone_number_id is null or not private.is_stored_elsewhere(c.field, list, item))
    union all
    select c.*, item, item ->> 'type'
    from unnest(changes) c
    cross join jsonb_array_elements(private.json_list(c.value -> 'history')) as chunk
    cross join jsonb_array_elements(private.json_list(chunk -> 'threads')) as thread
    cross join jsonb_array_elements(private.json_list(thread -> 'messages')) as item
    where c.field = 'history' and (item ->> 'type' = 'system' or item ->> 'id' is null or char_length(item ->> 'id') not between 1 and 512
      or not private.is_message_or_change(item)
      or coalesce(private.wa_id(thread #> '{context,wa_id}'), private.wa_id(thread -> 'id'),
        private.whatsapp_user_id(thread #> '{context,user_id}')) is null)
    union all
    select c.*, rest, case when c.field = any (known) then 'other' end
    from unnest(changes) c
    cross join lateral (
      select case when jsonb_typeof(c.value) = 'object' and c.field = any (known) then
        c.value - '{messages,statuses,message_echoes,history,state_sync,calls,user_preferences,user_id_update,contacts,metadata,messaging_product}'::text[]
        else c.value end as rest) as r
    where rest is distinct from '{}'
  )
  insert into public.whatsapp_events
    (workspace_id, waba_id, phone_number_id, field, type, payload, dedupe_key, occurred_at)
  select workspace_id, waba_id, phone_number_id, left(field, 200), left(type, 200), coalesce(item, 'null'),
    -- An account may be restricted twice for the same reason: only the time tells the one from the other.
    sha256(convert_to(concat_ws(E'\n', waba_id, phone_number_id, field, type, item::text,
      case when not field = any (known) then entry_time::text end), 'UTF8')),
    coalesce(case when jsonb_typeof(item) = 'object' then private.whatsapp_time(item -> 'timestamp') end,
      private.whatsapp_time(entry_time))
  from items
  order by 7
  on conflict (dedupe_key) do nothing;
  get diagnostics stored = row_count;
  return stored;
end
$$;
comment on function private.store_whatsapp_events(private.whatsapp_change[]) is
  'Keeps what is neither message nor status, known or not, each once; returns how many were new.';
