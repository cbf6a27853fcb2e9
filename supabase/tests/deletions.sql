-- Deleting people, in its parts: what is masked, what of a delivery is theirs and what is others',
-- what must not come back, what a later table has to say, and what a failed deletion still does.
begin;
set local search_path = public, extensions;
select plan(100);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('deletions ' || label)::uuid $$;
insert into workspaces (id, name) values (pg_temp.id('home'), 'Home'), (pg_temp.id('away'), 'Away');
insert into whatsapp_numbers (phone_number_id, workspace_id, waba_id, display_phone_number) values
  ('986000000000001', pg_temp.id('home'), '985000000000001', '1'), ('986000000000002', pg_temp.id('away'), '985000000000002', '2');

-- Masking -----------------------------------------------------------------------------------------

select is(private.mask(said, private.number_pattern('16045557731')), masked, format('%L is masked', said))
from (values
  ('16045557731', '[masked]'), ('+16045557731', '[masked]'), ('call +1 (604) 555-7731 now', 'call [masked] now'),
  ('604.555.7731', '[masked]'), ('(604) 555 77 31', '[masked]'), ('555-7731', '[masked]'), ('001 604 555 7731', '[masked]'),
  ('1-604-555-7731!', '[masked]!'), ('my number:6045557731.', 'my number:[masked].'),
  ('1604555773', '1604555773'), ('6045557732', '6045557732'), ('60455577310', '60455577310'), ('order 9995551234', 'order 9995551234')
) as t (said, masked);
select is(private.mask('Rufen Sie 0170 1234567 an', private.number_pattern('491701234567')), 'Rufen Sie [masked] an', 'a local number with its zero');
select is(private.mask('12345', private.number_pattern('12345')), '[masked]', 'a short number');
select is(private.mask(said, private.literal_pattern(name)), masked, format('%L in %L', name, said))
from (values
  ('Ana', 'Hi ANA, ana!', 'Hi [masked], [masked]!'), ('Ana', 'banana Anabel', 'banana Anabel'), ('a.b@c.de', 'to a.b@c.de.', 'to [masked].'),
  ('a.b@c.de', 'axb@c.de', 'axb@c.de'), ('王小明', '你好王小明先生', '你好[masked]先生'), ('O''Neil (Bob)', 'I am O''Neil (Bob)', 'I am [masked]'),
  ('José', 'JOSÉ', '[masked]'), ('José', 'Jose, Josep', '[masked], Josep'), ('Jose', 'JOSÉ é', '[masked] é'), (normalize('José', nfd), 'José', '[masked]'),
  ('José', normalize('é José', nfd), 'é [masked]'), ('Jos', 'José', 'José'), ('Ana', 'éana', 'éana'), ('Weiß', 'WEISS', '[masked]'),
  ('Weiss', 'Weiß', '[masked]'), ('Lukasz', 'Łukasz', '[masked]'), ('Søren', 'Soren', '[masked]'), ('가', '각 가', '각 [masked]'), ('か', 'が か', 'が [masked]')
) as t (name, said, masked);
select is(private.mask(normalize('é', nfd), 'x'), normalize('é', nfd), 'what is not masked stays as it was written');
select is(private.mask(null, 'x'), null, 'nothing stays nothing');
select is(
  private.mask_json('{"a": ["I am Ana", 16045557731, 5, true, null], "Ana": {"b": "x"}}',
    private.literal_pattern('Ana') || '|' || private.number_pattern('16045557731')),
  '{"a": ["I am [masked]", "[masked]", 5, true, null], "[masked]": {"b": "x"}}', 'JSON stays JSON');
select is(
  private.retained_payload('image', '{"image": {"id": "1", "sha256": "x", "link": "y", "url": "z", "mime_type": "image/png", "caption": "c"},
    "context": {"from": "1"}, "contacts": [], "identity": {}, "errors": []}'),
  '{"image": {"mime_type": "image/png", "caption": "c"}}', 'of a file its kind and caption stay');

-- Ids ---------------------------------------------------------------------------------------------

select set_eq(format('select private.phone_variants(%L)', given), variants, format('variants of %s', given))
from (values
  ('5511987654321', array['5511987654321', '551187654321']), ('551187654321', array['5511987654321', '551187654321']),
  ('525512345678', array['525512345678', '5215512345678']), ('5491123456789', array['541123456789', '5491123456789']),
  ('16045557731', array['16045557731'])
) as t (given, variants);
insert into contacts (id, workspace_id, name, phone, opted_out) values
  (pg_temp.id('ana'), pg_temp.id('home'), 'Ana Maria', '+5511987654321', true), (pg_temp.id('bob'), pg_temp.id('home'), 'Bob', null, false);
insert into contact_identities (workspace_id, contact_id, channel, external_id) values
  (pg_temp.id('home'), pg_temp.id('ana'), 'whatsapp_bsuid', 'BR.1'), (pg_temp.id('home'), pg_temp.id('bob'), 'whatsapp_bsuid', 'BR.2');
insert into private.identity_links (workspace_id, channel, external_id, other_channel, other_id)
values (pg_temp.id('home'), 'whatsapp_bsuid', 'BR.1', 'whatsapp_parent_bsuid', 'BR.PARENT'),
  (pg_temp.id('away'), 'whatsapp_bsuid', 'BR.1', 'whatsapp_parent_bsuid', 'BR.AWAY');
insert into contact_merges (workspace_id, primary_id, duplicate_id, actor_type, duplicate)
values (pg_temp.id('home'), pg_temp.id('ana'), pg_temp.id('old ana'), 'system', '{"whatsapp_contact_id": "16045550199", "name": "Anita", "email": "old@ana.example"}');
select set_eq($$ select unnest(private.external_ids(array[pg_temp.id('ana')])) $$,
  array['5511987654321', '551187654321', 'BR.1', 'BR.PARENT', '16045550199'], 'all ids of a person, in all spellings, of this workspace');
insert into activity_log (workspace_id, actor_type, action, entity_type, entity_id, changes) values
  (pg_temp.id('home'), 'system', 'contact.updated', 'contact', pg_temp.id('ana'),
    '{"name": {"from": "Zoe Quill", "to": "Ana Maria"}, "email": {"from": null, "to": "zoe@old.example"}, "phone": {"from": "+16045550177", "to": null}}'),
  (pg_temp.id('home'), 'system', 'contact.updated', 'contact', pg_temp.id('old ana'), '{"name": {"from": null, "to": "Annette"}}'),
  (pg_temp.id('home'), 'system', 'contact.updated', 'contact', pg_temp.id('bob'), '{"name": {"from": "Robert", "to": "Bob"}}');
select is(private.mask('ZOE, quill, zoe@old.example, 604 555 0177, Annette, Robert', private.mask_pattern(pg_temp.id('ana'))),
  '[masked], [masked], [masked], [masked], [masked], Robert', 'also by what they were called before');
select is(private.mask('Ana, Maria, ANITA, old@ana.example, BR.1, +55 (11) 98765-4321, wamid.HBgL/x=, Bob', private.mask_pattern(pg_temp.id('ana'))),
  '[masked], [masked], [masked], [masked], [masked], [masked], [masked], Bob', 'whatever names a person is masked');

-- Deliveries --------------------------------------------------------------------------------------

select set_eq($$ select private.json_tokens('{"a":"16045557731","b":[16045557731,"+4930123456"],"c":"wamid.a\/b+c==", "d": {"e" : "x y"}}') $$,
  array['16045557731', '4930123456', 'wamid.a/b+c=='], 'what may be an id is found without parsing');
select is(private.erasure_needles(pg_temp.id('nobody')), '{}', 'a deletion that looks for nothing');
select private.keep_erasure_keys(pg_temp.id('few'), array['16045557731', 'wamid.a/b+c==', '1604555773']);
select set_eq($$ select unnest(private.erasure_needles(pg_temp.id('few'))) $$,
  array['16045557731', 'wamid.a/b+c==', 'wamid.a\/b+c==', '1604555773'], 'ids as texts may spell them');
select private.keep_erasure_keys(pg_temp.id('many'), array(select 'wamid.' || n from generate_series(1, 60) n) || array['16045557731']);
select is(private.erasure_needles(pg_temp.id('many')), null, 'many are not looked for one by one');
select is(private.held_keys(pg_temp.id(who), '{"a":"16045557731","b":"wamid.a\/b+c=="}', private.erasure_needles(pg_temp.id(who))), held, who)
from (values ('few', array['16045557731', 'wamid.a/b+c==']), ('many', array['16045557731']), ('nobody', '{}')) as v (who, held);
select is(private.held_keys(pg_temp.id('few'), '{"a":"160455577312"}', private.erasure_needles(pg_temp.id('few'))), '{}',
  'what is a part of something longer is no id');
-- Deeper than the stack would hold, were each level looked into.
create function pg_temp.deep(inside text) returns jsonb language sql as $$ select (repeat('{"a": [', 2000) || inside || repeat(']}', 2000))::jsonb $$;
select is(private.without_items(jsonb_build_array(pg_temp.deep('"1604555"'), pg_temp.deep('2')), '{1604555}') -> 1, pg_temp.deep('2'),
  'what nests deeply and is nobody''s stays');
select ok(strpos(private.without_items(jsonb_build_array(pg_temp.deep('"1604555"')), '{1604555}')::text, '1604555') = 0, 'and goes if it names somebody');
select ok(strpos(private.without_quoting(jsonb_build_array(pg_temp.deep('"w.1"')), '{w.1}')::text, 'w.1') = 0, 'as it does if it comes again');
select ok(strpos(private.mask_json(pg_temp.deep('"I am Ana"'), private.literal_pattern('Ana'))::text, 'Ana') = 0, 'and is masked');
select is(private.without_items('[{"id": "a\"b"}, {"id": "c"}]', array['a"b']), '[{"id": "c"}]', 'an id that JSON escapes');
create temp table delivery as select '{"object": "o", "entry": [{"id": "985000000000001", "changes": [
  {"field": "messages", "value": {"metadata": {"phone_number_id": "986000000000001"}, "contacts": [{"wa_id": "1604555", "profile": {"name": "Ana"}}, {"wa_id": "2"}],
    "messages": [{"from": "1604555", "id": "w.1", "text": {"body": "Secret"}}, {"from": "2", "id": "w.2", "context": {"id": "w.1", "from": "1604555"}},
      {"from": "2", "id": "w.3", "contacts": [{"phones": [{"wa_id": "1604555"}, {"wa_id": "3"}]}]}]}},
  {"field": "history", "value": {"metadata": {"phone_number_id": "986000000000001"}, "history": [{"metadata": {"phase": 0},
    "threads": [{"id": "1604555", "messages": [{"from": "x", "id": "w.4"}]}, {"id": "2", "messages": [{"from": "2", "id": "w.5"}]}]}]}},
  {"field": "odd", "value": {"metadata": {"phone_number_id": "986000000000001"}, "who": {"number": "+1604555"}}},
  {"field": "messages", "value": {"metadata": {"phone_number_id": "986000000000002"}, "messages": [{"from": "1604555", "id": "w.6"}]}},
  {"field": "account", "value": {"about": 1604555}}]}]}'::jsonb as body;
create function pg_temp.rest() returns jsonb language sql
as $$ select private.without_people(body, array['1604555'], array['986000000000001'], array['985000000000001']) from delivery $$;
select is(jsonb_path_query_array(pg_temp.rest(), '$.entry.changes.value.messages.id'), '["w.3", "w.6"]',
  'what is about a person goes, what quotes them too; another workspace''s stays');
select is(jsonb_path_query_array(pg_temp.rest(), '$.entry.changes.value.contacts.wa_id'), '["2"]', 'the person among the people goes');
select is(jsonb_path_query_array(pg_temp.rest(), '$.entry.changes.value.messages.contacts.phones.wa_id'), '["3"]', 'and out of somebody''s contact card');
select is(jsonb_path_query_array(pg_temp.rest(), '$.entry.changes.value.history.threads.id'), '["2"]', 'a chat of the history goes whole');
select is(jsonb_path_query_array(pg_temp.rest(), '$.entry.changes.field'), '["messages", "history", "messages"]',
  'a change of an unknown shape that names the person goes whole');
select is(private.without_people('{"entry": 7}', '{x}', '{}', '{}'), '{"entry": 7}', 'what is no delivery stays');
select is(private.without_people(body, '{nobody}', array['986000000000001'], '{}'), body, 'nobody there, nothing changed') from delivery;
create function pg_temp.with_number(change jsonb, number text) returns jsonb language sql
as $$ select jsonb_build_object('entry', jsonb_build_array(jsonb_build_object('id', '985000000000001', 'changes', jsonb_build_array(
  jsonb_set(change, '{value,metadata}', jsonb_build_object('phone_number_id', '986000000000001', 'display_phone_number', number)))))) $$;
select is(private.without_people(d, array['5511912345678', '551112345678', '2'], array['986000000000001'], '{}'), pg_temp.with_number(rest, '+55 11 91234-5678'), what)
from (values
  ('{"field": "messages", "value": {"messages": [{"from": "3", "id": "w.1"}]}}'::jsonb, '{"field": "messages", "value": {"messages": [{"from": "3", "id": "w.1"}]}}'::jsonb,
    'the number that a change is about names nobody'),
  ('{"field": "smb_message_echoes", "value": {"message_echoes": [{"from": "551112345678", "to": "3"}, {"from": "551112345678", "to": "2"}]}}',
    '{"field": "smb_message_echoes", "value": {"message_echoes": [{"from": "551112345678", "to": "3"}]}}', 'nor where it writes'),
  ('{"field": "odd", "value": {"who": "551112345678"}}', '{"field": "odd", "value": {"who": "551112345678"}}', 'in whatever shape')
) as t (change, rest, what) cross join lateral pg_temp.with_number(t.change, '+55 11 91234-5678') as d;
select set_eq($$ select id from private.update_names('{"entry": [{"changes": [{"value": {"metadata": {"phone_number_id": "7"}, "messages": [{"id": "a", "context": {"id": "quoted"}, "reaction": {"message_id": "b"}},
    {"id": "c", "edit": {"original_message_id": "d"}}], "statuses": [{"id": "e", "biz_opaque_callback_data": "f"}],
    "user_preferences": [{"wa_id": "1"}], "contacts": [{"wa_id": "2"}], "history": [{"threads": [{"id": "t", "messages": [{"id": "g"}]}]}]}}]}]}') $$,
  array['a', 'b', 'c', 'd', 'e', 'f', 'g', '{"wa_id": "1"}'], 'what updates are known by');
select set_eq($$ select unnest(private.owned_numbers(pg_temp.id('home'), array['986000000000002', '986000000000009'])) $$,
  array['986000000000001', '986000000000009'], 'numbers of the workspace, and those that are nobody''s now');

-- What comes again ----------------------------------------------------------------------------------

select is(private.without_forgotten('{ "entry": [ ] }'::text), '{ "entry": [ ] }', 'nothing forgotten: as it came, to the letter');
select private.forget_updates(array[row('986000000000001', 'w.1')::private.update_name, row('986000000000001', '{"wa_id": "9"}')::private.update_name]);
select is(private.without_forgotten('{ "entry": [ ] }'::text), '{ "entry": [ ] }', 'nothing of it forgotten: to the letter, too');
create function pg_temp.again(value jsonb, number text default '986000000000001') returns jsonb language sql as $$
  select (private.without_forgotten(jsonb_build_object('entry', jsonb_build_array(jsonb_build_object('id', '1', 'changes', jsonb_build_array(
    jsonb_build_object('field', 'messages', 'value', value || jsonb_build_object('metadata', jsonb_build_object('phone_number_id', number)))))))) #> '{entry,0,changes,0,value}') - 'metadata'
$$;
select is(pg_temp.again(given), rest, what)
from (values
  ('{"messages": [{"id": "w.1"}, {"id": "w.2"}]}'::jsonb, '{"messages": [{"id": "w.2"}]}'::jsonb, 'a message that was deleted is left out'),
  ('{"statuses": [{"id": "w.1"}]}', '{"statuses": []}', 'a status of it'),
  ('{"messages": [{"id": "w.9", "edit": {"original_message_id": "w.1"}}]}', '{"messages": []}', 'a change of it'),
  ('{"messages": [{"id": "w.9", "context": {"id": "w.1"}}]}', '{"messages": [{"id": "w.9", "context": {"id": "w.1"}}]}', 'a reply to it is news'),
  ('{"user_preferences": [{"wa_id": "9"}, {"wa_id": "8"}]}', '{"user_preferences": [{"wa_id": "8"}]}', 'what has no id is known by all of it'),
  ('{"messages": [{"id": "w.1", "from": "5"}, {"id": "w.2", "from": "6"}], "contacts": [{"wa_id": "5"}, {"wa_id": "6"}]}',
    '{"messages": [{"id": "w.2", "from": "6"}], "contacts": [{"wa_id": "6"}]}', 'who is named by it alone is left out'),
  ('{"messages": [{"id": "w.1", "from": "5"}, {"id": "w.2", "from": "5"}], "contacts": [{"wa_id": "5"}]}',
    '{"messages": [{"id": "w.2", "from": "5"}], "contacts": [{"wa_id": "5"}]}', 'who says something else is not'),
  ('{"history": [{"metadata": {"phase": 0}, "threads": [{"id": "5", "context": {"wa_id": "5"}, "messages": [{"id": "w.1"}]}, {"id": "6", "messages": [{"id": "w.2"}, {"id": "w.1"}]}, {"id": "7", "messages": []}]}]}',
    '{"history": [{"metadata": {"phase": 0}, "threads": [{"id": "6", "messages": [{"id": "w.2"}]}, {"id": "7", "messages": []}]}]}', 'a chat of which nothing is left')
) as t (given, rest, what);
select is(pg_temp.again('{"messages": [{"id": "w.1"}]}', '986000000000002'), '{"messages": [{"id": "w.1"}]}', 'of another number it is another message');
select is(jsonb_array_length(private.without_forgotten('[{"entry": []}, {"entry": []}]'::jsonb)), 2, 'several deliveries stay several');
create function pg_temp.told(wamid text) returns text language sql as $$
  select format('{"entry": [{"id": "1", "changes": [{"field": "messages", "value": {"metadata": {"phone_number_id": "986000000000001"}, "messages":
    [{"id": "%s", "from": "16045557740", "timestamp": "1790000000", "type": "text", "text": {"body": "Said in %s"}}]}}]}]}', wamid, wamid)
$$;
select private.ingest_whatsapp_deliveries(pg_temp.told('w.1') || e'\x1e' || pg_temp.told('w.2'), '{}');
select set_eq($$ select wa_message_id from messages where workspace_id = pg_temp.id('home') $$, array['w.2'], 'of deliveries stored together what was forgotten is left out');
select set_eq($$ select body from private.webhook_deliveries where body like '%Said in%' $$, array[pg_temp.told('w.2')], 'in their raw texts, too, and the others stay to the letter');
update private.forgotten_updates set forgotten_at = now() - interval '32 days';
select is((private.sweep() ->> 'forgotten_updates')::int, 2, 'after a month nothing comes again, and nothing is remembered');

-- A batch -------------------------------------------------------------------------------------------

insert into contacts (id, workspace_id, name)
select pg_temp.id('many ' || n), pg_temp.id('home'), 'Many ' || n from generate_series(1, 1200) n;
update contact_activity set message_count = 900 where contact_id = pg_temp.id('many 1');
create temp table made as select private.start_batch_job('bulk_delete', pg_temp.id('home'), '{"history": "erase"}',
  $$ select id from public.contacts where name like 'Many %' $$) as job;
insert into deletion_receipts (id, workspace_id, actor_type, history, requested) select job, pg_temp.id('home'), 'system', 'erase', 1200 from made;
create function pg_temp.job() returns private.batch_jobs language sql as $$ select j from private.batch_jobs j join made on made.job = j.id $$;
create function pg_temp.run() returns text language sql as $$ select status from private.run_batch((select job from made)) $$;
create function pg_temp.many() returns bigint language sql as $$ select count(*) from contacts where name like 'Many %' $$;
select is((private.next_people(pg_temp.job())).taken, 500, 'five hundred at once');
update contact_activity a set message_count = 900 where exists (select from contacts c where c.id = a.contact_id and c.name like 'Many %');
select is((private.next_people(pg_temp.job())).taken, 2, 'of whom much was said with fewer');
update contact_activity a set message_count = 100000 where exists (select from contacts c where c.id = a.contact_id and c.name like 'Many %');
select is((private.next_people(pg_temp.job())).taken, 1, 'one at least');
update contact_activity a set message_count = 0 where exists (select from contacts c where c.id = a.contact_id and c.name like 'Many %');
select is(private.fewer_people(pg_temp.job(), 500) ->> 'most', '62', 'where somebody is busy fewer are tried');
select is(private.fewer_people(pg_temp.job(), 1) ->> 'most', '1', 'and one at least');
select pg_temp.run();
select is(array[pg_temp.many(), (select deleted from deletion_receipts where id = (select job from made))], array[700, 500]::bigint[],
  'the receipt counts with every batch');
-- What fails for good loses the list of whom it is about, not the traces of whom it has deleted.
select private.record_batch_failure((select job from made), 'internal_error', 'x') from generate_series(1, 5);
select is((pg_temp.job()).status, 'failed', 'a deletion fails after five attempts');
select is((private.sweep() ->> 'deletions')::int, 1, 'the next sweep takes it up again');
create temp table outcome as with recursive runs as (
  select pg_temp.run() as status, 1 as n union all select pg_temp.run(), n + 1 from runs where status = 'running' and n < 20)
  select status from runs order by n desc limit 1;
select is((pg_temp.job()).state ->> 'phase', 'deliveries', 'it waits for what began before, this transaction among it, before it looks for traces');
select is(private.is_past(pg_current_xact_id()), false, 'what is not over is not past');

-- However little time there is for a batch, none looks at a delivery again, or into others'.
delete from private.webhook_deliveries;
insert into private.webhook_deliveries (body, status, received_at)
select body || repeat(' ', n), 'processed', now() - n * interval '1 minute' from delivery, generate_series(1, 20) n;
insert into private.webhook_deliveries (body, status)
select replace(replace(body::text, '986000000000001', '986000000000009'), '985000000000001', '985000000000009'), 'processed' from delivery, generate_series(1, 5);
select private.keep_erasure_keys((select job from made), '{1604555}');
create temp sequence looks;
alter function private.held_keys(uuid, text, text[]) rename to keys_held;
create function private.held_keys(receipt uuid, body text, needles text[]) returns text[] language plpgsql as $$
begin
  perform nextval('pg_temp.looks');
  return private.keys_held(receipt, body, needles);
end
$$;
create temp table seen as with recursive batches as (
  select pg_temp.job() as job, 0 as n
  union all
  select jsonb_populate_record(b.job, jsonb_build_object('state', private.redact_deliveries(b.job, 20000, '0'))), b.n + 1
  from batches b where (b.job).state ->> 'phase' = 'deliveries' and b.n < 100)
select max(n) as batches from batches;
select is(
  array[(select batches from seen), (select last_value from looks),
    (select count(*) from private.webhook_deliveries where detail @> '{"redacted": true}')],
  array[26, 20, 20]::bigint[], 'what many deliveries hold is taken out of one after the other');

-- Every table -----------------------------------------------------------------------------------------

-- How each table loses what it holds of a person. Whoever adds a table says it here, and has
-- tests/deletion/person.ts leave a trace in it if it can hold one.
create temp table emptied (relation text primary key, how text not null);
insert into emptied
select format('%s', relation), 'goes with the contact' from private.contact_links() group by 1;
insert into emptied values
  ('contacts', 'deleted'), ('activity_log', 'by the ids of contacts and conversations'), ('whatsapp_events', 'looked through'),
  ('whatsapp_pending_statuses', 'by ids of messages'), ('retained_conversations', 'masked'), ('retained_messages', 'masked'),
  ('deletion_receipts', 'nothing'), ('workspaces', 'nothing'), ('saved_filters', 'the team''s'), ('profiles', 'the team''s'), ('workspace_members', 'the team''s'),
  ('member_presence', 'the team''s'), ('api_keys', 'nothing'), ('whatsapp_numbers', 'the business''s'),
  ('private.whatsapp_tokens', 'nothing'), ('private.secrets', 'nothing'), ('private.consent_words', 'nothing'),
  ('private.sentiment_words', 'nothing'), ('private.sentiment_model', 'nothing'),
  ('private.contact_kpi_deltas', 'sums'), ('private.kpi_log', 'sums'), ('private.kpi_log_sums', 'sums'), ('private.contact_tag_deltas', 'sums, added up at the end'), ('private.identity_links', 'by ids'), ('private.webhook_deliveries', 'looked through'),
  ('private.webhook_failures', 'with their deliveries'), ('private.unclaimed_updates', 'looked through'),
  ('private.outbox_lanes', 'ids of conversations, swept'), ('private.outbox_rates', 'nothing'), ('private.media_removals', 'paths of our own ids'),
  ('private.idempotency_keys', 'sealed with the caller''s key, gone after a day'), ('private.rate_limits', 'nothing'),
  ('private.batch_jobs', 'arguments of jobs, gone after 30 days'), ('private.batch_job_parts', 'ids, gone with the job''s end'),
  ('contact_imports', 'counts and the name of a file'), ('private.import_chunks', 'gone with the import''s end'),
  ('private.import_rows', 'gone with the import''s end'), ('private.import_errors', 'words that repeat no value'),
  ('private.erasure_keys', 'emptied at the end'), ('private.forgotten_updates', 'keyed hashes, gone after a month'),
  ('private.suppressions', 'keyed hashes, of who refused or left the phone book'), ('workspace_settings', 'nothing'), ('pipelines', 'the business''s'),
  ('pipeline_stages', 'the business''s'), ('surveys', 'the business''s questions'), ('scoring_signals', 'the business''s'), ('private.scoring_templates', 'nothing'),
  ('private.signal_queries', 'the business''s'), ('private.signal_matchers', 'the business''s'), ('private.clock', 'nothing');
create function pg_temp.unsaid() returns setof text language sql as $$
  select c.oid::regclass::text from pg_class c
  where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace, 'api'::regnamespace) and c.relkind in ('r', 'p')
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
    and not exists (select from emptied e where e.relation = c.oid::regclass::text)
$$;
select is_empty('select pg_temp.unsaid()', 'of every table it is said how it loses a person');
create table private.overlooked (id int, phone text);
select set_eq('select pg_temp.unsaid()', array['private.overlooked'], 'a table of which it is not said is noticed');

-- A deletion must not read the whole log --------------------------------------------------------

insert into activity_log (workspace_id, actor_type, action, entity_type, entity_id, changes)
select pg_temp.id('home'), 'system', case when n % 50 = 0 then 'deal.deleted' else 'deal.updated' end, 'deal', pg_temp.id('deal ' || n),
  jsonb_build_object('contact_id', pg_temp.id('buyer ' || n)) from generate_series(1, 20000) n;
analyze activity_log;
create function pg_temp.log_plan() returns setof text language plpgsql as $$
begin
  return query execute format('explain (costs off) select entity_id from activity_log where workspace_id = %L
    and action in (''deal.deleted'', ''meeting.deleted'') and changes ->> ''contact_id'' = any (%L::text[])', pg_temp.id('home'), array[pg_temp.id('buyer 50')]);
end
$$;
select matches((select string_agg(l, E'\n') from pg_temp.log_plan() l), 'Index Scan .*activity_log_deleted_idx', 'what was deleted before is looked up');

select * from finish();
rollback;
