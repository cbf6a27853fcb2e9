-- The revert of an import: what it made goes, what it changed goes back, and what somebody has
-- changed since stays and is told.

create function private.referred_to(target regclass, ids uuid[], spared regclass[]) returns uuid[]
language plpgsql stable
set search_path = ''
as $$
declare
  reference record;
  found uuid[];
  result uuid[] := '{}';
begin
  for reference in select * from private.references_to(target) r where r.relation <> all (spared) loop
    execute format('select array_agg(distinct %I) from %s where %1$I = any ($1)', reference.attribute, reference.relation)
      into found using ids;
    result := result || coalesce(found, '{}');
  end loop;
  return result;
end
$$;
comment on function private.referred_to(regclass, uuid[], regclass[]) is
  'Those of a table''s rows that anything refers to (from the catalogue), but for what the spared tables hold.';

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
    select l.contact_id from public.contact_consents l where l.contact_id = any (contacts) and l.source not in ('person', 'suppression')
    union
    select e.contact_id from public.score_events e join public.contacts c on c.id = e.contact_id
    where e.contact_id = any (contacts) and e.occurred_at <> c.created_at
    union
    select d.contact_id from public.deals d join public.contacts c on c.id = d.contact_id
    where d.contact_id = any (contacts) and (d.auto_reason is null or d.created_at <> c.created_at or d.version > coalesce((
      select (h.deals ->> d.id::text)::int from private.import_changes h
      where h.import_id = import and h.contact_id = c.id and h.deals ? d.id::text), 1))
    union
    select d.contact_id from public.deals d
    where d.id = any (private.referred_to('public.deals', array(
      select t.id from public.deals t where t.contact_id = any (contacts)), '{}'))
    union
    select unnest(private.referred_to('public.contacts', contacts, array[
      -- Made together with the contact, or of what its version tells; a change of theirs beyond that is seen above.
      'public.contact_activity', 'public.contact_assignments', 'public.contact_consents', 'public.score_events',
      'public.deals', 'public.contact_history', 'private.due_contacts', 'private.import_changes']::regclass[])));
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

create function private.said_since(contact uuid, field text, since timestamptz) returns boolean
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
begin
  return exists (
    select from public.contact_consents l
    where l.contact_id = contact and l.kind = case field when 'opted_out' then 'marketing' when 'do_not_call' then 'calls' end
      and l.source <> 'person' and l.created_at >= since);
end
$$;
comment on function private.said_since(uuid, text, timestamptz) is
  'Whether a contact has said something on opted_out or do_not_call themselves that we have heard of since.';

create function private.fields_back(
  current public.contacts, changes jsonb, since timestamptz, out back jsonb, out stays text[])
language plpgsql stable
set search_path = ''
as $$
declare
  now jsonb := to_jsonb(current);
begin
  with noted as (
    select f.key as field, f.value -> 'from' as before, changes -> s.source ->> 'from' = s.computed as followed,
      now ->> s.source is not distinct from changes -> s.source ->> 'to'
        -- What follows something has been set by nobody since, whatever it is by now.
        and (now -> f.key = f.value -> 'to' or coalesce(now ->> s.source = s.computed, false))
        -- The flag may be what the import made of it, and yet be the person's word by now.
        and not (f.key in ('opted_out', 'do_not_call') and private.said_since(current.id, f.key, since)) as is_imports
    from jsonb_each(changes) f
    left join private.sourced_fields() s on s.field = f.key
    where f.key not in (select t.source from private.sourced_fields() t)
  )
  select coalesce(jsonb_object_agg(n.field, case when n.followed then null else n.before end) filter (where n.is_imports), '{}'),
    coalesce(array_agg(n.field order by n.field) filter (where not n.is_imports), '{}')
  into back, stays
  from noted n;
  if back ? 'is_vip' then
    back := back || jsonb_build_object('vip_source', changes -> 'vip_source' -> 'from',
      'is_vip', coalesce(nullif(back -> 'is_vip', 'null'), now -> 'is_vip'));
  end if;
  if back ? 'tags' then
    back := back || jsonb_build_object('tags', private.consent_tags(array(select jsonb_array_elements_text(back -> 'tags')),
      coalesce((back ->> 'opted_out')::boolean, current.opted_out), coalesce((back ->> 'do_not_call')::boolean, current.do_not_call)));
  end if;
end
$$;
comment on function private.fields_back(public.contacts, jsonb, timestamptz) is
  'What a revert writes into a contact (name and value null: they follow profile and deals again), and the names of the fields that have been edited since the import.';

create function private.reopen_deals(import uuid, reverted private.import_changes[], opened uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  closed jsonb := (select jsonb_object_agg(d.key, d.value) from unnest(reverted) r cross join lateral jsonb_each(r.deals) d);
  ids uuid[] := array(select k::uuid from jsonb_object_keys(closed) k);
begin
  perform private.note_kept(import, (
    -- Numbered behind the fields of the row.
    select jsonb_agg(jsonb_build_object('row', r."row", 'n', 100 + n, 'contact_id', d.contact_id, 'code', 'deal_changed_since',
      'message', format('The deal %s was closed by the import and has been changed since: it stays as it is.', d.id)))
    from (
      select t.*, row_number() over (partition by t.contact_id order by t.id) as n from public.deals t
      where t.id = any (ids) and t.status <> 'open' and t.version <> (closed ->> t.id::text)::int
    ) as d
    join unnest(reverted) r on r.deals ? d.id::text));
  update public.deals t set status = 'open'
  where t.status <> 'open' and (t.id = any (opened) or t.id = any (ids) and t.version = (closed ->> t.id::text)::int);
end
$$;
comment on function private.reopen_deals(uuid, private.import_changes[], uuid[]) is
  'Opens again the deals that an import has closed, but for those that have been changed since, and those that were open before its revert, which sells nothing.';

create function private.revert_latest(import uuid, contacts uuid[]) returns int
language plpgsql
set search_path = '' set enable_nestloop = off
as $$
declare
  imported public.contact_imports := (select i from public.contact_imports i where i.id = import);
  opened uuid[] := private.open_deals(contacts);
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
    cross join lateral private.fields_back(c, l.changes, imported.created_at) b
    cross join lateral unnest(b.stays) with ordinality as s (field, n)));
  update public.contacts t
  set name = w.name, email = w.email, company = w.company, source = w.source, channels = w.channels, status = w.status,
    sale_status = w.sale_status, stage = w.stage, value = w.value, tags = w.tags, notes = w.notes, custom = w.custom,
    assigned_to = w.assigned_to, is_vip = w.is_vip, vip_source = w.vip_source,
    is_mystery_shopper = w.is_mystery_shopper, is_contractor = w.is_contractor, opted_out = w.opted_out,
    do_not_call = w.do_not_call, avatar_url = w.avatar_url
  from unnest(latest) l
  join public.contacts c on c.id = l.contact_id
  cross join lateral private.fields_back(c, l.changes, imported.created_at) b
  cross join lateral jsonb_populate_record(c, b.back) w
  where t.id = c.id and b.back <> '{}';
  -- Has the trigger take the name from the profile.
  update public.contacts t set profile_name = t.profile_name
  from unnest(latest) l
  where t.id = l.contact_id and t.name is null and l.changes -> 'name_source' ->> 'from' = 'profile'
    and coalesce(t.phonebook_name, t.profile_name) is not null;
  -- Whom nothing that was written has put before the rule's trigger.
  perform private.follow_vip_rule(array(
    select l.contact_id from unnest(latest) l where l.changes -> 'vip_source' ->> 'from' = 'rule'),
    private.workspace_settings(imported.workspace_id));
  perform private.reopen_deals(import, latest, opened);
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
    where m.primary_id = any (contacts) and m.primary_id <> all (made) and m.undone_at is null
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
