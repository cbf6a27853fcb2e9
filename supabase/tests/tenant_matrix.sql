-- Who reaches which rows: every table and view × every kind of caller × select, insert, update,
-- delete. The tables come from the catalogue, so that one without a line here fails.
begin;
set local search_path = public, extensions;
select plan(6522);

-- Callers --------------------------------------------------------------------------------------

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('tenant matrix ' || label)::uuid $$;

-- `outsider` is the owner of the other workspace: whatever the owner may do at home, the outsider
-- may do there and nothing of it here. `revoked` and `expired` are keys with every scope.
create temp table actors (name text primary key, place text, user_id uuid, role text, claims jsonb) on commit drop;
insert into actors (name, place) values
  ('anon', 'nowhere'), ('outsider', 'away'), ('agent', 'home'), ('admin', 'home'), ('owner', 'home'),
  ('contacts:read', 'home'), ('contacts:write', 'home'), ('contacts:delete', 'home'), ('conversations:read', 'home'),
  ('conversations:write', 'home'), ('notes:read', 'home'), ('notes:write', 'home'), ('settings:read', 'home'),
  ('settings:write', 'home'), ('*', 'home'), ('revoked', 'home'), ('expired', 'home');
update actors set
  user_id = case when name in ('outsider', 'agent', 'admin', 'owner') then pg_temp.id(name) end,
  role = case when name = 'anon' then 'anon' else 'authenticated' end,
  claims = case
    when name = 'anon' then '{"role": "anon"}'
    when name in ('outsider', 'agent', 'admin', 'owner')
      then jsonb_build_object('role', 'authenticated', 'sub', pg_temp.id(name))
    else jsonb_build_object('role', 'authenticated', 'workspace_id', pg_temp.id(place), 'api_key_id', pg_temp.id(name))
  end;
grant select on actors to public;

-- A home and an away with rows in every table --------------------------------------------------

insert into auth.users (id, email)
select pg_temp.id(name), name || '@tenant-matrix.example'
from unnest(array['outsider', 'agent', 'admin', 'owner', 'spare']) name;

insert into workspaces (id, name) values (pg_temp.id('home'), 'Home'), (pg_temp.id('away'), 'Away');
insert into workspace_settings (workspace_id) values (pg_temp.id('home')), (pg_temp.id('away'));
insert into workspace_members (workspace_id, user_id, role, handle)
select pg_temp.id(place), user_id, case name when 'outsider' then 'owner' else name end::member_role, name
from actors where user_id is not null;
insert into member_presence (workspace_id, user_id) select workspace_id, user_id from workspace_members
  where user_id in (select user_id from actors);
insert into api_keys (id, workspace_id, name, prefix, key_hash, scopes, expires_at, revoked_at)
select pg_temp.id(name), pg_temp.id(place), name, 'lb_matrix00', sha256(convert_to('tenant matrix ' || name, 'UTF8')),
  array[case when name in ('revoked', 'expired', 'away key') then '*' else name end],
  case when name = 'expired' then now() - interval '1 second' end, case when name = 'revoked' then now() end
from (select name, place from actors where claims ? 'api_key_id' union all values ('away key', 'away')) keys;

do $$
declare
  place text;
  person uuid;
begin
  foreach place in array array['home', 'away'] loop
    person := pg_temp.id(case place when 'home' then 'agent' else 'outsider' end);
    insert into contacts (id, workspace_id, name, phone, assigned_to) values
      (pg_temp.id(place || ' contact'), pg_temp.id(place), 'Known', '+34600111222', person),
      (pg_temp.id(place || ' quiet contact'), pg_temp.id(place), 'Quiet', null, null);
    insert into contact_identities (workspace_id, contact_id, channel, external_id)
    values (pg_temp.id(place), pg_temp.id(place || ' contact'), 'whatsapp', '34600111222');
    insert into whatsapp_numbers (phone_number_id, workspace_id, display_phone_number)
    values (case place when 'home' then '987000000000001' else '987000000000002' end, pg_temp.id(place), '34910000001');
    insert into conversations (id, workspace_id, contact_id)
    values (pg_temp.id(place || ' conversation'), pg_temp.id(place), pg_temp.id(place || ' contact'));
    insert into messages (workspace_id, conversation_id, contact_id, direction, sender_type, type, status, wa_message_id)
    values (pg_temp.id(place), pg_temp.id(place || ' conversation'), pg_temp.id(place || ' contact'), 'inbound',
      'contact', 'text', 'received', 'wamid.MATRIX.' || place);
    insert into message_changes (workspace_id, phone_number_id, wa_message_id, target_wa_message_id, kind, happened_at)
    values (pg_temp.id(place), '1', 'wamid.CHANGE.' || place, 'wamid.MATRIX.' || place, 'revoke', now());
    insert into contact_consents (workspace_id, contact_id, kind, granted, source, happened_at)
    values (pg_temp.id(place), pg_temp.id(place || ' contact'), 'marketing', true, 'keyword', now());
    update contacts set stage = 'closing' where id = pg_temp.id(place || ' contact');
    perform private.fold_contact_kpis(pg_temp.id(place));
    insert into pipeline_stages (id, workspace_id, pipeline_id, name, position, probability)
    select pg_temp.id(place || ' stage'), p.workspace_id, p.id, 'Last', 9, 90 from pipelines p where p.workspace_id = pg_temp.id(place);
    insert into deals (id, workspace_id, contact_id, title)
    values (pg_temp.id(place || ' deal'), pg_temp.id(place), pg_temp.id(place || ' contact'), 'Deal');
    insert into scoring_signals (workspace_id, name, kind, category, points, keywords)
    values (pg_temp.id(place), 'Price', 'keyword', 'intent', 5, '{price}');
    insert into score_events (workspace_id, contact_id, points, occurred_at)
    values (pg_temp.id(place), pg_temp.id(place || ' contact'), 5, now());
    perform private.put_off(array[pg_temp.id(place || ' contact')]);
    insert into private.clock (shift) values ('0') on conflict do nothing;
    insert into meetings (id, workspace_id, contact_id, title, starts_at)
    values (pg_temp.id(place || ' meeting'), pg_temp.id(place), pg_temp.id(place || ' contact'), 'Meeting', now());
    insert into surveys (id, workspace_id, name, questions) values (pg_temp.id(place || ' survey'), pg_temp.id(place), 'Survey', '[]');
    insert into survey_responses (workspace_id, survey_id, contact_id, answers)
    values (pg_temp.id(place), pg_temp.id(place || ' survey'), pg_temp.id(place || ' contact'), '[]');
    insert into calls (workspace_id, contact_id, direction, status, started_at)
    values (pg_temp.id(place), pg_temp.id(place || ' contact'), 'inbound', 'ringing', now());
    insert into saved_filters (workspace_id, owner_id, name, filter, shared)
    values (pg_temp.id(place), null, 'Shared', '{"is_vip": true}', true);
    insert into contact_merges (workspace_id, primary_id, duplicate_id, actor_type, duplicate)
    values (pg_temp.id(place), pg_temp.id(place || ' contact'), pg_temp.id(place || ' gone contact'), 'system', '{}');
    insert into private.contact_tag_deltas (workspace_id, tag, delta) values (pg_temp.id(place), 'matrix', 1);
    insert into private.merge_moves (merge_id, relation, attributes, keys)
    select id, 'messages', '{}', '{}' from contact_merges where workspace_id = pg_temp.id(place);
    insert into private.merge_rows (merge_id, relation)
    select id, 'contacts' from contact_merges where workspace_id = pg_temp.id(place);
    insert into private.merged_conversations (conversation_id, merged_into, merge_id)
    select pg_temp.id(place || ' gone conversation'), pg_temp.id(place || ' conversation'), id
    from contact_merges where workspace_id = pg_temp.id(place);
    insert into private.identities_together (identity_id, other_id)
    select i.id, i.id from contact_identities i where i.workspace_id = pg_temp.id(place);
    insert into private.identity_links (workspace_id, channel, external_id, other_channel, other_id)
    values (pg_temp.id(place), 'whatsapp', '34600111333 ' || place, 'whatsapp_bsuid', 'ES.3');
    insert into private.whatsapp_tokens (phone_number_id, sealed)
    values (case place when 'home' then '987000000000001' else '987000000000002' end, '\x00');
    perform private.enqueue_outbox(pg_temp.id(place || ' signal'), pg_temp.id(place), pg_temp.id(place || ' conversation'), null,
      case place when 'home' then '987000000000001' else '987000000000002' end, 'read', '{}');
    insert into private.outbox_rates (phone_number_id)
    values (case place when 'home' then '987000000000001' else '987000000000002' end);
    insert into contact_imports (id, workspace_id, size_bytes, on_conflict, dry_run, columns, actor_type)
    values (pg_temp.id(place || ' import'), pg_temp.id(place), 0, 'skip', false, '[]', 'system');
    insert into private.import_chunks (upload_id, n, bytes) values (pg_temp.id(place || ' import'), 0, '');
    insert into private.import_rows (import_id, "row", phone, data) values (pg_temp.id(place || ' import'), 1, '+34600111222', '{}');
    insert into private.import_errors (import_id, "row", n, code, message)
    values (pg_temp.id(place || ' import'), 1, 1, 'required', 'Required.');
    insert into private.import_changes (import_id, "row", contact_id, created, version)
    values (pg_temp.id(place || ' import'), 1, pg_temp.id(place || ' contact'), false, 1);
    perform private.use_sentiment_model(true);
    insert into private.sentiment_queue (message_id)
    select m.id from messages m where m.wa_message_id = 'wamid.MATRIX.' || place on conflict do nothing;
    insert into message_media (workspace_id, message_id, phone_number_id, whatsapp_media_id)
    select m.workspace_id, m.id, '1', '1' from messages m where m.wa_message_id = 'wamid.MATRIX.' || place;
    insert into whatsapp_events (workspace_id, field, payload, dedupe_key)
    values (pg_temp.id(place), 'account_alerts', '{}', convert_to('tenant matrix ' || place, 'UTF8'));
    insert into whatsapp_pending_statuses (phone_number_id, wa_message_id, status, status_at)
    values (case place when 'home' then '987000000000001' else '987000000000002' end, 'wamid.LATER', 'read', now());
    insert into deletion_receipts (id, workspace_id, actor_type, history, requested)
    values (pg_temp.id(place || ' receipt'), pg_temp.id(place), 'system', 'keep', 1);
    insert into retained_conversations (id, workspace_id, pseudonym, channel, message_count)
    values (pg_temp.id(place || ' retained'), pg_temp.id(place), 'person-1', 'whatsapp', 1);
    insert into retained_messages (workspace_id, conversation_id, direction, sender_type, type, status, sent_at)
    values (pg_temp.id(place), pg_temp.id(place || ' retained'), 'inbound', 'contact', 'text', 'received', now());
    insert into private.erasure_keys (receipt_id, key) values (pg_temp.id(place || ' receipt'), '34600111222');
    insert into private.suppressions (workspace_id, hash, kind, refused_at) values (pg_temp.id(place), '\x00', 'marketing', now());
    perform private.start_batch_job('matrix', pg_temp.id(place), '{}', format('select %L::uuid', pg_temp.id(place || ' contact')));
  end loop;
end
$$;
-- A note by each who may write one, because its author may delete it.
insert into internal_notes (workspace_id, contact_id, content, author_user_id, author_api_key_id)
select pg_temp.id(place), pg_temp.id(place || ' contact'), name, user_id,
  case when user_id is null then pg_temp.id(name) end
from actors where name in ('agent', 'admin', 'owner', 'outsider', 'notes:write', '*');

insert into private.webhook_deliveries (id, body, status) values (pg_temp.id('delivery'), '{}', 'processed');
insert into private.webhook_failures (delivery_id, item, error) values (pg_temp.id('delivery'), '{}', 'none');
insert into private.unclaimed_updates (id, phone_number_id, body, countries, dedupe_key)
values (pg_temp.id('unclaimed'), '987000000000009', '{}', '{}', 'tenant matrix');
insert into private.idempotency_keys (principal_id, key_hash, request_hash, answer) values ('tenant matrix', '\x00', '', '\x00');
insert into private.media_removals (storage_path) values ('tenant matrix');
insert into private.forgotten_updates (hash) values ('\x00');
insert into private.rate_limits (principal_id, window_minute, calls) values ('tenant matrix', 1, 1);

-- How each table is tried ----------------------------------------------------------------------

create temp table relations (
  name text primary key,
  key text not null, -- names a row
  place text,        -- the workspace a row belongs to; null: to none
  person text,       -- the actor a row is the own of
  new_row text,      -- an insert's columns and values; {place} is home or away
  change text,       -- an update's set clause
  beforehand text    -- what makes room for the new row
) on commit drop;
-- Those that can be written.
insert into relations (name, key, place, person, new_row, change, beforehand) values
  ('public.workspaces', 'id', 'id', null, null, $$name = 'Changed'$$, null),
  ('public.workspace_settings', 'workspace_id', 'workspace_id', null,
    $$(workspace_id) values (pg_temp.id('{place}'))$$, 'grade_a = 99', 'delete from public.workspace_settings'),
  ('public.profiles', 'user_id', '(select pg_temp.id(a.place) from actors a where a.user_id = t.user_id)',
    '(select a.name from actors a where a.user_id = t.user_id)', null, $$name = 'Changed'$$, null),
  ('public.workspace_members', 'user_id', 'workspace_id', $$case when role <> 'owner' then 'no owner' end$$,
    $$(workspace_id, user_id, handle) values (pg_temp.id('{place}'), pg_temp.id('spare'), 'spare')$$, 'capacity = 7', null),
  ('public.member_presence', 'user_id', 'workspace_id', '(select a.name from actors a where a.user_id = t.user_id)',
    $$(workspace_id, user_id) values (pg_temp.id('{place}'), (select auth.uid()))$$, $$state = 'away'$$,
    'delete from public.member_presence'),
  ('public.api_keys', 'id', 'workspace_id', $$case when revoked_at is null then 'not revoked' end$$,
    $$(workspace_id, name, prefix, key_hash, scopes, created_by)
      values (pg_temp.id('{place}'), 'New', 'lb_12345678', sha256('new'), '{*}', (select auth.uid()))$$, $$name = 'Changed'$$, null),
  ('public.contacts', 'id', 'workspace_id', null,
    $$(workspace_id, name) values (pg_temp.id('{place}'), 'New')$$, $$name = 'Changed'$$, null),
  ('public.conversations', 'id', 'workspace_id', null,
    $$(workspace_id, contact_id) values (pg_temp.id('{place}'), pg_temp.id('{place} quiet contact'))$$, 'ai_enabled = ai_enabled', null),
  ('public.saved_filters', 'id', 'workspace_id', null,
    $$(workspace_id, name, filter, shared) values (pg_temp.id('{place}'), 'New', '{"is_vip": true}', true)$$, 'name = name', null),
  ('public.deals', 'id', 'workspace_id', null,
    $$(workspace_id, contact_id, title) values (pg_temp.id('{place}'), pg_temp.id('{place} contact'), 'New')$$, $$title = 'Changed'$$, null),
  ('public.scoring_signals', 'id', 'workspace_id', null,
    $$(workspace_id, name, kind, category, points) values (pg_temp.id('{place}'), 'New', 'manual', 'fit', 5)$$, 'points = 7', null),
  ('public.meetings', 'id', 'workspace_id', null,
    $$(workspace_id, contact_id, title, starts_at) values (pg_temp.id('{place}'), pg_temp.id('{place} contact'), 'New', now())$$,
    $$title = 'Changed'$$, null),
  ('public.internal_notes', 'id', 'workspace_id',
    '(select a.name from actors a where pg_temp.id(a.name) = coalesce(t.author_user_id, t.author_api_key_id))',
    $$(workspace_id, contact_id, content) values (pg_temp.id('{place}'), pg_temp.id('{place} contact'), 'New')$$, null, null);
-- Those that cannot: a write of anything has to be refused.
insert into relations (name, key, place) values
  ('public.activity_log', 'id', 'workspace_id'),
  ('public.contact_activity', 'contact_id', 'workspace_id'),
  ('public.contact_identities', 'id', 'workspace_id'),
  ('public.contact_assignments', 'id', 'workspace_id'),
  ('public.contact_history', 'id', 'workspace_id'),
  ('public.pipelines', 'id', 'workspace_id'),
  ('public.surveys', 'id', 'workspace_id'),
  ('public.survey_responses', 'id', 'workspace_id'),
  ('public.score_events', 'id', 'workspace_id'),
  ('public.pipeline_stages', 'id', 'workspace_id'),
  ('public.contact_consents', 'id', 'workspace_id'),
  ('public.contact_merges', 'id', 'workspace_id'),
  ('public.contact_imports', 'id', 'workspace_id'),
  ('public.deletion_receipts', 'id', 'workspace_id'),
  ('public.retained_conversations', 'id', 'workspace_id'),
  ('public.retained_messages', 'id', 'workspace_id'),
  ('public.whatsapp_numbers', 'phone_number_id', 'workspace_id'),
  ('public.whatsapp_conversations', 'id', 'workspace_id'),
  ('public.messages', 'id', 'workspace_id'),
  ('public.message_changes', 'id', 'workspace_id'),
  ('public.message_media', 'id', 'workspace_id'),
  ('public.calls', 'id', 'workspace_id'),
  ('public.whatsapp_events', 'id', 'workspace_id'),
  ('public.whatsapp_pending_statuses', 'phone_number_id',
    '(select n.workspace_id from public.whatsapp_numbers n where n.phone_number_id = t.phone_number_id)'),
  ('private.secrets', 'name', null),
  ('private.contact_kpi_deltas', 'workspace_id', 'workspace_id'),
  ('private.kpi_log', 'workspace_id', 'workspace_id'),
  ('private.conversation_sessions', 'id', 'workspace_id'),
  ('private.kpi_log_sums', 'workspace_id', 'workspace_id'),
  ('private.contact_tag_deltas', 'workspace_id', 'workspace_id'),
  ('private.scoring_templates', 'name', null),
  ('private.scoring_signal_records', 'id', '(select s.workspace_id from public.scoring_signals s where s.id = t.id)'),
  ('private.signal_queries', 'signal_id', '(select s.workspace_id from public.scoring_signals s where s.id = t.signal_id)'),
  ('private.signal_matchers', 'workspace_id', 'workspace_id'),
  ('private.identity_links', 'external_id', 'workspace_id'),
  ('private.identities_together', 'identity_id', '(select i.workspace_id from public.contact_identities i where i.id = t.identity_id)'),
  ('private.consent_words', 'word', null),
  ('private.merge_moves', 'merge_id', '(select m.workspace_id from public.contact_merges m where m.id = t.merge_id)'),
  ('private.merge_rows', 'merge_id', '(select m.workspace_id from public.contact_merges m where m.id = t.merge_id)'),
  ('private.merged_conversations', 'merge_id', '(select m.workspace_id from public.contact_merges m where m.id = t.merge_id)'),
  ('private.sentiment_words', 'word', null),
  ('private.sentiment_model', 'is_on', null),
  ('private.clock', 'is_set', null),
  ('private.due_contacts', 'contact_id', 'workspace_id'),
  ('private.sentiment_queue', 'message_id', '(select m.workspace_id from public.messages m where m.id = t.message_id)'),
  ('private.unclaimed_updates', 'id', null),
  ('private.whatsapp_tokens', 'phone_number_id',
    '(select n.workspace_id from public.whatsapp_numbers n where n.phone_number_id = t.phone_number_id)'),
  ('private.outbox', 'id', 'workspace_id'),
  ('private.outbox_lanes', 'conversation_id',
    '(select v.workspace_id from public.conversations v where v.id = t.conversation_id)'),
  ('private.outbox_rates', 'phone_number_id',
    '(select n.workspace_id from public.whatsapp_numbers n where n.phone_number_id = t.phone_number_id)'),
  ('private.batch_jobs', 'id', 'workspace_id'),
  ('private.batch_job_parts', 'job_id', '(select j.workspace_id from private.batch_jobs j where j.id = t.job_id)'),
  ('private.import_chunks', 'upload_id', '(select i.workspace_id from public.contact_imports i where i.id = t.upload_id)'),
  ('private.import_rows', 'import_id', '(select i.workspace_id from public.contact_imports i where i.id = t.import_id)'),
  ('private.import_errors', 'import_id', '(select i.workspace_id from public.contact_imports i where i.id = t.import_id)'),
  ('private.import_changes', 'import_id', '(select i.workspace_id from public.contact_imports i where i.id = t.import_id)'),
  ('private.import_records', 'id', '(select i.workspace_id from public.contact_imports i where i.id = t.id)'),
  ('private.webhook_deliveries', 'id', null),
  ('private.webhook_failures', 'id', null),
  ('private.idempotency_keys', 'principal_id', null),
  ('private.rate_limits', 'principal_id', null),
  ('private.media_removals', 'storage_path', null),
  ('private.forgotten_updates', 'hash', null),
  ('private.suppressions', 'workspace_id', 'workspace_id'),
  ('private.erasure_keys', 'receipt_id', '(select r.workspace_id from public.deletion_receipts r where r.id = t.receipt_id)'),
  ('private.meeting_records', 'id', '(select m.workspace_id from public.meetings m where m.id = t.id)'),
  ('private.survey_records', 'id', '(select s.workspace_id from public.surveys s where s.id = t.id)'),
  ('private.score_event_records', 'id', '(select e.workspace_id from public.score_events e where e.id = t.id)'),
  ('private.survey_response_records', 'id', '(select r.workspace_id from public.survey_responses r where r.id = t.id)'),
  ('private.call_records', 'id', '(select l.workspace_id from public.calls l where l.id = t.id)'),
  ('private.pipeline_records', 'id', '(select p.workspace_id from public.pipelines p where p.id = t.id)'),
  ('private.deal_records', 'id', '(select d.workspace_id from public.deals d where d.id = t.id)'),
  ('private.contact_records', 'id', '(select c.workspace_id from public.contacts c where c.id = t.id)'),
  ('private.conversation_records', 'id', '(select v.workspace_id from public.conversations v where v.id = t.id)'),
  ('private.saved_filter_records', 'id', '(select s.workspace_id from public.saved_filters s where s.id = t.id)'),
  ('private.note_records', 'id', '(select n.workspace_id from public.internal_notes n where n.id = t.id)'),
  ('private.whatsapp_number_records', 'phone_number_id',
    '(select n.workspace_id from public.whatsapp_numbers n where n.phone_number_id = t.phone_number_id)'),
  ('private.message_records', 'id', '(select m.workspace_id from public.messages m where m.id = t.id)'),
  ('private.api_key_records', 'id', '(select k.workspace_id from public.api_keys k where k.id = t.id)');

-- What is expected -----------------------------------------------------------------------------
--
-- rows    exactly the rows of the caller's own workspace (insert: into it)
-- own     exactly the caller's own rows of them
-- unowned exactly the members that are no owners
-- unrevoked exactly the keys that are not revoked
-- none    no row and no error: a policy hides them
-- denied  42501
-- static  55000: a view of several tables takes no writes, from anybody
--
-- `others` are all that are not named for that table and operation; but anon, unless named, is denied.

create temp table expected (relation text, op text, callers text, outcome text) on commit drop;
insert into expected values
  ('public.workspaces', 'select', 'outsider agent admin owner settings:read settings:write *', 'rows'),
  ('public.workspaces', 'select', 'others', 'none'),
  ('public.workspaces', 'insert', 'others', 'denied'),
  ('public.workspaces', 'update', 'outsider admin owner settings:write *', 'rows'),
  ('public.workspaces', 'update', 'others', 'none'),
  ('public.workspaces', 'delete', 'others', 'denied'),

  ('public.workspace_settings', 'select', 'outsider agent admin owner settings:read settings:write *', 'rows'),
  ('public.workspace_settings', 'select', 'others', 'none'),
  ('public.workspace_settings', 'insert', 'outsider admin owner settings:write *', 'rows'),
  ('public.workspace_settings', 'insert', 'others', 'denied'),
  ('public.workspace_settings', 'update', 'outsider admin owner settings:write *', 'rows'),
  ('public.workspace_settings', 'update', 'others', 'none'),
  ('public.workspace_settings', 'delete', 'others', 'denied'),

  ('public.profiles', 'select', 'outsider agent admin owner settings:read *', 'rows'),
  ('public.profiles', 'select', 'others', 'none'),
  ('public.profiles', 'insert', 'others', 'denied'),
  ('public.profiles', 'update', 'outsider agent admin owner', 'own'),
  ('public.profiles', 'update', 'others', 'none'),
  ('public.profiles', 'delete', 'others', 'denied'),

  ('public.workspace_members', 'select', 'outsider agent admin owner settings:read *', 'rows'),
  ('public.workspace_members', 'select', 'others', 'none'),
  ('public.workspace_members', 'insert', 'outsider admin owner', 'rows'),
  ('public.workspace_members', 'insert', 'others', 'denied'),
  ('public.workspace_members', 'update', 'outsider admin owner', 'unowned'),
  ('public.workspace_members', 'update', 'others', 'none'),
  ('public.workspace_members', 'delete', 'outsider admin owner', 'unowned'),
  ('public.workspace_members', 'delete', 'others', 'none'),

  ('public.member_presence', 'select', 'outsider agent admin owner settings:read *', 'rows'),
  ('public.member_presence', 'select', 'others', 'none'),
  ('public.member_presence', 'insert', 'outsider agent admin owner', 'rows'),
  ('public.member_presence', 'insert', 'others', 'denied'),
  ('public.member_presence', 'update', 'outsider agent admin owner', 'own'),
  ('public.member_presence', 'update', 'others', 'none'),
  ('public.member_presence', 'delete', 'outsider agent admin owner', 'own'),
  ('public.member_presence', 'delete', 'others', 'none'),

  -- No key manages keys, whatever its scopes.
  ('public.api_keys', 'select', 'outsider admin owner', 'rows'),
  ('public.api_keys', 'select', 'others', 'none'),
  ('public.api_keys', 'insert', 'outsider admin owner', 'rows'),
  ('public.api_keys', 'insert', 'others', 'denied'),
  ('public.api_keys', 'update', 'outsider admin owner', 'unrevoked'),
  ('public.api_keys', 'update', 'others', 'none'),
  ('public.api_keys', 'delete', 'others', 'denied'),

  ('public.activity_log', 'select', 'outsider agent admin owner contacts:read *', 'rows'),
  ('public.activity_log', 'select', 'others', 'none'),
  ('public.activity_log', 'insert', 'others', 'denied'),
  ('public.activity_log', 'update', 'others', 'denied'),
  ('public.activity_log', 'delete', 'others', 'denied'),

  ('public.contacts', 'select',
    'outsider agent admin owner contacts:read contacts:write contacts:delete conversations:read conversations:write *', 'rows'),
  ('public.contacts', 'select', 'others', 'none'),
  ('public.contacts', 'insert', 'outsider agent admin owner contacts:write *', 'rows'),
  ('public.contacts', 'insert', 'others', 'denied'),
  ('public.contacts', 'update', 'outsider agent admin owner contacts:write *', 'rows'),
  ('public.contacts', 'update', 'others', 'none'),
  ('public.contacts', 'delete', 'others', 'denied'),

  ('public.contact_activity', 'select',
    'outsider agent admin owner contacts:read contacts:write contacts:delete conversations:read conversations:write *', 'rows'),
  ('public.contact_activity', 'select', 'others', 'none'),
  ('public.contact_activity', 'insert', 'others', 'denied'),
  ('public.contact_activity', 'update', 'others', 'denied'),
  ('public.contact_activity', 'delete', 'others', 'denied'),

  ('public.contact_identities', 'select', 'outsider agent admin owner contacts:read contacts:write *', 'rows'),
  ('public.contact_identities', 'select', 'others', 'none'),
  ('public.contact_identities', 'insert', 'others', 'denied'),
  ('public.contact_identities', 'update', 'others', 'denied'),
  ('public.contact_identities', 'delete', 'others', 'denied'),

  ('public.contact_assignments', 'select', 'outsider agent admin owner contacts:read *', 'rows'),
  ('public.contact_assignments', 'select', 'others', 'none'),
  ('public.contact_assignments', 'insert', 'others', 'denied'),
  ('public.contact_assignments', 'update', 'others', 'denied'),
  ('public.contact_assignments', 'delete', 'others', 'denied'),

  ('public.pipelines', 'select',
    'outsider agent admin owner contacts:read contacts:write settings:read settings:write *', 'rows'),
  ('public.pipelines', 'select', 'others', 'none'),
  ('public.pipelines', 'insert', 'others', 'denied'),
  ('public.pipelines', 'update', 'others', 'denied'),
  ('public.pipelines', 'delete', 'others', 'denied'),

  ('public.pipeline_stages', 'select',
    'outsider agent admin owner contacts:read contacts:write settings:read settings:write *', 'rows'),
  ('public.pipeline_stages', 'select', 'others', 'none'),
  ('public.pipeline_stages', 'insert', 'others', 'denied'),
  ('public.pipeline_stages', 'update', 'others', 'denied'),
  ('public.pipeline_stages', 'delete', 'others', 'denied'),

  ('public.deals', 'select', 'outsider agent admin owner contacts:read contacts:write *', 'rows'),
  ('public.deals', 'select', 'others', 'none'),
  ('public.deals', 'insert', 'outsider agent admin owner contacts:write *', 'rows'),
  ('public.deals', 'insert', 'others', 'denied'),
  ('public.deals', 'update', 'outsider agent admin owner contacts:write *', 'rows'),
  ('public.deals', 'update', 'others', 'none'),
  ('public.deals', 'delete', 'outsider agent admin owner contacts:write *', 'rows'),
  ('public.deals', 'delete', 'others', 'none'),

  ('public.scoring_signals', 'select', 'outsider agent admin owner settings:read settings:write *', 'rows'),
  ('public.scoring_signals', 'select', 'others', 'none'),
  ('public.scoring_signals', 'insert', 'outsider admin owner settings:write *', 'rows'),
  ('public.scoring_signals', 'insert', 'others', 'denied'),
  ('public.scoring_signals', 'update', 'outsider admin owner settings:write *', 'rows'),
  ('public.scoring_signals', 'update', 'others', 'none'),
  ('public.scoring_signals', 'delete', 'outsider admin owner settings:write *', 'rows'),
  ('public.scoring_signals', 'delete', 'others', 'none'),

  ('public.meetings', 'select', 'outsider agent admin owner contacts:read contacts:write *', 'rows'),
  ('public.meetings', 'select', 'others', 'none'),
  ('public.meetings', 'insert', 'outsider agent admin owner contacts:write *', 'rows'),
  ('public.meetings', 'insert', 'others', 'denied'),
  ('public.meetings', 'update', 'outsider agent admin owner contacts:write *', 'rows'),
  ('public.meetings', 'update', 'others', 'none'),
  ('public.meetings', 'delete', 'outsider agent admin owner contacts:write *', 'rows'),
  ('public.meetings', 'delete', 'others', 'none'),

  ('public.surveys', 'select', 'outsider agent admin owner contacts:read contacts:write settings:read settings:write *', 'rows'),
  ('public.surveys', 'select', 'others', 'none'),
  ('public.surveys', 'insert', 'others', 'denied'),
  ('public.surveys', 'update', 'others', 'denied'),
  ('public.surveys', 'delete', 'others', 'denied'),

  ('public.score_events', 'select', 'outsider agent admin owner contacts:read contacts:write *', 'rows'),
  ('public.score_events', 'select', 'others', 'none'),
  ('public.score_events', 'insert', 'others', 'denied'),
  ('public.score_events', 'update', 'others', 'denied'),
  ('public.score_events', 'delete', 'others', 'denied'),
  ('public.survey_responses', 'select', 'outsider agent admin owner contacts:read contacts:write *', 'rows'),
  ('public.survey_responses', 'select', 'others', 'none'),
  ('public.survey_responses', 'insert', 'others', 'denied'),
  ('public.survey_responses', 'update', 'others', 'denied'),
  ('public.survey_responses', 'delete', 'others', 'denied'),

  ('public.contact_history', 'select', 'outsider agent admin owner contacts:read *', 'rows'),
  ('public.contact_history', 'select', 'others', 'none'),
  ('public.contact_history', 'insert', 'others', 'denied'),
  ('public.contact_history', 'update', 'others', 'denied'),
  ('public.contact_history', 'delete', 'others', 'denied'),

  ('public.contact_consents', 'select', 'outsider agent admin owner contacts:read *', 'rows'),
  ('public.contact_consents', 'select', 'others', 'none'),
  ('public.contact_consents', 'insert', 'others', 'denied'),
  ('public.contact_consents', 'update', 'others', 'denied'),
  ('public.contact_consents', 'delete', 'others', 'denied'),

  ('public.contact_merges', 'select', 'outsider agent admin owner contacts:read *', 'rows'),
  ('public.contact_merges', 'select', 'others', 'none'),
  ('public.contact_merges', 'insert', 'others', 'denied'),
  ('public.contact_merges', 'update', 'others', 'denied'),
  ('public.contact_merges', 'delete', 'others', 'denied'),

  ('public.contact_imports', 'select', 'outsider agent admin owner contacts:write *', 'rows'),
  ('public.contact_imports', 'select', 'others', 'none'),
  ('public.contact_imports', 'insert', 'others', 'denied'),
  ('public.contact_imports', 'update', 'others', 'denied'),
  ('public.contact_imports', 'delete', 'others', 'denied'),
  ('public.deletion_receipts', 'select', 'outsider admin owner contacts:delete *', 'rows'),
  ('public.deletion_receipts', 'select', 'others', 'none'),
  ('public.deletion_receipts', 'insert', 'others', 'denied'),
  ('public.deletion_receipts', 'update', 'others', 'denied'),
  ('public.deletion_receipts', 'delete', 'others', 'denied'),

  -- What deleted people said is shown to no key.
  ('public.retained_conversations', 'select', 'outsider admin owner', 'rows'),
  ('public.retained_conversations', 'select', 'others', 'none'),
  ('public.retained_conversations', 'insert', 'others', 'denied'),
  ('public.retained_conversations', 'update', 'others', 'denied'),
  ('public.retained_conversations', 'delete', 'others', 'denied'),
  ('public.retained_messages', 'select', 'outsider admin owner', 'rows'),
  ('public.retained_messages', 'select', 'others', 'none'),
  ('public.retained_messages', 'insert', 'others', 'denied'),
  ('public.retained_messages', 'update', 'others', 'denied'),
  ('public.retained_messages', 'delete', 'others', 'denied'),

  ('public.whatsapp_numbers', 'select', 'outsider agent admin owner settings:read *', 'rows'),
  ('public.whatsapp_numbers', 'select', 'others', 'none'),
  ('public.whatsapp_numbers', 'insert', 'others', 'denied'),
  ('public.whatsapp_numbers', 'update', 'others', 'denied'),
  ('public.whatsapp_numbers', 'delete', 'others', 'denied'),

  ('public.conversations', 'select', 'outsider agent admin owner conversations:read conversations:write contacts:read *', 'rows'),
  ('public.conversations', 'select', 'others', 'none'),
  ('public.conversations', 'insert', 'outsider agent admin owner conversations:write *', 'rows'),
  ('public.conversations', 'insert', 'others', 'denied'),
  ('public.conversations', 'update', 'outsider agent admin owner conversations:write *', 'rows'),
  ('public.conversations', 'update', 'others', 'none'),
  ('public.conversations', 'delete', 'others', 'denied'),

  ('public.whatsapp_conversations', 'select', 'outsider agent admin owner conversations:read conversations:write contacts:read *',
    'rows'),
  ('public.whatsapp_conversations', 'select', 'others', 'none'),
  ('public.whatsapp_conversations', 'insert', 'anon', 'static'),
  ('public.whatsapp_conversations', 'insert', 'others', 'static'),
  ('public.whatsapp_conversations', 'update', 'anon', 'static'),
  ('public.whatsapp_conversations', 'update', 'others', 'static'),
  ('public.whatsapp_conversations', 'delete', 'anon', 'static'),
  ('public.whatsapp_conversations', 'delete', 'others', 'static'),

  ('public.messages', 'select', 'outsider agent admin owner conversations:read *', 'rows'),
  ('public.messages', 'select', 'others', 'none'),
  ('public.messages', 'insert', 'others', 'denied'),
  ('public.messages', 'update', 'others', 'denied'),
  ('public.messages', 'delete', 'others', 'denied'),

  ('public.message_changes', 'select', 'outsider agent admin owner conversations:read *', 'rows'),
  ('public.message_changes', 'select', 'others', 'none'),
  ('public.message_changes', 'insert', 'others', 'denied'),
  ('public.message_changes', 'update', 'others', 'denied'),
  ('public.message_changes', 'delete', 'others', 'denied'),

  ('public.message_media', 'select', 'outsider agent admin owner conversations:read *', 'rows'),
  ('public.message_media', 'select', 'others', 'none'),
  ('public.message_media', 'insert', 'others', 'denied'),
  ('public.message_media', 'update', 'others', 'denied'),
  ('public.message_media', 'delete', 'others', 'denied'),

  ('public.calls', 'select', 'outsider agent admin owner conversations:read *', 'rows'),
  ('public.calls', 'select', 'others', 'none'),
  ('public.calls', 'insert', 'others', 'denied'),
  ('public.calls', 'update', 'others', 'denied'),
  ('public.calls', 'delete', 'others', 'denied'),

  ('public.whatsapp_events', 'select', 'outsider agent admin owner conversations:read *', 'rows'),
  ('public.whatsapp_events', 'select', 'others', 'none'),
  ('public.whatsapp_events', 'insert', 'others', 'denied'),
  ('public.whatsapp_events', 'update', 'others', 'denied'),
  ('public.whatsapp_events', 'delete', 'others', 'denied'),

  ('public.whatsapp_pending_statuses', 'select', 'others', 'denied'),
  ('public.whatsapp_pending_statuses', 'insert', 'others', 'denied'),
  ('public.whatsapp_pending_statuses', 'update', 'others', 'denied'),
  ('public.whatsapp_pending_statuses', 'delete', 'others', 'denied'),

  ('public.saved_filters', 'select', 'outsider agent admin owner contacts:read contacts:write *', 'rows'),
  ('public.saved_filters', 'select', 'others', 'none'),
  ('public.saved_filters', 'insert', 'outsider agent admin owner contacts:write *', 'rows'),
  ('public.saved_filters', 'insert', 'others', 'denied'),
  ('public.saved_filters', 'update', 'outsider agent admin owner contacts:write *', 'rows'),
  ('public.saved_filters', 'update', 'others', 'none'),
  ('public.saved_filters', 'delete', 'outsider agent admin owner contacts:write *', 'rows'),
  ('public.saved_filters', 'delete', 'others', 'none'),

  ('public.internal_notes', 'select', 'outsider agent admin owner notes:read notes:write *', 'rows'),
  ('public.internal_notes', 'select', 'others', 'none'),
  ('public.internal_notes', 'insert', 'outsider agent admin owner notes:write *', 'rows'),
  ('public.internal_notes', 'insert', 'others', 'denied'),
  ('public.internal_notes', 'update', 'others', 'denied'),
  ('public.internal_notes', 'delete', 'outsider admin owner', 'rows'),
  ('public.internal_notes', 'delete', 'agent notes:write *', 'own'),
  ('public.internal_notes', 'delete', 'others', 'none'),

  -- The service's tables: nobody's business.
  ('private.secrets', 'any', 'others', 'denied'),
  ('private.contact_kpi_deltas', 'any', 'others', 'denied'),
  ('private.kpi_log', 'any', 'others', 'denied'),
  ('private.conversation_sessions', 'any', 'others', 'denied'),
  ('private.kpi_log_sums', 'any', 'others', 'denied'),
  ('private.contact_tag_deltas', 'any', 'others', 'denied'),
  ('private.identity_links', 'any', 'others', 'denied'),
  ('private.identities_together', 'any', 'others', 'denied'),
  ('private.consent_words', 'any', 'others', 'denied'),
  ('private.sentiment_words', 'any', 'others', 'denied'),
  ('private.sentiment_model', 'any', 'others', 'denied'),
  ('private.clock', 'any', 'others', 'denied'),
  ('private.due_contacts', 'any', 'others', 'denied'),
  ('private.sentiment_queue', 'any', 'others', 'denied'),
  ('private.unclaimed_updates', 'any', 'others', 'denied'),
  ('private.whatsapp_tokens', 'any', 'others', 'denied'),
  ('private.outbox', 'any', 'others', 'denied'),
  ('private.outbox_lanes', 'any', 'others', 'denied'),
  ('private.outbox_rates', 'any', 'others', 'denied'),
  ('private.merge_moves', 'any', 'others', 'denied'),
  ('private.merge_rows', 'any', 'others', 'denied'),
  ('private.merged_conversations', 'any', 'others', 'denied'),
  ('private.batch_jobs', 'any', 'others', 'denied'),
  ('private.batch_job_parts', 'any', 'others', 'denied'),
  ('private.import_chunks', 'any', 'others', 'denied'),
  ('private.import_rows', 'any', 'others', 'denied'),
  ('private.import_errors', 'any', 'others', 'denied'),
  ('private.import_changes', 'any', 'others', 'denied'),
  ('private.webhook_deliveries', 'any', 'others', 'denied'),
  ('private.webhook_failures', 'any', 'others', 'denied'),
  ('private.idempotency_keys', 'any', 'others', 'denied'),
  ('private.rate_limits', 'any', 'others', 'denied'),
  ('private.media_removals', 'any', 'others', 'denied'),
  ('private.forgotten_updates', 'any', 'others', 'denied'),
  ('private.signal_queries', 'any', 'others', 'denied'),
  ('private.scoring_templates', 'any', 'others', 'denied'),
  ('private.signal_matchers', 'any', 'others', 'denied'),
  ('private.suppressions', 'any', 'others', 'denied'),
  ('private.erasure_keys', 'any', 'others', 'denied'),

  -- What the operations of the API read, as the caller: the same rows as the tables behind.
  ('private.contact_records', 'select',
    'outsider agent admin owner contacts:read contacts:write contacts:delete conversations:read conversations:write *', 'rows'),
  ('private.contact_records', 'select', 'others', 'none'),
  ('private.contact_records', 'insert', 'others', 'static'),
  ('private.contact_records', 'update', 'others', 'static'),
  ('private.contact_records', 'delete', 'others', 'static'),

  ('private.conversation_records', 'select', 'outsider agent admin owner conversations:read conversations:write contacts:read *',
    'rows'),
  ('private.conversation_records', 'select', 'others', 'none'),
  ('private.conversation_records', 'insert', 'others', 'static'),
  ('private.conversation_records', 'update', 'others', 'static'),
  ('private.conversation_records', 'delete', 'others', 'static'),

  ('private.whatsapp_number_records', 'select', 'outsider agent admin owner settings:read *', 'rows'),
  ('private.whatsapp_number_records', 'select', 'others', 'none'),
  ('private.whatsapp_number_records', 'insert', 'others', 'denied'),
  ('private.whatsapp_number_records', 'update', 'others', 'denied'),
  ('private.whatsapp_number_records', 'delete', 'others', 'denied'),

  ('private.message_records', 'select', 'outsider agent admin owner conversations:read *', 'rows'),
  ('private.message_records', 'select', 'others', 'none'),
  ('private.message_records', 'insert', 'others', 'denied'),
  ('private.message_records', 'update', 'others', 'denied'),
  ('private.message_records', 'delete', 'others', 'denied'),

  ('private.import_records', 'select', 'outsider agent admin owner contacts:write *', 'rows'),
  ('private.import_records', 'select', 'others', 'none'),
  ('private.import_records', 'insert', 'others', 'denied'),
  ('private.import_records', 'update', 'others', 'denied'),
  ('private.import_records', 'delete', 'others', 'denied'),
  ('private.pipeline_records', 'select',
    'outsider agent admin owner contacts:read contacts:write settings:read settings:write *', 'rows'),
  ('private.pipeline_records', 'select', 'others', 'none'),
  ('private.pipeline_records', 'insert', 'others', 'denied'),
  ('private.pipeline_records', 'update', 'others', 'denied'),
  ('private.pipeline_records', 'delete', 'others', 'denied'),

  ('private.scoring_signal_records', 'select', 'outsider agent admin owner settings:read settings:write *', 'rows'),
  ('private.scoring_signal_records', 'select', 'others', 'none'),
  ('private.scoring_signal_records', 'insert', 'others', 'denied'),
  ('private.scoring_signal_records', 'update', 'others', 'denied'),
  ('private.scoring_signal_records', 'delete', 'others', 'denied'),

  ('private.deal_records', 'select', 'outsider agent admin owner contacts:read contacts:write *', 'rows'),
  ('private.deal_records', 'select', 'others', 'none'),
  ('private.deal_records', 'insert', 'others', 'static'),
  ('private.deal_records', 'update', 'others', 'static'),
  ('private.deal_records', 'delete', 'others', 'static'),

  ('private.saved_filter_records', 'select', 'outsider agent admin owner contacts:read contacts:write *', 'rows'),
  ('private.saved_filter_records', 'select', 'others', 'none'),
  ('private.saved_filter_records', 'insert', 'others', 'denied'),
  ('private.saved_filter_records', 'update', 'others', 'denied'),
  ('private.saved_filter_records', 'delete', 'others', 'denied'),
  ('private.meeting_records', 'select', 'outsider agent admin owner contacts:read contacts:write *', 'rows'),
  ('private.meeting_records', 'select', 'others', 'none'),
  ('private.meeting_records', 'insert', 'others', 'denied'),
  ('private.meeting_records', 'update', 'others', 'denied'),
  ('private.meeting_records', 'delete', 'others', 'denied'),

  ('private.survey_records', 'select', 'outsider agent admin owner contacts:read contacts:write settings:read settings:write *', 'rows'),
  ('private.survey_records', 'select', 'others', 'none'),
  ('private.survey_records', 'insert', 'others', 'denied'),
  ('private.survey_records', 'update', 'others', 'denied'),
  ('private.survey_records', 'delete', 'others', 'denied'),

  ('private.score_event_records', 'select', 'outsider agent admin owner contacts:read contacts:write *', 'rows'),
  ('private.score_event_records', 'select', 'others', 'none'),
  ('private.score_event_records', 'insert', 'anon', 'denied'),
  ('private.score_event_records', 'insert', 'others', 'static'),
  ('private.score_event_records', 'update', 'anon', 'denied'),
  ('private.score_event_records', 'update', 'others', 'static'),
  ('private.score_event_records', 'delete', 'anon', 'denied'),
  ('private.score_event_records', 'delete', 'others', 'static'),
  ('private.survey_response_records', 'select', 'outsider agent admin owner contacts:read contacts:write *', 'rows'),
  ('private.survey_response_records', 'select', 'others', 'none'),
  ('private.survey_response_records', 'insert', 'others', 'denied'),
  ('private.survey_response_records', 'update', 'others', 'denied'),
  ('private.survey_response_records', 'delete', 'others', 'denied'),

  ('private.call_records', 'select', 'outsider agent admin owner conversations:read *', 'rows'),
  ('private.call_records', 'select', 'others', 'none'),
  ('private.call_records', 'insert', 'others', 'denied'),
  ('private.call_records', 'update', 'others', 'denied'),
  ('private.call_records', 'delete', 'others', 'denied'),

  ('private.note_records', 'select', 'outsider agent admin owner notes:read notes:write *', 'rows'),
  ('private.note_records', 'select', 'others', 'none'),
  ('private.note_records', 'insert', 'others', 'denied'),
  ('private.note_records', 'update', 'others', 'denied'),
  ('private.note_records', 'delete', 'others', 'denied'),

  ('private.api_key_records', 'select', 'outsider admin owner', 'rows'),
  ('private.api_key_records', 'select', 'others', 'none'),
  ('private.api_key_records', 'insert', 'others', 'denied'),
  ('private.api_key_records', 'update', 'others', 'denied'),
  ('private.api_key_records', 'delete', 'others', 'denied');

-- Coverage -------------------------------------------------------------------------------------

create function pg_temp.uncovered() returns setof text language sql as $$
  select format('%s.%s %s', n.nspname, c.relname, op)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace,
    unnest(array['select', 'insert', 'update', 'delete']) op
  where n.nspname in ('public', 'private', 'api') and c.relkind in ('r', 'v', 'p', 'm', 'f')
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
    and not exists (
      select from expected e
      where e.relation = n.nspname || '.' || c.relname and e.op in (op, 'any') and e.callers = 'others')
$$;
select is_empty('select pg_temp.uncovered()', 'every table and view has its lines');
create table public.forgotten (id int);
create view private.overlooked as select 1 as one;
select set_eq('select pg_temp.uncovered()',
  $$ select relation || ' ' || op
     from unnest(array['public.forgotten', 'private.overlooked']) relation,
       unnest(array['select', 'insert', 'update', 'delete']) op $$,
  'a table or view without lines is noticed');
drop table public.forgotten;
drop view private.overlooked;

create temp table held (relation text, key text, place text, person text) on commit drop;
do $$
declare
  r relations;
begin
  for r in select * from relations loop
    execute format('insert into held select %L, t.%I::text, (select p from unnest(array[''home'', ''away'']) p where pg_temp.id(p) = %s), %s from %s t',
      r.name, r.key, coalesce(r.place, 'null::uuid'), coalesce(r.person, 'null'), r.name);
  end loop;
end
$$;
select is_empty(
  $$ select r.name, p.place from relations r, unnest(array['home', 'away']) as p (place)
     where not exists (select from held h where h.relation = r.name and (h.place = p.place or r.place is null)) $$,
  'both workspaces have a row in every table and view');

-- The matrix -----------------------------------------------------------------------------------

create function pg_temp.attempt(actor text, beforehand text, statement text) returns text language plpgsql as $$
declare
  a actors;
  keys text;
begin
  select * into a from actors where name = actor;
  execute coalesce(beforehand, 'select');
  perform set_config('request.jwt.claims', a.claims::text, true), set_config('role', a.role, true);
  execute format('with done as (%s) select string_agg(key, '' '' order by key) from done', statement) into keys;
  -- Raised so that nothing of the attempt stays.
  raise exception using errcode = 'ZZ999', message = coalesce(keys, 'none');
exception
  when sqlstate 'ZZ999' then return sqlerrm;
  when insufficient_privilege then return 'denied';
  when object_not_in_prerequisite_state then return 'static';
  when others then return sqlstate || ' ' || sqlerrm;
end
$$;

create function pg_temp.statement(r relations, op text, place text) returns text language sql as $$
  select case op
    when 'select' then format('select %I::text as key from %s', r.key, r.name)
    when 'insert' then format($f$insert into %s %s returning 'inserted' || left(%I::text, 0) as key$f$, r.name,
      coalesce(replace(r.new_row, '{place}', place), 'default values'), r.key)
    when 'update' then format('update %s set %s returning %I::text as key', r.name,
      coalesce(r.change, format('%1$I = %1$I', r.key)), r.key)
    when 'delete' then format('delete from %s returning %I::text as key', r.name, r.key)
  end
$$;

create function pg_temp.outcome(relation text, op text, actor text) returns text language sql as $$
  select coalesce(
    (select e.outcome from expected e where e.relation = outcome.relation and e.op in (outcome.op, 'any')
      and actor = any (string_to_array(e.callers, ' '))),
    case when actor = 'anon' then 'denied' end,
    (select e.outcome from expected e where e.relation = outcome.relation and e.op in (outcome.op, 'any') and e.callers = 'others'))
$$;

create function pg_temp.keys(relation text, op text, actor actors, outcome text) returns text language sql as $$
  select case
    when outcome in ('denied', 'static', 'none') then outcome
    when op = 'insert' then 'inserted'
    else (
      select coalesce(string_agg(h.key, ' ' order by h.key), 'none') from held h
      where h.relation = keys.relation and h.place = actor.place
        and (outcome = 'rows' or (outcome = 'own' and h.person = actor.name) or (outcome = 'unowned' and h.person = 'no owner')
          or (outcome = 'unrevoked' and h.person = 'not revoked')))
  end
$$;

select is(
  pg_temp.attempt(a.name, case op when 'insert' then r.beforehand end, pg_temp.statement(r, op, a.place)),
  pg_temp.keys(r.name, op, a, o.outcome),
  format('%s: %s %s → %s', r.name, a.name, op, o.outcome))
from relations r, unnest(array['select', 'insert', 'update', 'delete']) op, actors a,
  lateral pg_temp.outcome(r.name, op, a.name) as o (outcome);

-- Nobody writes a row into another workspace, complete with that workspace's own references.
select is(
  pg_temp.attempt(a.name, r.beforehand, pg_temp.statement(r, 'insert', case a.place when 'away' then 'home' else 'away' end)),
  'denied', format('%s: %s insert into another workspace → denied', r.name, a.name))
from relations r, actors a where r.new_row is not null;

-- References into another workspace -------------------------------------------------------------

create temp table crossings (what text, statement text, outcome text) on commit drop;
insert into crossings values
  ('a note on a contact of another workspace',
    $$insert into internal_notes (workspace_id, contact_id, content)
      values (pg_temp.id('home'), pg_temp.id('away contact'), 'Hi') returning id::text as key$$, 'PT404 entity_not_found'),
  ('a note on a conversation of another workspace',
    $$insert into internal_notes (workspace_id, conversation_id, content)
      values (pg_temp.id('home'), pg_temp.id('away conversation'), 'Hi') returning id::text as key$$, 'PT404 entity_not_found'),
  ('a deal with a contact of another workspace',
    $$insert into deals (workspace_id, contact_id, title)
      values (pg_temp.id('home'), pg_temp.id('away contact'), 'New') returning id::text as key$$, 'PT404 contact_not_found'),
  ('a deal in a stage of another workspace',
    $$update deals set stage_id = pg_temp.id('away stage') returning id::text as key$$, 'PT422 validation_failed'),
  ('a deal in another workspace, with a contact that is not there',
    $$insert into deals (workspace_id, contact_id, title)
      values (pg_temp.id('away'), pg_temp.id('home contact'), 'New') returning id::text as key$$, 'denied'),
  ('a deal given to a member of another workspace',
    $$update deals set assigned_to = pg_temp.id('outsider') returning id::text as key$$, 'PT422 validation_failed'),
  ('a meeting with a contact of another workspace',
    $$insert into meetings (workspace_id, contact_id, title, starts_at)
      values (pg_temp.id('home'), pg_temp.id('away contact'), 'New', now()) returning id::text as key$$, 'PT404 contact_not_found'),
  ('a meeting in another workspace, with a contact that is not there',
    $$insert into meetings (workspace_id, contact_id, title, starts_at)
      values (pg_temp.id('away'), pg_temp.id('home contact'), 'New', now()) returning id::text as key$$, 'denied'),
  ('a meeting in another workspace, whose end is wrong',
    $$insert into meetings (workspace_id, contact_id, title, starts_at, ends_at)
      values (pg_temp.id('away'), pg_temp.id('away contact'), 'New', now(), now()) returning id::text as key$$, 'denied'),
  ('a meeting hosted by a member of another workspace',
    $$update meetings set host_user_id = pg_temp.id('outsider') returning id::text as key$$, 'PT422 validation_failed'),
  ('a note on a deal of another workspace',
    $$insert into internal_notes (workspace_id, deal_id, content)
      values (pg_temp.id('home'), pg_temp.id('away deal'), 'Hi') returning id::text as key$$, 'PT404 entity_not_found'),
  ('a conversation with a contact of another workspace',
    $$insert into conversations (workspace_id, contact_id)
      values (pg_temp.id('home'), pg_temp.id('away quiet contact')) returning id::text as key$$, 'denied'),
  ('a conversation taken to another workspace',
    $$update conversations set workspace_id = pg_temp.id('away') returning id::text as key$$, 'denied'),
  ('a conversation given to a member of another workspace',
    $$update conversations set assigned_to = pg_temp.id('outsider') returning id::text as key$$, '23503'),
  ('a new contact for a member of another workspace',
    $$insert into contacts (workspace_id, assigned_to)
      values (pg_temp.id('home'), pg_temp.id('outsider')) returning id::text as key$$, 'PT422 validation_failed'),
  ('a contact given to a member of another workspace',
    $$update contacts set assigned_to = pg_temp.id('outsider') returning id::text as key$$, 'PT422 validation_failed'),
  ('a contact taken to another workspace',
    $$update contacts set workspace_id = pg_temp.id('away') returning id::text as key$$, 'denied'),
  -- What a refusal says must not depend on what another workspace holds.
  ('a contact in another workspace, of a stage that it does not have',
    $$insert into contacts (workspace_id, stage) values (pg_temp.id('away'), 'no such stage') returning id::text as key$$,
      'denied'),
  ('a contact in another workspace, of somebody who is no member there',
    $$insert into contacts (workspace_id, assigned_to)
      values (pg_temp.id('away'), pg_temp.id('agent')) returning id::text as key$$, 'denied'),
  ('a contact in another workspace, of a member there',
    $$insert into contacts (workspace_id, assigned_to)
      values (pg_temp.id('away'), pg_temp.id('outsider')) returning id::text as key$$, 'denied'),
  ('a contact in another workspace, with a number that is taken there',
    $$insert into contacts (workspace_id, phone) values (pg_temp.id('away'), '+34600111222') returning id::text as key$$, 'denied'),
  ('a contact in a workspace that is none',
    $$insert into contacts (workspace_id, name) values (pg_temp.id('nowhere'), 'New') returning id::text as key$$, 'denied'),
  ('presence in another workspace',
    $$insert into member_presence (workspace_id, user_id)
      values (pg_temp.id('away'), auth.uid()) returning user_id::text as key$$, 'denied');
select alike(pg_temp.attempt(a.name, null, c.statement), c.outcome || '%', format('%s → %s: %s', a.name, c.outcome, c.what))
from crossings c, actors a
where a.name in ('agent', 'owner') or (a.name = '*' and c.what <> 'presence in another workspace');

-- Who is more than one person, and who pretends to be ---------------------------------------------

-- Last, since from here on the agent is a member of both workspaces.
insert into workspace_members (workspace_id, user_id, handle) values (pg_temp.id('away'), pg_temp.id('agent'), 'agent');
create function pg_temp.contacts_of(claims jsonb) returns text language plpgsql as $$
begin
  update actors a set claims = contacts_of.claims, role = 'authenticated' where a.name = 'anon';
  return pg_temp.attempt('anon', null, 'select id::text as key from contacts');
end
$$;
create function pg_temp.held_by(variadic places text[]) returns text language sql as $$
  select string_agg(key, ' ' order by key) from held where relation = 'public.contacts' and place = any (places)
$$;
select is(pg_temp.contacts_of(jsonb_build_object('sub', pg_temp.id('agent'))), pg_temp.held_by('home', 'away'),
  'a member of two workspaces reads both');
select is(pg_temp.contacts_of(jsonb_build_object('sub', pg_temp.id('agent'), 'workspace_id', pg_temp.id('away'))),
  pg_temp.held_by('away'), 'one named workspace leaves only that');
select is(pg_temp.contacts_of(jsonb_build_object('sub', pg_temp.id('owner'), 'workspace_id', pg_temp.id('away'))), 'none',
  'naming another''s workspace gives nothing');
select is(pg_temp.contacts_of(jsonb_build_object('api_key_id', pg_temp.id('*'), 'workspace_id', pg_temp.id('away'))),
  pg_temp.held_by('home'), 'a key is of its own workspace, whatever is named');
select is(pg_temp.contacts_of(jsonb_build_object('sub', pg_temp.id('agent'), 'api_key_id', pg_temp.id('revoked'))), 'none',
  'a revoked key is not made up for by a member''s id');
select is(pg_temp.contacts_of(jsonb_build_object('sub', pg_temp.id('spare'))), 'none', 'a member of nothing reads nothing');
select is(pg_temp.contacts_of('{"role": "authenticated"}'), 'none', 'claims without anybody read nothing');
select is(pg_temp.contacts_of(null), 'none', 'no claims, nothing read');

select * from finish();
rollback;
