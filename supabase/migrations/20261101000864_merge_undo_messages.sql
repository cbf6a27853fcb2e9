-- What was said to and by the duplicate while it was one with the primary.

create function private.ids_of_duplicate(m public.contact_merges) returns text[]
language plpgsql stable
set search_path = ''
as $$
begin
  return array(
    select i.external_id from public.contact_identities i where i.contact_id = m.duplicate_id
    union
    select c.whatsapp_contact_id from public.contacts c where c.id = m.duplicate_id and c.whatsapp_contact_id is not null);
end
$$;
comment on function private.ids_of_duplicate(public.contact_merges) is
  'What WhatsApp calls the duplicate, once its ids are its own again.';

create function private.messages_of_duplicate(m public.contact_merges) returns setof public.messages
language plpgsql stable
set search_path = ''
as $$
declare
  -- Asked once, and not for every message.
  ids constant text[] := private.ids_of_duplicate(m);
begin
  return query
  select g.* from public.messages g
  where g.contact_id = m.primary_id and g.id > m.id and uuid_extract_version(g.id) = 7
    and g.contact_external_id = any (ids)
    -- Who is written to is looked up in the conversation once more.
    and g.status not in ('queued', 'sending');
end
$$;
comment on function private.messages_of_duplicate(public.contact_merges) is
  'What has come since a merge, and was written by one of the duplicate''s ids or to it.';

create function private.return_threads(m public.contact_merges) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.conversations v set contact_id = m.duplicate_id
  where v.contact_id = m.primary_id and v.id > m.id and uuid_extract_version(v.id) = 7
    and exists (select from private.messages_of_duplicate(m) g where g.conversation_id = v.id)
    and not exists (
      select from public.messages g where g.conversation_id = v.id and g.id not in (select o.id from private.messages_of_duplicate(m) o))
    and not exists (select from public.conversations o where o.contact_id = m.duplicate_id and o.channel = v.channel);
end
$$;
comment on function private.return_threads(public.contact_merges) is
  'A conversation that began since, and in which nobody but the duplicate was heard or written to, is the duplicate''s.';

create function private.recount_thread(conversation uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.conversations v
  set message_count = (select count(*) from public.messages g where g.conversation_id = v.id),
    last_message_at = (select max(g.sent_at) from public.messages g where g.conversation_id = v.id),
    unread_count = private.count_unread(v.id, v.read_until),
    (last_inbound_at, phone_number_id) = (
      select h.at, h.number
      from (
        select g.sent_at as at, g.phone_number_id as number from public.messages g
        where g.conversation_id = v.id and g.direction = 'inbound' and not g.from_history
        union all
        select greatest(k.started_at, k.accepted_at, k.ended_at), k.phone_number_id from public.calls k
        where k.conversation_id = v.id and k.direction = 'inbound'
      ) as h
      order by h.at desc, h.number desc limit 1)
  where v.id = recount_thread.conversation;
end
$$;
comment on function private.recount_thread(uuid) is
  'Counters, last message and window of a conversation, made of the messages and calls that are in it.';

create function private.return_messages(m public.contact_merges) returns void
language plpgsql
set search_path = ''
as $$
declare
  returning_ public.messages[] := array(select g from private.messages_of_duplicate(m) g);
  ids uuid[] := array(select g.id from unnest(returning_) g);
  left_ uuid;
begin
  if cardinality(ids) = 0 then
    return;
  end if;
  insert into public.conversations (workspace_id, contact_id, channel)
  select distinct m.workspace_id, m.duplicate_id, g.channel from unnest(returning_) g order by g.channel
  on conflict (contact_id, channel) do nothing;
  update public.messages g set contact_id = v.contact_id, conversation_id = v.id
  from public.conversations v
  where g.id = any (ids) and v.contact_id = m.duplicate_id and v.channel = g.channel;
  update public.message_changes e set contact_id = m.duplicate_id
  from unnest(returning_) g
  where e.target_wa_message_id = g.wa_message_id and e.phone_number_id = g.phone_number_id and e.contact_id = m.primary_id;
  update public.contact_activity a set message_count = a.message_count - cardinality(ids) where a.contact_id = m.primary_id;
  for left_ in select distinct g.conversation_id from unnest(returning_) g order by 1 loop
    perform private.recount_thread(left_);
  end loop;
  -- The duplicate hears of them as of news: they reopen its conversation, for instance.
  perform private.apply_message_sums(private.sum_messages(ids), true);
end
$$;
comment on function private.return_messages(public.contact_merges) is
  'What the duplicate has written since, and what was written to it, goes back into its own conversations.';
