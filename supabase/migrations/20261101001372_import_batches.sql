-- An import, batch by batch: the file is read and checked to its end (that part is TypeScript's,
-- _shared/import/read_step.ts), then its rows are written.

create type private.import_group as (
  first_row int, row_count int, phone text, phone_key text, contact_id uuid, data jsonb, custom jsonb);
comment on type private.import_group is
  'Rows of a file that are about one contact (contact_id null: there is none yet), laid over each other.';

create function private.laid_over(objects jsonb[]) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  return (
    select jsonb_object_agg(f.key, f.value order by o.n)
    from unnest(objects) with ordinality as o (object, n) cross join lateral jsonb_each(o.object) as f);
end
$$;
comment on function private.laid_over(jsonb[]) is
  'Objects over each other in their order: of each member the last that there is. Null: no member at all.';

create function private.merged_rows(rows jsonb[]) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
declare
  data jsonb := coalesce(private.laid_over(rows), '{}');
  list text[];
begin
  if data ? 'tags' then
    list := private.clean_tags(array(select jsonb_array_elements_text(data -> 'tags')));
    -- The last word on a consent may be in another row than the last list of tags.
    data := data || jsonb_build_object('tags', private.consent_tags(list,
      coalesce((data ->> 'opted_out')::boolean, false), coalesce((data ->> 'do_not_call')::boolean, false)));
  end if;
  return data;
end
$$;
comment on function private.merged_rows(jsonb[]) is 'What rows about one contact say together, the later ones over the earlier ones.';

create function private.import_groups(imported public.contact_imports, first_row int, last_row int)
returns setof private.import_group
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  -- Materialized: whose the number is would be looked up twice a row.
  with given as materialized (
    select r."row", r.phone, r.phone_key, private.contact_by_phone_key(imported.workspace_id, r.phone_key) as contact_id,
      r.data, r.custom
    from private.import_rows r
    where r.import_id = imported.id and r."row" between import_groups.first_row and import_groups.last_row
  ), numbered as (
    select g.*, count(*) over (partition by coalesce(g.contact_id::text, g.phone_key)) as n from given g
  )
  select n."row", 1, n.phone, n.phone_key, n.contact_id, n.data, n.custom from numbered n where n.n = 1
  union all
  select min(n."row"), count(*)::int, (array_agg(n.phone order by n."row"))[1], (array_agg(n.phone_key order by n."row"))[1],
    (array_agg(n.contact_id))[1],
    -- Who skips what exists skips what an earlier row has made, too.
    case imported.on_conflict when 'update' then private.merged_rows(array_agg(n.data order by n."row"))
      else (array_agg(n.data order by n."row"))[1] end,
    case imported.on_conflict when 'update' then private.laid_over(array_agg(n.custom order by n."row"))
      else (array_agg(n.custom order by n."row"))[1] end
  from numbered n where n.n > 1
  group by coalesce(n.contact_id::text, n.phone_key);
end
$$;
comment on function private.import_groups(public.contact_imports, int, int) is
  'Rows of a file by the contact they are about, so that one write does what writing them one after the other would.';

create function private.import_new(imported public.contact_imports, groups private.import_group[]) returns text[]
language plpgsql
-- Planned with the defaults of an array, a nested loop over two thousand by two thousand looks cheap.
set search_path = '' set enable_nestloop = off
as $$
declare
  ids uuid[];
  made text[];
begin
  with inserted as (
    insert into public.contacts (workspace_id, name, phone, email, company, source, channels, status, sale_status,
      stage, value, tags, notes, custom, assigned_to, is_vip, is_mystery_shopper, is_contractor, opted_out,
      do_not_call, avatar_url, country)
    select imported.workspace_id, c.name, g.phone, c.email, c.company, c.source, c.channels, c.status, c.sale_status,
      c.stage, c.value, c.tags, c.notes, coalesce(g.custom, '{}'), c.assigned_to, c.is_vip, c.is_mystery_shopper,
      c.is_contractor, c.opted_out, c.do_not_call, c.avatar_url, c.country
    from unnest(groups) g
    cross join lateral jsonb_populate_record(null::public.contacts,
      private.neutral_contact() || '{"source": "import"}' || g.data) c
    where g.contact_id is null
    -- In the order of the key, as everybody who makes several: they wait for each other and the contact is one.
    order by g.phone_key
    on conflict on constraint contacts_phone_key do nothing
    returning id, phone_key
  )
  select array_agg(i.id), coalesce(array_agg(i.phone_key), '{}') into ids, made from inserted i;
  -- A statement of its own, which sees what triggers have made of them: whatever changes from here on is somebody's work.
  insert into private.import_changes (import_id, "row", contact_id, created, version)
  select imported.id, g.first_row, c.id, true, c.version
  from public.contacts c join unnest(groups) g using (phone_key) where c.id = any (ids);
  return made;
end
$$;
comment on function private.import_new(public.contact_imports, private.import_group[]) is
  'Makes the contacts of the groups that have none, and returns the keys of those that it made; the others somebody else has made meanwhile.';

create function private.import_fields() returns text[]
language plpgsql immutable
set search_path = ''
as $$
begin
  return '{name,email,company,source,channels,status,sale_status,stage,value,tags,notes,custom,assigned_to,is_vip,
    is_mystery_shopper,is_contractor,opted_out,do_not_call,avatar_url}';
end
$$;
comment on function private.import_fields() is
  'The columns of public.contacts that an import writes into a contact that exists: every one that people set, but the phone.';

create function private.refused_themselves(contact uuid, consent_kind text) returns boolean
language plpgsql stable
set search_path = ''
as $$
declare
  latest public.contact_consents := private.latest_consent(contact, consent_kind);
begin
  return coalesce(not latest.granted and latest.source <> 'person', false);
end
$$;
comment on function private.refused_themselves(uuid, text) is
  'Whether the last word on marketing or calls is a refusal, and the contact''s own rather than the team''s.';

create function private.imported_contact(current public.contacts, data jsonb, custom jsonb) returns public.contacts
language plpgsql stable
set search_path = ''
as $$
declare
  list text[];
begin
  -- The file may be an export of before they refused; who of the team knows better says so by hand.
  if current.opted_out and not (data ->> 'opted_out')::boolean and private.refused_themselves(current.id, 'marketing') then
    data := data - 'opted_out';
  end if;
  if current.do_not_call and not (data ->> 'do_not_call')::boolean and private.refused_themselves(current.id, 'calls') then
    data := data - 'do_not_call';
  end if;
  if data ? 'tags' then
    list := private.clean_tags(array(select jsonb_array_elements_text(data -> 'tags')));
    -- A list of tags takes no consent back: whoever made the file did not think of it.
    data := data || jsonb_build_object('tags', private.consent_tags(list,
      coalesce((data ->> 'opted_out')::boolean, current.opted_out or 'opt-out' = any (list)),
      coalesce((data ->> 'do_not_call')::boolean, current.do_not_call or 'Do Not Call' = any (list))));
  end if;
  if custom is not null then
    data := data || jsonb_build_object('custom', current.custom || custom);
  end if;
  return jsonb_populate_record(current, data - 'country');
end
$$;
comment on function private.imported_contact(public.contacts, jsonb, jsonb) is
  'A contact with the given fields of a file written over it; members of custom are added to those that it has, and what the person has refused themselves stays refused.';

create function private.sourced_fields() returns table (field text, source text, computed text)
language plpgsql immutable rows 3
set search_path = ''
as $$
begin
  return query values ('name', 'name_source', 'profile'), ('value', 'value_source', 'deals'), ('is_vip', 'vip_source', 'rule');
end
$$;
comment on function private.sourced_fields() is
  'The columns of public.contacts that follow something until a person sets them, the column that says so, and what it then says.';

create function private.changed_fields(before public.contacts, after public.contacts) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
declare
  b jsonb := to_jsonb(before);
  a jsonb := to_jsonb(after);
begin
  return (
    select jsonb_object_agg(noted, jsonb_build_object('from', b -> noted, 'to', a -> noted))
    from unnest(private.import_fields()) f
    left join private.sourced_fields() s on s.field = f
    cross join lateral unnest(array[f, s.source]) as noted
    where b -> f is distinct from a -> f and noted is not null);
end
$$;
comment on function private.changed_fields(public.contacts, public.contacts) is
  'What an import changed of a contact: { field: { from, to } }; with name, value and is_vip their sources, so that a revert knows whose they were.';

create function private.open_deals(contacts uuid[]) returns uuid[]
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
begin
  return array(select d.id from public.deals d where d.contact_id = any (contacts) and d.status = 'open');
end
$$;
comment on function private.open_deals(uuid[]) is 'The open deals of the contacts.';

create function private.note_closed_deals(import uuid, opened uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.import_changes h
  -- Without its deals a contact may be worth something else: a version more, and the import's.
  set deals = closed.deals, version = case c.version when h.version + 1 then c.version else h.version end
  from (
    select d.contact_id, jsonb_object_agg(d.id, d.version) as deals
    from public.deals d where d.id = any (opened) and d.status <> 'open' group by d.contact_id
  ) as closed
  join public.contacts c on c.id = closed.contact_id
  where h.import_id = import and h.contact_id = c.id
    and h."row" = (select max(t."row") from private.import_changes t where t.import_id = import and t.contact_id = c.id);
end
$$;
comment on function private.note_closed_deals(uuid, uuid[]) is
  'Notes which of the deals that were open before an import wrote their contacts (locked) are so no more.';

create function private.import_existing(imported public.contact_imports, groups private.import_group[]) returns void
language plpgsql
set search_path = '' set enable_nestloop = off
as $$
declare
  ids uuid[] := array(select distinct g.contact_id from unnest(groups) g);
  opened uuid[];
  locked int;
begin
  perform from public.contacts c where c.id = any (ids) order by c.id for no key update;
  get diagnostics locked = row_count;
  if locked < cardinality(ids) then
    raise serialization_failure using message = 'a contact was deleted while it was being imported';
  end if;
  opened := private.open_deals(array(
    select g.contact_id from unnest(groups) g where g.data ->> 'status' = 'converted' or g.data ->> 'sale_status' = 'sold'));
  with before as materialized (
    select g.first_row, c as contact, private.imported_contact(c, g.data, g.custom) as wanted
    from unnest(groups) g join public.contacts c on c.id = g.contact_id
  ), written as (
    update public.contacts t
    set name = (b.wanted).name, email = (b.wanted).email, company = (b.wanted).company, source = (b.wanted).source,
      channels = (b.wanted).channels, status = (b.wanted).status, sale_status = (b.wanted).sale_status,
      stage = (b.wanted).stage, value = (b.wanted).value, tags = (b.wanted).tags, notes = (b.wanted).notes,
      custom = (b.wanted).custom, assigned_to = (b.wanted).assigned_to, is_vip = (b.wanted).is_vip,
      is_mystery_shopper = (b.wanted).is_mystery_shopper, is_contractor = (b.wanted).is_contractor,
      opted_out = (b.wanted).opted_out, do_not_call = (b.wanted).do_not_call, avatar_url = (b.wanted).avatar_url
    from before b
    where t.id = (b.contact).id and b.wanted is distinct from b.contact
    returning t.id, t as contact
  )
  insert into private.import_changes (import_id, "row", contact_id, created, version, changes)
  select imported.id, b.first_row, w.id, false,
    case when noted.version <> (b.contact).version then noted.version else (w.contact).version end, changed
  from written w join before b on (b.contact).id = w.id
  left join (
    select h.contact_id, max(h.version) as version from private.import_changes h
    where h.import_id = imported.id and h.contact_id = any (ids) group by h.contact_id
  ) as noted on noted.contact_id = w.id
  cross join lateral private.changed_fields(b.contact, w.contact) as changed
  where changed is not null;
  if cardinality(opened) > 0 then
    perform private.note_closed_deals(imported.id, opened);
  end if;
end
$$;
comment on function private.import_existing(public.contact_imports, private.import_group[]) is
  'Writes the given fields of the groups into their contacts, and notes what they were before and which deals that has closed.';

create function private.count_import(imported public.contact_imports, first_row int, last_row int) returns int
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  return (
    select count(*)
    from private.import_rows r
    where r.import_id = imported.id and r."row" between first_row and last_row
      and private.contact_by_phone_key(imported.workspace_id, r.phone_key) is null
      and not exists (
        select from private.import_rows e
        where e.import_id = imported.id and e.phone_key = r.phone_key and e."row" < r."row"));
end
$$;
comment on function private.count_import(public.contact_imports, int, int) is
  'How many contacts the rows of a file would make: a dry run.';

create function private.import_range(imported public.contact_imports, first_row int, last_row int) returns int
language plpgsql
set search_path = ''
as $$
declare
  groups private.import_group[];
  existing private.import_group[];
  made text[];
begin
  if imported.dry_run then
    return private.count_import(imported, first_row, last_row);
  end if;
  groups := array(select g from private.import_groups(imported, first_row, last_row) g);
  made := private.import_new(imported, groups);
  if imported.on_conflict = 'update' then
    existing := array(
      select row(g.first_row, g.row_count, g.phone, g.phone_key,
        coalesce(g.contact_id, private.contact_by_phone_key(imported.workspace_id, g.phone_key)), g.data, g.custom
        )::private.import_group
      from unnest(groups) g where g.contact_id is not null or g.phone_key <> all (made));
    if cardinality(existing) > 0 then
      perform private.import_existing(imported, existing);
    end if;
  end if;
  return cardinality(made);
end
$$;
comment on function private.import_range(public.contact_imports, int, int) is
  'Writes rows of a file (or, for a dry run, looks what they would do) and returns how many contacts they made.';

-- What one row may be refused for; everything else is not the row's fault.
create function private.is_rows_fault(state text) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return state ~ '^(PT4|22|23|54)';
end
$$;
comment on function private.is_rows_fault(text) is 'Whether an SQLSTATE says that the data cannot be stored as they are.';

create function private.write_import(imported public.contact_imports, first_row int, last_row int, out created int, out failed int)
language plpgsql
set search_path = ''
as $$
declare
  middle int := first_row + (last_row - first_row) / 2;
  one record;
  other record;
  hint text;
  members jsonb;
begin
  begin
    failed := 0;
    created := private.import_range(imported, first_row, last_row);
    return;
  exception when others then
    if not private.is_rows_fault(sqlstate) then
      raise;
    end if;
    get stacked diagnostics hint = pg_exception_hint;
    members := case when sqlstate like 'PT%' then nullif(hint, '')::jsonb -> 'errors' -> 0 end;
  end;
  created := 0;
  -- Halves until only those rows fail that have to: their neighbours are written.
  if first_row = last_row then
    insert into private.import_errors (import_id, "row", n, column_name, code, message)
    values (imported.id, first_row, 1,
      (select c ->> 'column' from jsonb_array_elements(imported.columns) c where '/' || (c ->> 'field') = members ->> 'path' limit 1),
      coalesce(members ->> 'code', 'invalid_value'), coalesce(members ->> 'message', 'The database cannot hold the row.'));
    failed := 1;
    return;
  end if;
  one := private.write_import(imported, first_row, middle);
  other := private.write_import(imported, middle + 1, last_row);
  created := one.created + other.created;
  failed := one.failed + other.failed;
end
$$;
comment on function private.write_import(public.contact_imports, int, int) is
  'Writes rows of a file; what the database refuses becomes an error of its row alone.';

create function private.import_batch(job private.batch_jobs) returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  return case job.state ->> 'phase'
    when 'write' then private.import_write_batch(job)
    when 'drop' then private.import_drop_batch(job)
    -- Reading is the step of _shared/import/read_step.ts.
  end;
end
$$;
comment on function private.import_batch(private.batch_jobs) is
  'One batch of an import: { import_id, plan }. Its state: { phase: read, write or drop, … }.';

create function private.import_write_batch(job private.batch_jobs) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  -- Well below the two seconds that a batch may take, on a busy machine, too.
  size constant int := 1000;
  imported public.contact_imports;
  first_row int := (job.state ->> 'row')::int + 1;
  last_row int;
  given int;
  done record;
begin
  select * into imported from public.contact_imports i where i.id = (job.args ->> 'import_id')::uuid for no key update;
  select max(r."row"), count(*) into last_row, given
  from (
    select t."row" from private.import_rows t
    where t.import_id = imported.id and t."row" >= first_row order by t."row" limit size) as r;
  if last_row is null then
    update public.contact_imports i
    set status = 'completed', progress = 100, finished_at = clock_timestamp() where i.id = imported.id;
    return job.state || '{"phase": "drop"}';
  end if;
  done := private.write_import(imported, first_row, last_row);
  given := given - done.created - done.failed;
  update public.contact_imports i
  set created = i.created + done.created, failed = i.failed + done.failed,
    updated = i.updated + case i.on_conflict when 'update' then given else 0 end,
    skipped = i.skipped + case i.on_conflict when 'skip' then given else 0 end,
    progress = 50 + 49 * last_row::bigint / i.rows
  where i.id = imported.id;
  return job.state || jsonb_build_object('row', last_row);
end
$$;
comment on function private.import_write_batch(private.batch_jobs) is 'Writes the next rows; after the last the import is complete.';

create function private.import_drop_batch(job private.batch_jobs) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  size constant int := 50000;
  import uuid := (job.args ->> 'import_id')::uuid;
  gone int;
begin
  delete from private.import_chunks c where c.upload_id = import;
  delete from private.import_rows r
  where r.import_id = import
    and r."row" in (select t."row" from private.import_rows t where t.import_id = import order by t."row" limit size);
  get diagnostics gone = row_count;
  return case when gone = size then job.state else job.state || '{"done": true}' end;
end
$$;
comment on function private.import_drop_batch(private.batch_jobs) is 'Removes the file of an import that has ended, and its rows.';
