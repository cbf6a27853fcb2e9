-- The revert of an import: what it made goes, what it changed goes back, and what somebody has
-- changed since stays and is told.

create function private.referring_contacts(contacts uuid[], spared regclass[]) returns uuid[]
language plpgsql stable
set search_path = ''
as $$
declare
  reference record;
  found uuid[];
  result uuid[] := '{}';
begin
  -- From the catalogue, so that no later table can be forgotten.
  for reference in
    select r.conrelid::regclass as relation, a.attname as attribute
    from pg_catalog.pg_constraint r
    join pg_catalog.pg_attribute a on a.attrelid = r.conrelid and a.attnum = any (r.conkey)
    where r.confrelid = 'public.contacts'::regclass and r.contype = 'f' and cardinality(r.conkey) = 1
      and r.conrelid <> all (spared)
  loop
    execute format('select array_agg(distinct %I) from %s where %1$I = any ($1)', reference.attribute, reference.relation)
      into found using contacts;
    result := result || coalesce(found, '{}');
  end loop;
  return result;
end
$$;
comment on function private.referring_contacts(uuid[], regclass[]) is
  'Those of the contacts that anything refers to, but for what the spared tables hold.';

create function private.touched_contacts(import uuid, contacts uuid[]) returns uuid[]
language plpgsql stable
set search_path = ''
as $$
begin
  return array(
    select c.id from public.contacts c
    where c.id = any (contacts) and c.version <> (
      select max(h.version) from private.import_changes h where h.import_id = import and h.contact_id = c.id)
    union
    select a.contact_id from public.contact_activity a
    where a.contact_id = any (contacts) and (a.message_count > 0 or a.last_contact_at is not null)
    union
    select l.contact_id from public.contact_consents l where l.contact_id = any (contacts) and l.source <> 'person'
    union
    select e.contact_id from public.score_events e join public.contacts c on c.id = e.contact_id
    where e.contact_id = any (contacts) and e.occurred_at <> c.created_at
    union
    select d.contact_id from public.deals d join public.contacts c on c.id = d.contact_id
    where d.contact_id = any (contacts) and (d.auto_reason is null or d.created_at <> c.created_at or d.version > 1)
    union
    select unnest(private.referring_contacts(contacts, array[
      -- Made together with the contact; a change of theirs beyond that is seen above.
      'public.contact_activity', 'public.contact_assignments', 'public.contact_consents', 'public.score_events',
      'public.deals', 'private.due_contacts', 'private.import_changes']::regclass[])));
end
$$;
comment on function private.touched_contacts(uuid, uuid[]) is
  'Those of the contacts that an import made and that somebody has worked with or written to since.';

create function private.note_kept(import uuid, kept jsonb) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.import_errors (import_id, is_revert, "row", n, column_name, code, message, contact_id)
  select import, true, k."row", coalesce(k.n, 1), k.field, k.code, k.message, k.contact_id
  from jsonb_to_recordset(kept) as k ("row" int, n int, field text, code text, message text, contact_id uuid)
  on conflict do nothing;
end
$$;
comment on function private.note_kept(uuid, jsonb) is
  'Notes what a revert leaves as it is: [{ row, n?, field?, code, message, contact_id }].';

create function private.revert_created(import uuid, contacts uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  touched uuid[] := private.touched_contacts(import, contacts);
begin
  perform private.note_kept(import, (
    select jsonb_agg(jsonb_build_object('row', h."row", 'contact_id', h.contact_id, 'code', 'contact_in_use',
      'message', 'Somebody has worked with the contact since: it is kept.'))
    from (
      select min(t."row") as "row", t.contact_id from private.import_changes t
      where t.import_id = import and t.contact_id = any (touched) group by t.contact_id) as h));
  delete from public.contacts c where c.id = any (contacts) and c.id <> all (touched);
end
$$;
comment on function private.revert_created(uuid, uuid[]) is 'Deletes the contacts (locked) that an import has made, unless they were touched since.';

create function private.fields_back(current public.contacts, changes jsonb, out back jsonb, out stays text[])
language plpgsql stable
set search_path = ''
as $$
declare
  now jsonb := to_jsonb(current);
begin
  select coalesce(jsonb_object_agg(f.key, f.value -> 'from') filter (where now -> f.key = f.value -> 'to'), '{}'),
    coalesce(array_agg(f.key order by f.key) filter (where now -> f.key <> f.value -> 'to'), '{}')
  into back, stays
  from jsonb_each(changes - 'name_source') f;
  -- A name that nobody has set follows the profile again.
  if back ? 'name' and changes -> 'name_source' ->> 'from' = 'profile' then
    back := back || '{"name": null}';
  end if;
end
$$;
comment on function private.fields_back(public.contacts, jsonb) is
  'What a revert writes into a contact, and the names of the fields that have been edited since the import.';

create function private.revert_latest(import uuid, contacts uuid[]) returns int
language plpgsql
set search_path = '' set enable_nestloop = off
as $$
declare
  latest private.import_changes[];
begin
  with picked as (
    select distinct on (h.contact_id) h."row" from private.import_changes h
    where h.import_id = import and h.contact_id = any (contacts) order by h.contact_id, h."row" desc
  ), gone as (
    delete from private.import_changes h using picked p where h.import_id = import and h."row" = p."row" returning h.*
  )
  select array_agg(row(g.*)::private.import_changes) into latest from gone g;
  perform private.note_kept(import, (
    select jsonb_agg(jsonb_build_object('row', l."row", 'n', n, 'field', field, 'contact_id', l.contact_id,
      'code', 'edited_since', 'message', 'The field has been edited since: it stays as it is.'))
    from unnest(latest) l
    join public.contacts c on c.id = l.contact_id
    cross join lateral private.fields_back(c, l.changes) b
    cross join lateral unnest(b.stays) with ordinality as s (field, n)));
  update public.contacts t
  set name = w.name, email = w.email, company = w.company, source = w.source, channels = w.channels, status = w.status,
    sale_status = w.sale_status, stage = w.stage, value = w.value, tags = w.tags, notes = w.notes, custom = w.custom,
    assigned_to = w.assigned_to, is_vip = w.is_vip, is_mystery_shopper = w.is_mystery_shopper,
    is_contractor = w.is_contractor, opted_out = w.opted_out, do_not_call = w.do_not_call, avatar_url = w.avatar_url
  from unnest(latest) l
  join public.contacts c on c.id = l.contact_id
  cross join lateral private.fields_back(c, l.changes) b
  cross join lateral jsonb_populate_record(c, b.back) w
  where t.id = c.id and b.back <> '{}';
  -- Has the trigger take the name from the profile.
  update public.contacts t set profile_name = t.profile_name
  from unnest(latest) l
  where t.id = l.contact_id and t.name is null and l.changes -> 'name_source' ->> 'from' = 'profile'
    and coalesce(t.phonebook_name, t.profile_name) is not null;
  return coalesce(cardinality(latest), 0);
end
$$;
comment on function private.revert_latest(uuid, uuid[]) is
  'Takes back the latest change that an import made of each of the contacts (locked); returns how many.';

create function private.try_revert(import uuid, contacts uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  made uuid[];
  merged uuid[];
begin
  perform from public.contacts c where c.id = any (contacts) order by c.id for update;
  made := array(
    select distinct h.contact_id from private.import_changes h
    where h.import_id = import and h.contact_id = any (contacts) and h.created);
  perform private.revert_created(import, made);
  -- What the import wrote may have been written into the other of the two.
  merged := array(
    select distinct m.primary_id from public.contact_merges m
    where m.primary_id = any (contacts) and m.primary_id <> all (made)
      and m.merged_at >= (select i.created_at from public.contact_imports i where i.id = import));
  perform private.note_kept(import, (
    select jsonb_agg(jsonb_build_object('row', h."row", 'contact_id', h.contact_id, 'code', 'merged_since',
      'message', 'The contact has been merged with another one since: it stays as it is.'))
    from (
      select min(t."row") as "row", t.contact_id from private.import_changes t
      where t.import_id = import and t.contact_id = any (merged) group by t.contact_id) as h));
  delete from private.import_changes h where h.import_id = import and h.contact_id = any (made || merged);
  -- The same contact may stand in rows that were far apart in the file.
  while private.revert_latest(import, contacts) > 0 loop
  end loop;
end
$$;
comment on function private.try_revert(uuid, uuid[]) is 'Reverts what an import did to some contacts.';

create function private.revert_contacts(import uuid, contacts uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  half int := cardinality(contacts) / 2;
begin
  begin
    perform private.try_revert(import, contacts);
    return;
  exception when others then
    if not private.is_rows_fault(sqlstate) then
      raise;
    end if;
  end;
  if half > 0 then
    perform private.revert_contacts(import, contacts[:half]), private.revert_contacts(import, contacts[half + 1:]);
    return;
  end if;
  perform private.note_kept(import, (
    select jsonb_agg(jsonb_build_object('row', h."row", 'contact_id', h.contact_id, 'code', 'not_restorable',
      'message', 'What it was before is not allowed any more: the contact stays as it is.'))
    from (
      select min(t."row") as "row", t.contact_id from private.import_changes t
      where t.import_id = import and t.contact_id = contacts[1] group by t.contact_id) as h));
  delete from private.import_changes h where h.import_id = import and h.contact_id = contacts[1];
end
$$;
comment on function private.revert_contacts(uuid, uuid[]) is
  'Reverts what an import did to some contacts; one that cannot be what it was stays as it is and is told.';

create function private.import_revert_batch(job private.batch_jobs) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  size constant int := 500;
  import uuid := (job.args ->> 'import_id')::uuid;
  contacts uuid[];
  staying int;
  left_over int;
begin
  contacts := array(
    select distinct h.contact_id from private.import_changes h where h.import_id = import order by h.contact_id limit size);
  perform private.revert_contacts(import, contacts);
  staying := (select count(distinct e.contact_id) from private.import_errors e
    where e.import_id = import and e.is_revert and e.contact_id = any (contacts));
  left_over := (select count(*) from public.contacts c where c.id = any (contacts));
  update public.contact_imports i
  set deleted = i.deleted + cardinality(contacts) - left_over, restored = i.restored + left_over - staying, kept = i.kept + staying,
    status = case when cardinality(contacts) < size then 'reverted' else i.status end,
    reverted_at = case when cardinality(contacts) < size then clock_timestamp() end
  where i.id = import;
  return jsonb_build_object('done', cardinality(contacts) < size);
end
$$;
comment on function private.import_revert_batch(private.batch_jobs) is
  'Reverts what an import did to the next contacts: { import_id }. What is done leaves private.import_changes.';
