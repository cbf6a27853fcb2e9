-- What of a row may be read and written: grants by column. What triggers and the service compute
-- cannot be written, a key's hash cannot be read.
begin;
set local search_path = public, extensions;
select plan(104);

-- The whole list, table by table, in the order of the columns.
create temp table writable (relation text, op text, columns text) on commit drop;
insert into writable values
  ('workspaces', 'update', 'name default_country stages routing time_zone quiet_hours_start quiet_hours_end deletion_history'),
  ('workspace_settings', 'insert', 'workspace_id currency inactive_after_days churned_after_days hot_lead_days stale_deal_days '
    'active_min_messages active_window_days grade_a grade_b grade_c grade_d grade_e score_weights vip_min_value vip_min_score auto_create_deals auto_close_won '
    'task_on_topic_exhaustion'),
  ('workspace_settings', 'update', 'currency inactive_after_days churned_after_days hot_lead_days stale_deal_days '
    'active_min_messages active_window_days grade_a grade_b grade_c grade_d grade_e score_weights vip_min_value vip_min_score auto_create_deals auto_close_won '
    'task_on_topic_exhaustion'),
  ('profiles', 'update', 'name avatar_url'),
  ('workspace_members', 'insert', 'workspace_id user_id role handle capacity'),
  ('workspace_members', 'update', 'role handle capacity'),
  ('member_presence', 'insert', 'workspace_id user_id state last_seen_at'),
  ('member_presence', 'update', 'state last_seen_at'),
  ('api_keys', 'insert', 'workspace_id name prefix key_hash scopes created_by expires_at'),
  ('api_keys', 'update', 'name revoked_at'),
  ('contacts', 'insert', 'workspace_id status sale_status source is_vip is_mystery_shopper is_contractor opted_out do_not_call stage '
    'tags channels assigned_to value email name phone company notes custom avatar_url country'),
  ('contacts', 'update', 'status sale_status source is_vip is_mystery_shopper is_contractor opted_out do_not_call stage '
    'tags channels assigned_to value email name phone company notes custom avatar_url country'),
  ('deals', 'insert', 'workspace_id contact_id stage_id title value currency own_probability expected_close_on assigned_to'),
  ('deals', 'update', 'stage_id title value currency status own_probability expected_close_on lost_reason assigned_to'),
  ('meetings', 'insert', 'workspace_id contact_id host_user_id title status starts_at ends_at location url'),
  ('meetings', 'update', 'host_user_id title status starts_at ends_at location url'),
  ('scoring_signals', 'insert', 'workspace_id name kind category points keywords language action description buying_intent cap half_life_days '
    'cooldown_hours is_active'),
  ('scoring_signals', 'update', 'name kind category points keywords language action description buying_intent cap half_life_days '
    'cooldown_hours is_active'),
  ('conversations', 'insert', 'workspace_id contact_id channel'),
  ('conversations', 'update', 'status phase ai_enabled bot_status control_epoch assigned_to'),
  ('internal_notes', 'insert', 'workspace_id contact_id conversation_id deal_id content'),
  ('saved_filters', 'insert', 'workspace_id name filter shared'),
  ('saved_filters', 'update', 'name filter shared');

create function pg_temp.granted(op text) returns table (relation text, columns text) language sql as $$
  select c.relname::text, string_agg(a.attname, ' ' order by a.attnum)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
  where n.nspname = 'public' and c.relkind in ('r', 'p', 'v', 'm') and a.attnum > 0 and not a.attisdropped
    and has_column_privilege('authenticated', c.oid, a.attnum, op)
  group by c.relname
$$;
select set_eq('select * from pg_temp.granted(''insert'')', $$ select relation, columns from writable where op = 'insert' $$,
  'authenticated may insert exactly these columns');
select set_eq('select * from pg_temp.granted(''update'')', $$ select relation, columns from writable where op = 'update' $$,
  'authenticated may update exactly these columns');
select set_eq(
  $$ select c.relname || '.' || a.attname
     from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
     where n.nspname = 'public' and c.relkind in ('r', 'p', 'v', 'm') and a.attnum > 0 and not a.attisdropped
       and c.relname <> 'whatsapp_pending_statuses'
       and not has_column_privilege('authenticated', c.oid, a.attnum, 'select') $$,
  array['api_keys.key_hash'], 'of the tables that are readable everything but the hash of a key is');
select is_empty(
  $$ select r from unnest(array['anon', 'authenticated']) r
     where has_table_privilege(r, 'public.whatsapp_pending_statuses', 'select') $$, 'waiting statuses are the service''s');
select is_empty(
  $$ select r, c.oid::regclass, p
     from unnest(array['anon', 'authenticated']) r, unnest(array['truncate', 'references', 'trigger', 'maintain']) p, pg_class c
     where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind in ('r', 'p', 'v', 'm')
       and has_table_privilege(r, c.oid, p) $$, 'nobody truncates or puts triggers on a table');
select set_eq(
  $$ select c.relname::text from pg_class c
     where c.relnamespace = 'private'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
       and has_any_column_privilege('authenticated', c.oid, 'select') $$,
  array['scoring_signal_records', 'contact_records', 'conversation_records', 'note_records', 'api_key_records', 'message_records',
    'whatsapp_number_records', 'import_records', 'saved_filter_records', 'pipeline_records', 'deal_records',
    'meeting_records', 'survey_records', 'survey_response_records', 'call_records', 'score_event_records'],
    'of schema private the records are readable');
select is_empty(
  $$ select c.relname from pg_class c, unnest(array['insert', 'update']) p
     where c.relnamespace = 'private'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
       and has_any_column_privilege('authenticated', c.oid, p) $$, 'of schema private nothing is writable');

-- Tried out, by who may do most: the owner of the workspace ----------------------------------------

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('column grants ' || label)::uuid $$;
insert into auth.users (id, email) values (pg_temp.id('owner'), 'owner@column-grants.example');
insert into workspaces (id, name) values (pg_temp.id('workspace'), 'Workspace');
insert into workspace_members (workspace_id, user_id, role, handle) values (pg_temp.id('workspace'), pg_temp.id('owner'), 'owner',
  'owner');
insert into contacts (id, workspace_id, name) values (pg_temp.id('contact'), pg_temp.id('workspace'), 'Contact');
create temp table not_writable on commit drop as
  select format('%s.%s', c.relname, a.attname) as name, c.relname as relation, a.attname as "column"
  from pg_class c join pg_attribute a on a.attrelid = c.oid
  where c.oid in ('contacts'::regclass, 'conversations'::regclass, 'internal_notes'::regclass, 'deals'::regclass, 'api_keys'::regclass)
    and a.attnum > 0 and a.attgenerated = '' and not exists (
      select from writable w where w.relation = c.relname and w.op = 'update' and a.attname = any (string_to_array(w.columns,
        ' ')));
grant select on not_writable to public;

do $$
begin
  perform set_config('request.jwt.claims', jsonb_build_object('role', 'authenticated', 'sub', pg_temp.id('owner'))::text, true),
    set_config('role', 'authenticated', true);
end
$$;

select throws_ok('select key_hash from api_keys', '42501', 'permission denied for table api_keys', 'the hash of a key is not read');
select throws_ok('select * from api_keys', '42501', 'permission denied for table api_keys', 'nor among all columns');
select throws_ok('update api_keys set key_hash = key_hash', '42501', 'permission denied for table api_keys', 'nor written over');
select throws_ok(
  format('insert into contacts (workspace_id, %I) values (%L, null)', "column", pg_temp.id('workspace')), '42501',
  'permission denied for table contacts', format('an owner inserts no %s', name))
from not_writable where relation = 'contacts' and "column" <> 'workspace_id';
select throws_ok(format('update %I set %2$I = %2$I', relation, "column"), '42501', format('permission denied for table %s',
  relation),
  format('an owner updates no %s', name))
from not_writable;
select lives_ok(
  $$ update contacts set name = 'Renamed', tags = '{new}', custom = '{"a": 1}', assigned_to = pg_temp.id('owner') $$,
  'an owner updates what people know');

select * from finish();
rollback;
