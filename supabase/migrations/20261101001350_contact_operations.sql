-- The API's operations on one contact.

create function private.contact_answer(status int, contact uuid) returns private.answer
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select row(contact_answer.status, private.data(row_to_json(r)),
      jsonb_build_object('ETag', private.etag(c.version)))::private.answer
    from private.contact_records r join public.contacts c using (id)
    where r.id = contact
  );
end
$$;
comment on function private.contact_answer(int, uuid) is 'A contact as an answer, with its ETag.';

create function private.require_contact(args jsonb, scopes text[]) returns uuid
language plpgsql stable
-- Definer: an operation of another room (handoff, notes) may find a contact that its scope cannot read.
security definer set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace(variadic scopes);
  contact uuid;
begin
  if args ? 'contact_id' then
    contact := private.current_contact(workspace, (args ->> 'contact_id')::uuid);
  else
    contact := private.contact_by_phone(workspace, private.digits(args ->> 'phone'));
  end if;
  if contact is null then
    perform private.refuse(404, 'contact_not_found', 'There is no such contact.');
  end if;
  return contact;
end
$$;
comment on function private.require_contact(jsonb, text[]) is
  '{ contact_id } or { phone } → the id of the contact in the caller''s workspace; 404 contact_not_found.';

create function private.lock_contact(args jsonb, scopes text[]) returns uuid
language plpgsql
-- Definer: as private.require_contact; to lock is not to change.
security definer set search_path = ''
as $$
declare
  contact uuid;
begin
  loop
    contact := private.require_contact(args, scopes);
    perform from public.contacts c where c.id = contact for no key update;
    -- Merged while we waited for it: then it is the one that it went up in; deleted: 404.
    exit when found;
  end loop;
  return contact;
end
$$;
comment on function private.lock_contact(jsonb, text[]) is
  'As private.require_contact, and locked: for what changes the contact after it has written a row that refers to it, which would wait for a merge that waits for that row.';

create function api.get_contact(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  contact uuid := private.require_contact(args, array['contacts:read']);
begin
  return (
    select row(200, private.data(row_to_json(detail)), jsonb_build_object('ETag', private.etag(c.version)))::private.answer
    from public.contacts c
    cross join lateral (
      select r.*,
        (select row_to_json(v) from private.conversation_records v
          where v.id = (
            select o.id from public.conversations o
            where o.contact_id = c.id and o.status = 'active'
            order by coalesce(o.last_message_at, o.created_at) desc limit 1)) as conversation,
        (select coalesce(json_agg(row_to_json(n) order by n.created_at desc, n.id desc), '[]')
          from (
            select * from private.note_records n where n.entity_type = 'lead' and n.entity_id = c.id
            order by n.created_at desc, n.id desc limit 10) as n) as latest_notes,
        (select coalesce(json_agg(json_build_object(
              'channel', i.channel, 'external_id', i.external_id, 'created_at', i.created_at) order by i.created_at, i.id), '[]')
          from public.contact_identities i where i.contact_id = c.id) as identities,
        (select json_build_object('sentiment', private.sentiment_level(a.last_sentiment_score),
            'sentiment_score', trim_scale(a.last_sentiment_score), 'sent_at', a.last_sentiment_at)
          from public.contact_activity a where a.contact_id = c.id and a.last_sentiment_at is not null) as latest_sentiment
      from private.contact_records r where r.id = c.id
    ) as detail
    where c.id = contact
  );
end
$$;
comment on function api.get_contact(jsonb) is
  '{ contact_id } or { phone } → the contact with its open conversation, ten latest notes, identities and latest mood. 404 contact_not_found.';

create function private.neutral_contact() returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  return '{"status": "new", "sale_status": "none", "stage": null, "source": "manual", "tags": [], "custom": {},
    "channels": [], "is_vip": false, "is_mystery_shopper": false, "is_contractor": false, "opted_out": false,
    "do_not_call": false}';
end
$$;
comment on function private.neutral_contact() is
  'How the fields begin that must have a value, and what null clears them to; a stage of null is the workspace''s first.';

create function private.given_contact(given jsonb, current public.contacts) returns public.contacts
language plpgsql stable
set search_path = ''
as $$
begin
  return jsonb_populate_record(current, given || (
    select coalesce(jsonb_object_agg(n.key, n.value), '{}')
    from jsonb_each(private.neutral_contact()) n where given -> n.key = 'null'));
end
$$;
comment on function private.given_contact(jsonb, public.contacts) is
  'The contact with the given fields (a JSON object of those that were given) written over it; null clears.';

create function private.write_contact(current public.contacts, given jsonb) returns void
language plpgsql
set search_path = ''
as $$
declare
  c public.contacts;
begin
  if given ? 'tags' then
    -- A flag given beside the tags is meant: without this, the tags' list would decide alone.
    given := given || jsonb_build_object('tags', (
      select private.consent_tags(list, coalesce((given ->> 'opted_out')::boolean, 'opt-out' = any (list)),
        coalesce((given ->> 'do_not_call')::boolean, 'Do Not Call' = any (list)))
      from private.clean_tags(array(select jsonb_array_elements_text(private.json_list(given -> 'tags')))) as list));
  end if;
  c := private.given_contact(given, current);
  update public.contacts t
  set name = c.name, phone = c.phone, email = c.email, company = c.company, source = c.source, channels = c.channels,
    status = c.status, sale_status = c.sale_status, stage = c.stage, value = c.value, tags = c.tags, notes = c.notes,
    custom = c.custom, assigned_to = c.assigned_to, is_vip = c.is_vip, is_mystery_shopper = c.is_mystery_shopper,
    is_contractor = c.is_contractor, opted_out = c.opted_out, do_not_call = c.do_not_call, avatar_url = c.avatar_url,
    country = c.country
  where t.id = current.id;
end
$$;
comment on function private.write_contact(public.contacts, jsonb) is 'Writes the given fields of a contact that the caller has locked.';

create function private.refuse_existing_contact(contact uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.refuse(409, 'contact_exists', 'A contact with this phone number exists already.',
    jsonb_build_object('contact_id', contact));
end
$$;
comment on function private.refuse_existing_contact(uuid) is 'Raises 409 contact_exists with the contact''s id.';

create function private.without_nulls(given jsonb) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  return (select coalesce(jsonb_object_agg(f.key, f.value), '{}') from jsonb_each(given) f where f.value <> 'null');
end
$$;
comment on function private.without_nulls(jsonb) is
  'A new contact''s fields, of which null is as good as left out. What is null within a field stays.';

create function private.insert_contacts(workspace uuid, given jsonb) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  actor private.actor := private.current_actor();
  beginning jsonb := private.neutral_contact()
    || jsonb_build_object('source', case actor.type when 'api_key' then 'api' else 'manual' end);
  ids uuid[];
begin
  with asked as materialized (
    select g.n, c.*, row_number() over (partition by c.phone order by g.n) = 1 as is_first
    from jsonb_array_elements(given) with ordinality as g (contact, n)
    cross join lateral private.given_contact(beginning || private.without_nulls(g.contact), null) as c
    where private.contact_by_phone(workspace, private.digits(g.contact ->> 'phone')) is null
  ), made as (
    insert into public.contacts (workspace_id, name, phone, email, company, source, channels, status, sale_status,
      stage, value, tags, notes, custom, assigned_to, is_vip, is_mystery_shopper, is_contractor, opted_out,
      do_not_call, avatar_url, country)
    select workspace, name, phone, email, company, source, channels, status, sale_status, stage, value, tags, notes,
      custom, assigned_to, is_vip, is_mystery_shopper, is_contractor, opted_out, do_not_call, avatar_url, country
    from asked where is_first
    -- Concurrent callers wait for each other in one order.
    order by private.phone_key(private.digits(phone)), n
    on conflict on constraint contacts_phone_key do nothing
    returning id, phone
  )
  select array_agg(m.id order by g.n) into ids
  from jsonb_array_elements(given) with ordinality as g (contact, n)
  left join asked a on a.n = g.n and a.is_first
  left join made m on m.phone is not distinct from a.phone and a.n is not null;
  return ids;
end
$$;
comment on function private.insert_contacts(uuid, jsonb) is
  'Makes contacts of [{ phone (E.164), … }, …]; returns their ids in that order, null where the number is a contact''s already, or one''s before it in the list.';

create function private.created_answers(contacts uuid[]) returns private.answer[]
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  return (
    select array_agg(case when c.id is not null then
        row(201, private.data(row_to_json(r)), jsonb_build_object(
          'ETag', private.etag(c.version), 'Location', '/functions/v1/get-contact?contact_id=' || c.id))::private.answer
      end order by i.n)
    from unnest(contacts) with ordinality as i (id, n)
    -- Each by its key: joined while the tables have a page, all their rows are gone through ever after.
    left join lateral (select k.id, k.version from public.contacts k where k.id = i.id offset 0) as c on true
    left join lateral (select v.* from private.contact_records v where v.id = i.id offset 0) as r on true);
end
$$;
comment on function private.created_answers(uuid[]) is
  'New contacts as answers, with their ETags and where they are, in the order of the ids; null for null.';

create function api.create_contact(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('contacts:write');
  given jsonb := args -> 'contact';
  created uuid := (private.insert_contacts(workspace, jsonb_build_array(given)))[1];
  existing uuid;
  c public.contacts;
begin
  if created is not null then
    return (private.created_answers(array[created]))[1];
  end if;
  existing := private.contact_by_phone(workspace, private.digits(given ->> 'phone'));
  if args ->> 'on_conflict' is distinct from 'update' and existing is not null then
    perform private.refuse_existing_contact(existing);
  end if;
  select * into c from public.contacts t where t.id = existing for no key update;
  -- The number that is stored stays as it is: the one given may be a variant of it.
  perform private.write_contact(c, private.without_nulls(given) - array['phone', 'country']);
  -- None if it was merged or deleted while we waited for it: the call is made again.
  return private.contact_answer(200, c.id);
end
$$;
comment on function api.create_contact(jsonb) is
  '{ contact: { phone (E.164), … }, on_conflict? } → 201 the new contact, or 200 with on_conflict update. 409 contact_exists with contact_id.';

create function api.create_contacts(args jsonb) returns private.answer
language plpgsql
-- Somebody else may be at one of the numbers; the others do not wait for long.
set search_path = '' set lock_timeout = '2s'
as $$
declare
  -- A statement of its own: the next one sees what it made.
  ids uuid[] := private.insert_contacts(private.current_workspace('contacts:write'), args -> 'items');
begin
  return row(200, array_to_json(private.created_answers(ids))::text, null)::private.answer;
end
$$;
comment on function api.create_contacts(jsonb) is
  '{ items: [{ phone (E.164), … }, …] } of callers who asked at the same time → [{ status, body, headers }, …] as api.create_contact answers each; null for who exists already. 55P03: one of them has to wait for somebody else.';

create function api.update_contact(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  contact uuid := private.lock_contact(args, array['contacts:write']);
  given jsonb := args -> 'set';
  c public.contacts := (select t from public.contacts t where t.id = contact);
  tags text[];
  taken uuid;
begin
  if not private.matches_etag(args ->> 'if_match', private.etag(c.version)) then
    perform private.refuse(412, 'precondition_failed', 'The contact has changed since it was read.',
      jsonb_build_object('etag', private.etag(c.version)));
  end if;
  if args ? 'add_tags' or args ? 'remove_tags' then
    tags := case when given ? 'tags' then array(select jsonb_array_elements_text(private.json_list(given -> 'tags'))) else c.tags end
      || array(select jsonb_array_elements_text(private.json_list(args -> 'add_tags')));
    tags := array(
      select t from unnest(private.clean_tags(tags)) t
      where not t = any (private.clean_tags(array(select jsonb_array_elements_text(private.json_list(args -> 'remove_tags'))))));
    if cardinality(private.consent_tags(tags, false, false)) > 100 then
      perform private.refuse_field('/add_tags', 'too_many', 'A contact can have 100 tags at most.');
    end if;
    given := given || jsonb_build_object('tags', tags);
  end if;
  if given ->> 'phone' is not null then
    taken := private.contact_by_phone(c.workspace_id, private.digits(given ->> 'phone'));
    if taken <> contact then
      perform private.refuse_existing_contact(taken);
    end if;
  elsif given ? 'phone' then
    given := given || '{"country": null}';
  end if;
  perform private.write_contact(c, given);
  return private.contact_answer(200, contact);
exception when unique_violation then
  perform private.refuse_existing_contact(private.contact_by_phone(c.workspace_id, private.digits(given ->> 'phone')));
end
$$;
comment on function api.update_contact(jsonb) is
  '{ contact_id, set, add_tags?, remove_tags?, if_match? } → the contact. 404 contact_not_found, 409 contact_exists, 412 precondition_failed.';

create function private.matches_etag(if_match text, etag text) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return if_match is null or btrim(if_match) = '*'
    or etag = any (select btrim(tag) from regexp_split_to_table(if_match, ',') as tag);
end
$$;
comment on function private.matches_etag(text, text) is 'RFC 9110 If-Match: no header, *, or a list with the (strong) tag.';
