-- Messages and calls of the duplicate while it was one with the primary.

create function private.whatsapp_ids(contact uuid) returns text[]
language plpgsql stable
set search_path = ''
as $$
begin
  return array(
    select s.id
    from (
      select i.channel, i.external_id from public.contact_identities i where i.contact_id = contact
      union
      select 'whatsapp', c.whatsapp_contact_id from public.contacts c where c.id = contact and c.whatsapp_contact_id is not null
    ) as known
    cross join lateral private.id_spellings(known.channel, known.external_id) as s (id));
end
$$;
comment on function private.whatsapp_ids(uuid) is 'What WhatsApp may call a contact, in all spellings.';

create function private.owned_messages(owner uuid, holder uuid, since uuid) returns setof public.messages
language plpgsql stable
set search_path = ''
as $$
declare
  -- Asked once, and not for every message.
  ids constant text[] := private.whatsapp_ids(owner);
begin
  return query
  select g.* from public.messages g
  where g.contact_id = holder and g.id > since and uuid_extract_version(g.id) = 7 and g.contact_external_id = any (ids)
    -- Who is written to is looked up in the conversation once more.
    and g.status not in ('queued', 'sending');
end
$$;
comment on function private.owned_messages(uuid, uuid, uuid) is
  'Messages with greater ids than since that were written by one of the owner''s ids or to it, and that the holder has.';

create function private.owned_calls(owner uuid, holder uuid, since uuid) returns setof public.calls
language plpgsql stable
set search_path = ''
as $$
declare
  ids constant text[] := private.whatsapp_ids(owner);
begin
  return query
  select k.* from public.calls k
  where k.contact_id = holder and k.id > since and uuid_extract_version(k.id) = 7 and k.contact_external_id = any (ids);
end
$$;
comment on function private.owned_calls(uuid, uuid, uuid) is 'The same of calls.';

create function private.return_threads(m public.contact_merges) returns void
language plpgsql
set search_path = ''
as $$
declare
  messages uuid[] := array(select g.id from private.owned_messages(m.duplicate_id, m.primary_id, m.id) g);
  calls uuid[] := array(select k.id from private.owned_calls(m.duplicate_id, m.primary_id, m.id) k);
begin
  update public.conversations v set contact_id = m.duplicate_id
  where v.contact_id = m.primary_id and v.id > m.id and uuid_extract_version(v.id) = 7
    and (select count(*) > 0 and bool_and(s.is_theirs)
      from (
        select g.id = any (messages) from public.messages g where g.conversation_id = v.id
        union all
        select k.id = any (calls) from public.calls k where k.conversation_id = v.id
      ) as s (is_theirs))
    and not exists (select from public.conversations o where o.contact_id = m.duplicate_id and o.channel = v.channel);
end
$$;
comment on function private.return_threads(public.contact_merges) is
  'A conversation that began since, and that nobody but the duplicate had a part in, is the duplicate''s.';

create function private.open_threads(contact uuid, channels text[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into public.conversations (workspace_id, contact_id, channel)
  select distinct c.workspace_id, c.id, t.channel from public.contacts c, unnest(open_threads.channels) as t (channel)
  where c.id = contact order by t.channel
  on conflict (contact_id, channel) do nothing;
end
$$;
comment on function private.open_threads(uuid, text[]) is 'The conversations that a contact needs and does not have.';

create function private.return_messages(owner uuid, holder uuid, since uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  returning_ public.messages[] := array(select g from private.owned_messages(owner, holder, since) g);
  ids uuid[] := array(select g.id from unnest(returning_) g);
  left_ uuid;
begin
  if cardinality(ids) = 0 then
    return;
  end if;
  perform private.open_threads(owner, array(select g.channel from unnest(returning_) g));
  update public.messages g set contact_id = v.contact_id, conversation_id = v.id
  from public.conversations v
  where g.id = any (ids) and v.contact_id = owner and v.channel = g.channel;
  update public.message_changes e set contact_id = owner
  from unnest(returning_) g
  where e.target_wa_message_id = g.wa_message_id and e.phone_number_id = g.phone_number_id and e.contact_id = holder;
  update public.contact_activity a set message_count = a.message_count - cardinality(ids) where a.contact_id = holder;
  for left_ in select distinct g.conversation_id from unnest(returning_) g order by 1 loop
    perform private.recount_thread(left_);
  end loop;
  -- The owner hears of them as of news: they reopen a conversation, for instance.
  perform private.apply_message_sums(private.sum_messages(ids), true);
end
$$;
comment on function private.return_messages(uuid, uuid, uuid) is 'private.owned_messages go into the owner''s own conversations.';

create function private.return_calls(owner uuid, holder uuid, since uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  returning_ public.calls[] := array(select k from private.owned_calls(owner, holder, since) k);
  ids uuid[] := array(select k.id from unnest(returning_) k);
  concerned uuid;
begin
  if cardinality(ids) = 0 then
    return;
  end if;
  perform private.open_threads(owner, array(select k.channel from unnest(returning_) k));
  update public.calls k set contact_id = v.contact_id, conversation_id = v.id
  from public.conversations v
  where k.id = any (ids) and v.contact_id = owner and v.channel = k.channel;
  update public.contacts c set call_count = c.call_count + case c.id when owner then 1 else -1 end * cardinality(ids)
  where c.id in (owner, holder);
  for concerned in
    select k.conversation_id from unnest(returning_) k where k.conversation_id is not null
    union
    select k.conversation_id from public.calls k where k.id = any (ids)
    order by 1
  loop
    perform private.recount_thread(concerned);
  end loop;
end
$$;
comment on function private.return_calls(uuid, uuid, uuid) is 'private.owned_calls go to their owner.';
