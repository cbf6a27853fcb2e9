-- Two contacts that are one person become one.

-- Conversations ---------------------------------------------------------------------------------

create function private.merge_conversation(merge uuid, kept uuid, other uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  k public.conversations := (select v from public.conversations v where v.id = kept);
  o public.conversations := (select v from public.conversations v where v.id = other);
begin
  -- Whom the messages are with changes in the same writing of them.
  perform private.move_rows(merge, 'public.messages', jsonb_build_object(
    'conversation_id', jsonb_build_array(other, kept), 'contact_id', jsonb_build_array(o.contact_id, k.contact_id)));
  perform private.move_references(merge, 'public.conversations', other, kept);
  delete from public.conversations where id = other;
  insert into private.merged_conversations (conversation_id, merged_into, merge_id) values (other, kept, merge);
  update public.conversations v
  set message_count = k.message_count + o.message_count,
    last_message_at = greatest(k.last_message_at, o.last_message_at),
    phone_number_id = case
      when k.last_inbound_at = o.last_inbound_at then greatest(k.phone_number_id, o.phone_number_id)
      when coalesce(k.last_inbound_at, '-infinity') > coalesce(o.last_inbound_at, '-infinity') then k.phone_number_id
      else o.phone_number_id end,
    last_inbound_at = greatest(k.last_inbound_at, o.last_inbound_at),
    read_until = greatest(k.read_until, o.read_until),
    escalated_at = greatest(k.escalated_at, o.escalated_at),
    unread_count = private.count_unread(kept, greatest(k.read_until, o.read_until)),
    created_at = least(k.created_at, o.created_at),
    assigned_to = coalesce(k.assigned_to, o.assigned_to),
    -- Open if either is, with a person if either is: the bot does not talk over anybody.
    control_epoch = greatest(k.control_epoch, o.control_epoch),
    status = least(k.status, o.status),
    phase = case when 'live' in (k.phase, o.phase) then 'live' when 'waiting' in (k.phase, o.phase) then 'waiting'
      when 'automated' in (k.phase, o.phase) then 'automated' else 'resolved' end::public.conversation_phase,
    resolved_at = case when least(k.status, o.status) = 'resolved' then greatest(k.resolved_at, o.resolved_at) end,
    ai_enabled = k.ai_enabled and o.ai_enabled,
    bot_status = greatest(k.bot_status, o.bot_status)
  where v.id = kept;
  perform private.merge_sessions(kept);
end
$$;
comment on function private.merge_conversation(uuid, uuid, uuid) is
  'The second conversation goes up in the first, whose contact its messages are of from now on; both are locked.';

create function private.merge_conversations(merge uuid, kept uuid, other uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  thread record;
begin
  -- Nobody may store a message in one that goes while its messages are moved.
  perform from public.conversations v where v.contact_id in (kept, other) order by v.id for update;
  for thread in
    select a.id as kept_id, b.id as other_id
    from public.conversations a join public.conversations b using (channel)
    where a.contact_id = kept and b.contact_id = other order by b.id
  loop
    perform private.merge_conversation(merge, thread.kept_id, thread.other_id);
  end loop;
end
$$;
comment on function private.merge_conversations(uuid, uuid, uuid) is
  'Where both contacts have a conversation on a channel, the second''s goes up in the first''s.';

create function private.lock_contacts(contact_ids uuid[]) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  locked int;
begin
  perform from public.contacts c where c.id = any (contact_ids) order by c.id for update;
  -- Of those locked, not of those there: one may have come back while we waited for another.
  get diagnostics locked = row_count;
  if locked < cardinality(contact_ids) then
    raise sqlstate 'LB002';
  end if;
  return true;
exception when sqlstate 'LB002' then
  return false;
end
$$;
comment on function private.lock_contacts(uuid[]) is
  'Locks contacts in the order of their ids; false, with none locked, if one of them is not there any more.';

-- Contacts --------------------------------------------------------------------------------------

create function private.merge_contact(kept uuid, other uuid) returns uuid
language plpgsql
-- Times in what is recorded have to read the same whoever undoes it.
set search_path = '' set timezone = 'UTC'
as $$
declare
  k public.contacts;
  o public.contacts;
  before private.merge_image[];
  merge uuid;
  actor private.actor := private.current_actor();
begin
  perform private.merging(true);
  perform from public.contacts c where c.id in (kept, other) order by c.id for update;
  select * into k from public.contacts c where c.id = kept;
  select * into o from public.contacts c where c.id = other;
  perform from public.contact_activity a where a.contact_id in (kept, other) order by a.contact_id for update;
  before := private.merge_state(array[kept, other]);
  insert into public.contact_merges (workspace_id, primary_id, duplicate_id, actor_type, actor_id, duplicate)
  values (k.workspace_id, kept, other, actor.type, actor.id,
    (select to_jsonb(a) - 'contact_id' from public.contact_activity a where a.contact_id = other)
      || to_jsonb(o) - '{search_text,phone_key}'::text[])
  returning id into merge;
  perform private.unite_contact_activity(kept, other);
  perform private.merge_conversations(merge, kept, other);
  perform private.move_consents(other, kept);
  perform private.move_references(merge, 'public.contacts', other, kept);
  -- Of two reactions of what is now one person only the later counts.
  perform private.show_reactions_of(kept);
  delete from public.contacts where id = other;
  perform private.unite_contact_fields(k, o);
  perform private.settle_conversations(kept);
  perform private.recount_inbound(array[kept]);
  perform private.join_rescoring(array[kept]);
  insert into public.activity_log (workspace_id, actor_type, actor_id, action, entity_type, entity_id, changes)
  values (k.workspace_id, actor.type, actor.id, 'contact.merged', 'contact', kept, jsonb_build_object('duplicate_id', other));
  perform private.record_merge_rows(merge, kept, other, before), private.merging(false);
  return merge;
end
$$;
comment on function private.merge_contact(uuid, uuid) is
  'The second contact goes up in the first, with everything that refers to it; returns the merge''s id. Of the fields the first''s count, empty ones are filled from the second.';

create function private.show_reactions_of(contact uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.show_message_changes(array(
    select distinct h.target_wa_message_id from public.message_changes h
    where h.contact_id = contact and h.kind = 'reaction'));
end
$$;
comment on function private.show_reactions_of(uuid) is 'Messages show a contact''s reactions as they are now told apart from others''.';

create function private.settle_conversations(contact uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.conversations v set assigned_to = c.assigned_to
  from public.contacts c
  where c.id = contact and v.contact_id = contact and v.assigned_to is distinct from c.assigned_to;
  -- What being a contractor's means for them, a trigger knows.
  update public.conversations v set phase = v.phase where v.contact_id = contact and v.phase = 'automated';
end
$$;
comment on function private.settle_conversations(uuid) is
  'Conversations that have come to a contact are its person''s, and no contractor''s is the bot''s.';

create function private.unite_contact_activity(kept uuid, other uuid) returns public.contact_activity
language plpgsql
set search_path = ''
as $$
declare
  o public.contact_activity;
begin
  perform from public.contact_activity a where a.contact_id in (kept, other) order by a.contact_id for update;
  -- Gone before references are moved: a contact has one row, so the other's cannot become its second.
  delete from public.contact_activity a where a.contact_id = other returning * into o;
  -- When to look at them again is found out anew.
  delete from private.due_contacts d where d.contact_id = other;
  update public.contact_activity k
  set message_count = k.message_count + o.message_count,
    last_contact_at = greatest(k.last_contact_at, o.last_contact_at),
    profile_name = case when private.is_later(o.profile_name_at, o.profile_name, k.profile_name_at, k.profile_name)
      then o.profile_name else k.profile_name end,
    profile_name_at = greatest(k.profile_name_at, o.profile_name_at),
    username = case when private.is_later(o.username_at, o.username, k.username_at, k.username)
      then o.username else k.username end,
    username_at = greatest(k.username_at, o.username_at),
    sentiment_sum = k.sentiment_sum + o.sentiment_sum,
    sentiment_count = k.sentiment_count + o.sentiment_count,
    last_sentiment_score = private.later_sentiment(
      k.last_sentiment_score, k.last_sentiment_at, o.last_sentiment_score, o.last_sentiment_at),
    last_sentiment_at = greatest(k.last_sentiment_at, o.last_sentiment_at),
    due_at = null
  where k.contact_id = kept;
  return o;
end
$$;
comment on function private.unite_contact_activity(uuid, uuid) is
  'What was said with the second contact counts as said with the first; the second''s row is removed and returned.';

create function private.united_tags(tags text[], further text[]) returns text[]
language plpgsql immutable
set search_path = ''
as $$
begin
  -- Cut where a contact's list ends: two people who are one must not stay two because of it.
  return (array(
    select t from unnest(private.clean_tags(tags || further)) with ordinality as u (t, n)
    where t not in ('opt-out', 'Do Not Call') order by n))[:100];
end
$$;
comment on function private.united_tags(text[], text[]) is
  'The tags of two contacts, the first''s first, without the consent tags; no more than a contact can have.';

create function private.united_custom(custom jsonb, further jsonb) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
declare
  both_of_them jsonb := further || custom;
begin
  return case when octet_length(both_of_them::text) <= 131072 then both_of_them else custom end;
end
$$;
comment on function private.united_custom(jsonb, jsonb) is
  'The custom fields of two contacts, the first''s going before; the first''s alone where both are more than a contact can have.';

create function private.unite_contact_fields(k public.contacts, o public.contacts) returns void
language plpgsql
set search_path = ''
as $$
declare
  latest_profile text := (select a.profile_name from public.contact_activity a where a.contact_id = k.id);
  -- A name taken out of the phone book compares as in private.store_whatsapp_facts.
  later_phonebook boolean := private.is_later(
    o.phonebook_name_at, coalesce(o.phonebook_name, '~'), k.phonebook_name_at, coalesce(k.phonebook_name, '~'));
begin
  update public.contacts c
  set name = case
      when k.name_source = 'person' then k.name
      when o.name_source = 'person' then o.name
      else c.name end,
    profile_name = coalesce(latest_profile, k.profile_name),
    phonebook_name = case when later_phonebook then o.phonebook_name else k.phonebook_name end,
    phonebook_name_at = greatest(k.phonebook_name_at, o.phonebook_name_at),
    phone = coalesce(k.phone, o.phone),
    -- The country is the phone's.
    country = case when k.phone is null then coalesce(o.country, k.country) else k.country end,
    email = coalesce(k.email, o.email),
    company = coalesce(k.company, o.company),
    notes = coalesce(k.notes, o.notes),
    -- What follows the deals of both does so already.
    value = case when k.value_source = 'deals' and o.value_source = 'person' then o.value else c.value end,
    avatar_url = coalesce(k.avatar_url, o.avatar_url),
    assigned_to = coalesce(k.assigned_to, o.assigned_to),
    sale_status = case when k.sale_status = 'none' then o.sale_status else k.sale_status end,
    custom = private.united_custom(k.custom, o.custom),
    tags = private.consent_tags(private.united_tags(k.tags, o.tags), c.opted_out, c.do_not_call),
    channels = (array(select distinct unnest(k.channels || o.channels) order by 1))[:20],
    is_vip = k.is_vip or o.is_vip,
    is_mystery_shopper = k.is_mystery_shopper or o.is_mystery_shopper,
    is_contractor = k.is_contractor or o.is_contractor,
    call_count = k.call_count + o.call_count,
    created_at = least(k.created_at, o.created_at),
    -- The other's id leads here now: no ETag that was read under it may hold.
    version = greatest(c.version, o.version + 1)
  where c.id = k.id;
end
$$;
comment on function private.unite_contact_fields(public.contacts, public.contacts) is
  'Writes to the first contact what it and the second (gone already) are together.';

create function private.merge_order(contact_ids uuid[]) returns uuid[]
language plpgsql stable
set search_path = ''
as $$
begin
  return array(
    select c.id from public.contacts c where c.id = any (contact_ids)
    -- Ids are made in the order of time; created_at moves with every merge.
    order by c.source = 'chat', c.name_source = 'profile', c.id);
end
$$;
comment on function private.merge_order(uuid[]) is
  'Contacts that are one person, first the one to keep: one that people have worked with, else the oldest.';

create function private.merge_contacts(contact_ids uuid[]) returns uuid
language plpgsql
set search_path = ''
as $$
declare
  ordered uuid[];
  other uuid;
begin
  -- Locked in one order whoever merges.
  perform from public.contacts c where c.id = any (contact_ids) order by c.id for update;
  perform from public.contact_activity a where a.contact_id = any (contact_ids) order by a.contact_id for update;
  ordered := private.merge_order(contact_ids);
  foreach other in array ordered[2:] loop
    perform private.merge_contact(ordered[1], other);
  end loop;
  return ordered[1];
end
$$;
comment on function private.merge_contacts(uuid[]) is
  'Contacts that WhatsApp says are one person → one, which is returned: of those that people have made, else of all, the first.';
