-- Undoing a merge: what it moved goes back, what it wrote over is as it was, unless somebody has
-- touched it since. Then it stays, and the answer names it.

-- Steps ----------------------------------------------------------------------------------------

create function private.moved_keys(move private.merge_moves) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    -- An array of keys is looked up along the index, in the order of the keys, however many the
    -- planner expects; a join might read all rows once for each.
    select case when count(*) = 1
      then min(format('t.%I = any (array(select jsonb_array_elements_text($1 -> %L))::%s[])', k.attribute, k.attribute, k.type))
      else format('(%s) in (select * from rows from (%s))', string_agg(format('to_jsonb(t.%I) #>> ''{}''', k.attribute), ', '),
        string_agg(format('jsonb_array_elements_text($1 -> %L)', k.attribute), ', ')) end
    from private.key_columns(move.relation::regclass) k);
end
$$;
comment on function private.moved_keys(private.merge_moves) is 'The condition, on t and with the keys as $1, that a row is one of those moved.';

create function private.move_back(move private.merge_moves) returns bigint
language plpgsql
set search_path = '' set enable_seqscan = off set enable_bitmapscan = off
as $$
declare
  moved bigint;
begin
  execute format('update %s t set %s where %s and %s', move.relation,
    (select string_agg(format('%I = %L', a.key, a.value ->> 0), ', ') from jsonb_each(move.attributes) a),
    private.moved_keys(move),
    (select string_agg(format('t.%I = %L', a.key, a.value ->> 1), ' and ') from jsonb_each(move.attributes) a))
  using move.keys;
  get diagnostics moved = row_count;
  return (select jsonb_array_length(l.value) from jsonb_each(move.keys) l limit 1) - moved;
end
$$;
comment on function private.move_back(private.merge_moves) is
  'Rows that a merge moved go back, as far as they are where it moved them to; returns how many are not.';

create function private.move_all_back(m public.contact_merges) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  move private.merge_moves;
  missing bigint;
  gone jsonb := '{}';
  name text;
begin
  for move in select * from private.merge_moves v where v.merge_id = m.id order by v.seq desc loop
    -- A table may have been dropped since.
    continue when to_regclass(move.relation) is null;
    missing := private.move_back(move);
    if missing > 0 then
      name := split_part(move.relation, '.', 2);
      gone := gone || jsonb_build_object(name, coalesce((gone ->> name)::bigint, 0) + missing);
    end if;
  end loop;
  return gone;
end
$$;
comment on function private.move_all_back(public.contact_merges) is 'All that moved goes back, the last first; returns what is not there any more: { table: rows }.';

create function private.has_left(workspace uuid, image jsonb) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return image ->> 'assigned_to' is not null and not exists (
    select from public.workspace_members w where w.workspace_id = workspace and w.user_id = (image ->> 'assigned_to')::uuid);
end
$$;
comment on function private.has_left(uuid, jsonb) is 'Whether the row as it was is assigned to somebody who is no member any more.';

create function private.restore_duplicate(m public.contact_merges) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  -- No ETag that was read under its id holds, neither before the merge nor while that led to the primary.
  image jsonb := m.duplicate || jsonb_build_object('version',
    1 + greatest((m.duplicate ->> 'version')::int, (select c.version from public.contacts c where c.id = m.primary_id)));
  stages text[] := (select w.stages from public.workspaces w where w.id = m.workspace_id);
  changed text[] := '{}';
begin
  if exists (
    select from public.contacts c
    where c.phone_key = private.phone_key(private.digits(m.duplicate ->> 'phone')) and c.workspace_id = m.workspace_id) then
    changed := changed || 'phone'::text;
    image := image || '{"phone": null, "country": null}';
  end if;
  if private.has_left(m.workspace_id, image) then
    changed := changed || 'assigned_to'::text;
    image := image || '{"assigned_to": null, "assigned_by": null, "assigned_at": null}';
  end if;
  if not image ->> 'stage' = any (stages) then
    changed := changed || 'stage'::text;
    image := image || jsonb_build_object('stage', stages[1]);
  end if;
  -- The flags come after the consents, which they would else seem to contradict.
  perform private.insert_image('public.contacts', image || jsonb_build_object('opted_out', false, 'do_not_call', false,
    'tags', private.consent_tags(array(select jsonb_array_elements_text(image -> 'tags')), false, false)));
  update public.contact_merges c set duplicate = image where c.id = m.id;
  return changed;
end
$$;
comment on function private.restore_duplicate(public.contact_merges) is
  'The duplicate is a contact again; returns the fields that it cannot have any more: a phone that is another contact''s, a member or stage that is gone.';

create function private.restore_conversation(m public.contact_merges, before jsonb) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  into_ uuid := (select t.merged_into from private.merged_conversations t where t.conversation_id = (before ->> 'id')::uuid);
  epoch int := (before ->> 'control_epoch')::int;
  after jsonb := (
    select r.after from private.merge_rows r
    where r.merge_id = m.id and r.relation = 'public.conversations' and r.after ->> 'id' = into_::text);
  v public.conversations := (select t from public.conversations t where t.id = into_);
begin
  -- Control has passed since: whatever a bot was told before is over.
  if v.control_epoch <> (after ->> 'control_epoch')::int then
    epoch := greatest(epoch, v.control_epoch) + 1;
  end if;
  before := before || jsonb_build_object('control_epoch', epoch);
  -- Who has read the one thread has read both.
  if v.read_until > (after ->> 'read_until')::timestamptz or after ->> 'read_until' is null and v.read_until is not null then
    before := before || jsonb_build_object('read_until', greatest(v.read_until, (before ->> 'read_until')::timestamptz));
  end if;
  if private.has_left(m.workspace_id, before) then
    perform private.insert_image('public.conversations', before || '{"assigned_to": null}');
    return jsonb_build_object(before ->> 'id', '{assigned_to}'::text[]);
  end if;
  perform private.insert_image('public.conversations', before);
  return '{}';
end
$$;
comment on function private.restore_conversation(public.contact_merges, jsonb) is
  'A conversation that went up in another is there again, as it was, but for what has been read or taken over since. Returns { id: [what it cannot have any more] }.';

create function private.restore_removed(m public.contact_merges) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  row_ private.merge_rows;
  touched jsonb := '{}';
begin
  for row_ in
    select * from private.merge_rows r where r.merge_id = m.id and r.after is null
      and r.relation <> 'public.contact_activity' order by r.seq desc
  loop
    if row_.relation = 'public.conversations' then
      touched := touched || private.restore_conversation(m, row_.before);
    else
      perform private.insert_image(row_.relation::regclass, row_.before);
    end if;
  end loop;
  return touched;
end
$$;
comment on function private.restore_removed(public.contact_merges) is
  'Rows that the merge removed are there again, those that others refer to first. Returns { id of a conversation: [what it cannot have any more] }.';

create function private.restore_changed(m public.contact_merges, relation text, now_ private.merge_image[]) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  row_ record;
  columns text[];
  touched jsonb := '{}';
begin
  for row_ in
    select n.key, case when o.has_left then r.before || '{"assigned_to": null}' else r.before end as before, r.after, n.image as now_, o.has_left
    from private.merge_rows r
    cross join lateral (
      select r.relation = 'public.conversations' and private.has_left(m.workspace_id, r.before) as has_left) as o
    join unnest(now_) n on n.relation = r.relation and n.key = coalesce(r.after ->> 'id', r.after ->> 'contact_id')::uuid
    where r.merge_id = m.id and r.relation = restore_changed.relation and r.before is not null and r.after is not null
    order by r.seq
  loop
    perform private.write_image(relation::regclass, row_.key,
      private.restored_columns(relation, row_.before, row_.after, row_.now_));
    columns := private.touched_columns(relation, row_.before, row_.after, row_.now_);
    if row_.has_left and not 'assigned_to' = any (columns) then
      columns := columns || 'assigned_to'::text;
    end if;
    if cardinality(columns) > 0 then
      touched := touched || jsonb_build_object(row_.key, columns);
    end if;
  end loop;
  return touched;
end
$$;
comment on function private.restore_changed(public.contact_merges, text, private.merge_image[]) is
  'Rows that the merge wrote over are as they were where nobody has touched them; now_: as they were when the undo began. Returns { id: [what was touched, or cannot be any more] }.';

create function private.remove_added(m public.contact_merges, relation text) returns void
language plpgsql
set search_path = ''
as $$
begin
  execute format('delete from %s t where t.id in (
    select (r.after ->> ''id'')::uuid from private.merge_rows r where r.merge_id = $1 and r.relation = $2 and r.before is null)', relation)
    using m.id, relation;
end
$$;
comment on function private.remove_added(public.contact_merges, text) is 'Rows that the merge made go.';

-- The whole -------------------------------------------------------------------------------------

create function private.lock_primary(m public.contact_merges) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  perform from public.contacts c where c.id = m.primary_id for update;
  -- It may have been merged itself while we waited for it, or parted from the one it was merged with.
  if not exists (select from public.contact_merges c where c.id = m.id and c.primary_id = m.primary_id) then
    raise sqlstate 'LB002';
  end if;
  return true;
exception when sqlstate 'LB002' then
  return false;
end
$$;
comment on function private.lock_primary(public.contact_merges) is
  'Locks the contact that a merge is of; false, with none locked, if that is another one by now.';

create function private.lock_merge(workspace uuid, merge uuid) returns public.contact_merges
language plpgsql
set search_path = ''
as $$
declare
  m public.contact_merges;
  newer uuid;
begin
  loop
    select * into m from public.contact_merges c where c.id = merge and c.workspace_id = workspace;
    if m.id is null then
      perform private.refuse(404, 'merge_not_found', 'There is no such merge.');
    end if;
    exit when private.lock_primary(m);
  end loop;
  select * into m from public.contact_merges c where c.id = merge;
  if m.undone_at is not null then
    perform private.refuse(409, 'merge_undone', 'The merge has been undone already.', jsonb_build_object('undone_at', m.undone_at));
  end if;
  newer := (select max(c.id::text)::uuid from public.contact_merges c
    where c.primary_id = m.primary_id and c.id > m.id and c.undone_at is null);
  if newer is not null then
    perform private.refuse(409, 'merge_not_latest', 'The contact was merged again since; undo that first.',
      jsonb_build_object('merge_id', newer));
  end if;
  perform from public.contact_activity a where a.contact_id = m.primary_id for update;
  perform from public.conversations v where v.contact_id = m.primary_id order by v.id for update;
  return m;
end
$$;
comment on function private.lock_merge(uuid, uuid) is
  'A merge that can be undone, its contact and conversations locked. 404 merge_not_found; 409 merge_undone, merge_not_latest with the merge_id that comes first.';

create function private.free_phone(m public.contact_merges) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  taken text := (
    select c.phone from public.contacts c
    where c.id = m.primary_id and c.phone_key = private.phone_key(private.digits(m.duplicate ->> 'phone')));
  r private.merge_rows;
begin
  if taken is null then
    return '{}';
  end if;
  select * into r from private.merge_rows t
  where t.merge_id = m.id and t.relation = 'public.contacts' and t.after ->> 'id' = m.primary_id::text;
  update public.contacts c set phone = r.before ->> 'phone', country = r.before ->> 'country' where c.id = m.primary_id;
  return case when taken is distinct from r.after ->> 'phone' then '{phone}' else '{}' end::text[];
end
$$;
comment on function private.free_phone(public.contact_merges) is
  'The duplicate''s number is the duplicate''s again, also where somebody has given it to the primary since, which is then returned as touched.';

create function private.finish_undo(m public.contact_merges) returns void
language plpgsql
set search_path = ''
as $$
declare
  actor private.actor := private.current_actor();
begin
  delete from private.merged_conversations t where t.merge_id = m.id;
  delete from private.merge_moves t where t.merge_id = m.id;
  delete from private.merge_rows t where t.merge_id = m.id;
  update public.contact_merges c set undone_at = now(), duplicate = '{}' where c.id = m.id;
  insert into public.activity_log (workspace_id, actor_type, actor_id, action, entity_type, entity_id, changes)
  values
    (m.workspace_id, actor.type, actor.id, 'contact.unmerged', 'contact', m.primary_id, jsonb_build_object('duplicate_id', m.duplicate_id)),
    (m.workspace_id, actor.type, actor.id, 'contact.unmerged', 'contact', m.duplicate_id, jsonb_build_object('primary_id', m.primary_id));
end
$$;
comment on function private.finish_undo(public.contact_merges) is 'What was kept for undoing is forgotten; the log says who undid what.';

create function private.undo_merge(workspace uuid, merge uuid) returns jsonb
language plpgsql
-- As private.merge_contact.
set search_path = '' set timezone = 'UTC'
as $$
declare
  m public.contact_merges := private.lock_merge(workspace, merge);
  begun uuid := private.uuid_v7();
  phone text[];
  now_ private.merge_image[];
  unrestored text[];
  fields jsonb;
  conversations jsonb;
  gone jsonb;
begin
  perform private.merging(true);
  phone := private.free_phone(m);
  now_ := private.merge_state(array[m.primary_id]);
  unrestored := private.restore_duplicate(m);
  select * into m from public.contact_merges c where c.id = m.id;
  conversations := private.restore_removed(m);
  gone := private.move_all_back(m);
  perform private.restore_changed(m, 'public.contact_consents', now_);
  perform private.remove_added(m, 'public.contact_consents');
  perform private.restore_changed(m, 'public.contact_assignments', now_);
  perform private.restore_changed(m, 'public.contact_activity', now_);
  perform private.write_image('public.contacts', m.duplicate_id, private.restorable('public.contacts',
    m.duplicate - '{message_count,last_contact_at,profile_name_at,username,username_at}'::text[]));
  perform private.write_image('public.contact_activity', m.duplicate_id, private.restorable('public.contact_activity',
    (select r.before from private.merge_rows r where r.merge_id = m.id and r.relation = 'public.contact_activity' and r.after is null)));
  fields := private.restore_changed(m, 'public.contacts', now_);
  conversations := conversations || private.restore_changed(m, 'public.conversations', now_);
  perform private.remove_added(m, 'public.contact_assignments');
  -- Those that giving both contacts back to whom they were assigned has just made.
  delete from public.contact_assignments a where a.contact_id in (m.primary_id, m.duplicate_id) and a.id > begun
    and uuid_extract_version(a.id) = 7;
  perform private.remove_added(m, 'public.contact_identities');
  perform private.return_identities(m);
  perform private.return_threads(m);
  perform private.return_arrivals(m);
  -- A conversation that went back may have what the primary said in it.
  perform private.return_messages(m.duplicate_id, m.primary_id, m.id), private.return_messages(m.primary_id, m.duplicate_id, m.id);
  perform private.return_calls(m.duplicate_id, m.primary_id, m.id), private.return_calls(m.primary_id, m.duplicate_id, m.id);
  if private.return_names(m) then
    fields := jsonb_set(fields, array[m.primary_id::text], (fields -> m.primary_id::text) - '{name,profile_name}'::text[], false);
  end if;
  perform private.return_score_events(m);
  perform private.follow_arrivals(m);
  perform private.show_reactions_of(m.primary_id), private.show_reactions_of(m.duplicate_id);
  perform private.return_consents(m);
  perform private.recount_sentiment(array[m.primary_id, m.duplicate_id]);
  perform private.recount_inbound(array[m.primary_id, m.duplicate_id]);
  -- From here on the merge says nothing of the primary any more.
  perform private.finish_undo(m);
  perform private.join_rescoring(array[m.primary_id, m.duplicate_id]);
  perform private.settle_sessions(array(
    select v.id from public.conversations v where v.contact_id in (m.primary_id, m.duplicate_id)));
  perform private.merging(false);
  return jsonb_build_object('fields', coalesce(fields -> m.primary_id::text, '[]') || to_jsonb(phone), 'duplicate_fields', unrestored,
    'conversations', conversations, 'arrived', private.arrived_since(m), 'gone', gone);
end
$$;
comment on function private.undo_merge(uuid, uuid) is
  'Both contacts are again what they were. Returns what was touched since: { fields: of the primary, kept as they are; duplicate_fields: that the duplicate cannot have any more; conversations: { id: fields }, also an assignee who has left; arrived: { table: rows } that came since and stay with the primary, since nothing says that they are the duplicate''s; gone: { table: rows } that are not there to be moved back }. 404 merge_not_found; 409 merge_undone, merge_not_latest.';
