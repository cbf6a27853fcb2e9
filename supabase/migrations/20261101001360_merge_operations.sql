-- The API's operations on contacts that may be one person.

create function private.candidate_record(one uuid, other uuid, reasons jsonb) returns json
language plpgsql stable
set search_path = ''
as $$
declare
  ordered uuid[] := private.merge_order(array[one, other]);
begin
  return json_build_object('confidence', private.match_confidence(reasons), 'reasons', reasons,
    'primary', (select row_to_json(r) from private.contact_records r where r.id = ordered[1]),
    'duplicate', (select row_to_json(r) from private.contact_records r where r.id = ordered[2]));
end
$$;
comment on function private.candidate_record(uuid, uuid, jsonb) is
  'Two contacts that may be one as the API shows them; primary is the one that a merge would best keep.';

create function private.candidates_of(workspace uuid, contact uuid, args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  page_size int := coalesce((args ->> 'limit')::int, 50);
  query text := concat_ws(' ', 'merge_candidates', workspace, (args ->> 'contact_id')::uuid);
  after jsonb := private.decode_cursor(args ->> 'cursor', query);
  ids uuid[];
  keys int[];
  reasons jsonb[];
begin
  select array_agg(p.id), array_agg(p.confidence), array_agg(p.reasons) into ids, keys, reasons
  from (
    select f.id, f.reasons, c.confidence
    from (
      select m.id, private.match_reasons(contact, m.id) as reasons
      from unnest(private.matching_contacts(workspace, contact)) as m (id) offset 0) as f
    cross join lateral private.match_confidence(f.reasons) as c (confidence)
    where after is null or (-c.confidence, f.id) > (-(after ->> 0)::int, (after ->> 1)::uuid)
    order by c.confidence desc, f.id limit page_size + 1
  ) as p;
  return row(200, private.data_list((
      select json_agg(private.candidate_record(contact, ids[n], reasons[n]) order by n)::text
      from generate_subscripts(ids[:page_size], 1) n),
    case when cardinality(ids) > page_size then private.encode_cursor(query, keys[page_size]::text, ids[page_size]) end), null)::private.answer;
end
$$;
comment on function private.candidates_of(uuid, uuid, jsonb) is
  'A page of the contacts that may be the same person as one, likeliest first.';

create function private.walk_candidates(workspace uuid, along text, from_position text, after_other uuid, at_most int)
returns private.candidate_walk
language plpgsql stable
set search_path = ''
as $$
begin
  if along = 'email' then
    return private.walk_emails(workspace, from_position, after_other, at_most);
  end if;
  return private.walk_numbers(workspace, along, from_position, after_other, at_most);
end
$$;
comment on function private.walk_candidates(uuid, text, text, uuid, int) is 'private.walk_numbers or private.walk_emails.';

create function private.candidates_of_all(workspace uuid, args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  page_size int := coalesce((args ->> 'limit')::int, 50);
  query text := concat_ws(' ', 'merge_candidates', workspace);
  after jsonb := private.decode_cursor(args ->> 'cursor', query);
  ways text[] := '{phone,whatsapp,email}';
  -- Where to go on: the way, how far along it, and after which contact there.
  along text := coalesce(split_part(after ->> 0, ' ', 1), 'phone');
  position_ text := coalesce(substr(after ->> 0, length(along) + 2), '');
  other uuid := coalesce((after ->> 1)::uuid, '00000000-0000-0000-0000-000000000000');
  budget int := 5000;
  walk private.candidate_walk;
  asked int;
  missing int;
  items text[] := '{}';
begin
  while along is not null and cardinality(items) < page_size and budget > 0 loop
    asked := least(budget, 1000);
    walk := private.walk_candidates(workspace, along, position_, other, asked);
    budget := budget - walk.walked;
    missing := page_size - cardinality(items);
    items := items || array(
      select private.candidate_record(walk.ones[n], walk.others[n], private.match_reasons(walk.ones[n], walk.others[n]))::text
      from generate_subscripts(walk.others[:missing], 1) n order by n);
    if cardinality(walk.others) > missing then
      position_ := walk.positions[missing]; other := walk.others[missing];
    elsif walk.walked < asked then
      along := ways[array_position(ways, along) + 1]; position_ := ''; other := '00000000-0000-0000-0000-000000000000';
    else
      position_ := walk.reached; other := walk.reached_id;
    end if;
  end loop;
  return row(200, private.data_list('[' || array_to_string(items, ',') || ']',
    case when along is not null then private.encode_cursor(query, along || ' ' || position_, other) end), null)::private.answer;
end
$$;
comment on function private.candidates_of_all(uuid, jsonb) is
  'A page of all pairs of contacts that may be one person: those who share a number, then those who share an address. It looks at 5,000 identities and contacts at most, so it may be short of pairs, or empty, and yet have a next_cursor.';

create function api.merge_candidates(args jsonb) returns private.answer
language plpgsql stable
-- Definer: comparing lower(email) is not leakproof, so under a policy Postgres could not use its
-- index. The workspace is a condition of every look-up instead.
security definer set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('contacts:write');
begin
  if args ? 'contact_id' then
    return private.candidates_of(workspace, private.require_contact(args, array['contacts:write']), args);
  end if;
  return private.candidates_of_all(workspace, args);
end
$$;
comment on function api.merge_candidates(jsonb) is
  '{ contact_id?, limit?, cursor? } → pairs of contacts that may be one person, with reasons. 404 contact_not_found, 400 invalid_cursor.';

-- Merging --------------------------------------------------------------------------------------

create function private.lock_merge_pair(workspace uuid, args jsonb, out kept uuid, out other uuid)
language plpgsql
set search_path = ''
as $$
declare
  merge uuid;
begin
  if args ->> 'primary_id' = args ->> 'duplicate_id' then
    perform private.refuse_field('/duplicate_id', 'same_contact', 'A contact cannot be merged with itself.');
  end if;
  loop
    kept := private.current_contact(workspace, (args ->> 'primary_id')::uuid);
    other := private.current_contact(workspace, (args ->> 'duplicate_id')::uuid);
    if kept is null or other is null then
      perform private.refuse(404, 'contact_not_found', 'There is no such contact.', jsonb_build_object(
        'contact_id', case when kept is null then args ->> 'primary_id' else args ->> 'duplicate_id' end));
    elsif kept = other then
      merge := (select m.id from public.contact_merges m
        where m.primary_id = kept and m.duplicate_id::text in (args ->> 'duplicate_id', args ->> 'primary_id') and m.undone_at is null
        order by m.id desc limit 1);
      perform private.refuse(409, 'already_merged', 'The two are one contact already.',
        jsonb_build_object('contact_id', kept, 'merge_id', merge));
    end if;
    -- One of them may have been merged while we waited for it. The other is let go then, since whom
    -- it is to be merged with now may have to be locked before it.
    exit when private.lock_contacts(array[kept, other]);
  end loop;
end
$$;
comment on function private.lock_merge_pair(uuid, jsonb) is
  '{ primary_id, duplicate_id }, old ids or new → the two contacts, locked. 404 contact_not_found, 409 already_merged, 422 same_contact.';

create function private.merge_pair(kept uuid, other uuid) returns uuid
language plpgsql
set search_path = ''
as $$
declare
  merge uuid := private.merge_contact(kept, other);
begin
  with number as (
    insert into public.contact_identities (workspace_id, contact_id, channel, external_id, country)
    select m.workspace_id, kept, 'phone', private.digits(m.duplicate ->> 'phone'), m.duplicate ->> 'country'
    from public.contact_merges m
    where m.id = merge and m.duplicate ->> 'phone' is not null
      and private.contact_by_phone(m.workspace_id, private.digits(m.duplicate ->> 'phone')) is null
    on conflict do nothing
    returning *
  )
  insert into private.merge_rows (merge_id, relation, after)
  select merge, 'public.contact_identities', to_jsonb(n) from number n;
  return merge;
end
$$;
comment on function private.merge_pair(uuid, uuid) is
  'A merge that somebody asks for; returns its id. The second''s number, if the first has another, finds the first from now on. What WhatsApp has merged is found by what WhatsApp calls it.';

create function private.merge_body(merge uuid, contact uuid) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return private.data(json_build_object('merge_id', merge, 'contact',
    (select row_to_json(r) from private.contact_records r where r.id = contact)));
end
$$;
comment on function private.merge_body(uuid, uuid) is 'The body { merge_id, contact }.';

create function private.preview_merge(kept uuid, other uuid) returns text
language plpgsql
set search_path = ''
as $$
declare
  body text;
begin
  -- The merge itself, taken back: what else could promise the same result?
  begin
    perform private.merge_pair(kept, other);
    body := private.merge_body(null, kept);
    raise sqlstate 'LB001';
  exception when sqlstate 'LB001' then
    return body;
  end;
end
$$;
comment on function private.preview_merge(uuid, uuid) is 'What private.merge_pair would make of two contacts, without doing it; merge_id is null.';

create function api.merge_contacts(args jsonb) returns private.answer
language plpgsql
-- Definer: a merge moves rows of every table, whatever the caller may write of each.
security definer set search_path = ''
as $$
declare
  pair record := private.lock_merge_pair(private.current_workspace('contacts:write'), args);
  version int := (select c.version from public.contacts c where c.id = pair.kept);
  merge uuid;
begin
  if not private.matches_etag(args ->> 'if_match', private.etag(version)) then
    perform private.refuse(412, 'precondition_failed', 'The contact has changed since it was read.',
      jsonb_build_object('etag', private.etag(version)));
  end if;
  if (args ->> 'dry_run')::boolean then
    return row(200, private.preview_merge(pair.kept, pair.other), null)::private.answer;
  end if;
  merge := private.merge_pair(pair.kept, pair.other);
  return row(200, private.merge_body(merge, pair.kept), jsonb_build_object('ETag', private.etag(c.version)))::private.answer
  from public.contacts c where c.id = pair.kept;
end
$$;
comment on function api.merge_contacts(jsonb) is
  '{ primary_id, duplicate_id, dry_run?, if_match? (of the primary) } → { merge_id, contact }; a dry run writes nothing and has no merge_id. 404 contact_not_found, 409 already_merged, 412 precondition_failed.';

create function api.undo_merge(args jsonb) returns private.answer
language plpgsql
-- Definer: as api.merge_contacts.
security definer set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('contacts:write');
  merge uuid := (args ->> 'merge_id')::uuid;
  touched jsonb := private.undo_merge(workspace, merge);
begin
  return (
    select row(200, private.data(json_build_object('merge_id', m.id,
      'contact', (select row_to_json(r) from private.contact_records r where r.id = m.primary_id),
      'duplicate', (select row_to_json(r) from private.contact_records r where r.id = m.duplicate_id),
      'touched', touched)), null)::private.answer
    from public.contact_merges m where m.id = merge);
end
$$;
comment on function api.undo_merge(jsonb) is
  '{ merge_id } → { merge_id, contact, duplicate, touched: see private.undo_merge }. 404 merge_not_found; 409 merge_undone, merge_not_latest.';
