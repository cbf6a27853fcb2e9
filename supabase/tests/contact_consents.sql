-- Consents: which words count, that order and repetition do not, what people change, and that flags
-- and tags say what the latest says.
begin;
set local search_path = public, extensions;
select plan(175);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('consents ' || label)::uuid $$;
insert into workspaces (id, name) values (pg_temp.id('workspace'), 'Workspace'), (pg_temp.id('elsewhere'), 'Elsewhere');

-- Words ------------------------------------------------------------------------------------------

select is(private.consent_word(word), false, format('%s is a stop', word))
from unnest(array['STOP', 'stop', 'Stop.', '  stop!! ', '*STOP*', '"stop"', 'STOP 🛑', E'stop\n', 'ＳＴＯＰ', 'STOPALL',
  'Stop all', 'UNSUBSCRIBE', 'Unsubscribe me', 'CANCEL', 'END', 'QUIT', 'REVOKE', 'REMOVE', 'OPT OUT', 'Opt-out', 'OPTOUT',
  'Stop promotions', 'BAJA', 'Darme de baja', 'ALTO', 'PARAR', 'DETENER', 'No más mensajes', 'SAIR', 'Pare', 'REMOVER',
  'Cancelar inscrição', 'CANCELAR INSCRICAO', 'ARRET', 'ARRÊT', 'arrêt', U&'ARRE\0302T', 'ARRÊTER', 'DESABONNER',
  'Se désabonner', 'DÉSINSCRIRE', 'STOPP', 'Stopp!', 'ABMELDEN', 'ABBESTELLEN', 'FERMA', 'Disiscrivimi', 'AFMELDEN',
  'Uitschrijven', 'RET', 'DUR', 'Abonelikten Çık', 'СТОП', 'стоп', 'Отписаться', 'إيقاف', 'الغاء الاشتراك', 'बंद करें', '停止',
  '退订', 'BERHENTI', 'UNREG']) word;
select is(private.consent_word(word), true, format('%s is a start', word))
from unnest(array['START', 'start!', 'UNSTOP', 'SUBSCRIBE', 'Opt in', 'ALTA', 'Suscribirme', 'INICIAR', 'COMEÇAR', 'comecar',
  'DÉMARRER', 'S''ABONNER', 's’abonner', 'ANMELDEN', 'Iscrivimi', 'AANMELDEN', 'СТАРТ', 'اشتراك', '订阅', 'MULAI']) word;
select is(private.consent_word(word), null, format('%s says neither', coalesce(word, 'null')))
from unnest(array['', ' ', '!!!', '🛑', 'yes', 'si', 'sí', 'Sí', 'oui', 'ok', 'no', 'non', 'nein', 'não', '1', 'td', 'Stop it', 'please stop',
  'don''t stop', 'stop by at 5', 'nonstop', 'non-stop', 'stops', 'bus stop', 'the end', 'weekend', 'cancelar', 'annuler',
  'annulla', 'iptal', 'ende', 'fin', 'fine', 'baja el precio', 'alta calidad', 'start at 5', 'restart', 'S T O P', null]) word;
select is(private.consent_word(word, true), expected, format('%s on a button: %s', word, coalesce(expected::text, 'neither')))
from (values ('Stop', false), ('Stop promotions', false), ('Unsubscribe', false), ('Darme de baja', false), ('Subscribe', true),
  ('Cancel', null), ('End', null), ('Quit', null), ('Remove', null), ('Baja', null), ('Alta', null), ('Sair', null), ('Start', null),
  ('Iniciar', null), ('Yes', null)) v (word, expected);
select is_empty($$ select word from private.consent_words where word <> private.consent_key(word) or word = '' $$,
  'every word is written as messages are compared');
select is_empty($$ select word from private.consent_words where char_length(word) > 30 $$, 'and short enough to be looked at');

-- Messages ---------------------------------------------------------------------------------------

create function pg_temp.person(label text, given jsonb default '{}') returns void language sql as $$
  insert into contacts (id, workspace_id, name, opted_out, tags)
  values (pg_temp.id(label), pg_temp.id('workspace'), label, coalesce((given ->> 'opted_out')::boolean, false),
    array(select jsonb_array_elements_text(coalesce(given -> 'tags', '[]'))));
  insert into conversations (id, workspace_id, contact_id, channel)
  values (pg_temp.id('thread ' || label), pg_temp.id('workspace'), pg_temp.id(label), coalesce(given ->> 'channel', 'whatsapp'))
$$;
create function pg_temp.say(label text, body text, at text, given jsonb default '{}') returns void language sql as $$
  insert into messages (workspace_id, conversation_id, contact_id, direction, sender_type, channel, type, body, status,
    phone_number_id, wa_message_id, sent_at)
  values (pg_temp.id('workspace'), pg_temp.id('thread ' || label), pg_temp.id(label),
    coalesce(given ->> 'direction', 'inbound')::message_direction, 'contact', coalesce(given ->> 'channel', 'whatsapp'),
    coalesce(given ->> 'type', 'text'), body, 'received', '1', coalesce(given ->> 'id', md5(random()::text)),
    ('2026-01-01 ' || at || '+00')::timestamptz)
  on conflict (wa_message_id, phone_number_id) do nothing
$$;
-- What the contact shows: flags, consent tags.
create function pg_temp.shows(label text) returns text language sql as $$
  select concat_ws(' ', case when opted_out then 'out' else 'in' end, case when do_not_call then 'no calls' end,
    '[' || array_to_string(tags, ', ') || ']')
  from contacts where id = pg_temp.id(label)
$$;
create function pg_temp.record_of(label text) returns text language sql as $$
  select string_agg(concat_ws(' ', kind, case when granted then 'yes' else 'no' end, source, wa_message_id,
    case when source <> 'person' then to_char(happened_at at time zone 'UTC', 'HH24:MI:SS') end), ', ' order by happened_at, kind, granted, source)
  from contact_consents where contact_id = pg_temp.id(label)
$$;

select pg_temp.person('ana', '{"tags": ["VIP"]}');
select pg_temp.say('ana', 'Stop!', '10:00', '{"id": "wamid.STOP"}');
select is(pg_temp.shows('ana'), 'out [VIP, opt-out]', 'STOP sets the flag and the tag');
select is(pg_temp.record_of('ana'), 'marketing no keyword wamid.STOP 10:00:00', 'with the message and its time as evidence');
select is((select detail from contact_consents where contact_id = pg_temp.id('ana')), 'Stop!', 'and what it said');
select pg_temp.say('ana', 'Stop!', '10:00', '{"id": "wamid.STOP"}');
select is(pg_temp.record_of('ana'), 'marketing no keyword wamid.STOP 10:00:00', 'redelivery stores nothing');
select pg_temp.say('ana', 'START', '11:00', '{"id": "wamid.START"}');
select is(pg_temp.shows('ana'), 'in [VIP]', 'START opts in again');
select pg_temp.say('ana', 'STOP', '09:00', '{"id": "wamid.OLD"}');
select is(pg_temp.shows('ana'), 'in [VIP]', 'a STOP of before that arrives later changes nothing');
select is(pg_temp.record_of('ana'), 'marketing no keyword wamid.OLD 09:00:00, marketing no keyword wamid.STOP 10:00:00, '
  'marketing yes keyword wamid.START 11:00:00', 'but is on record');
select pg_temp.person('bob');
select pg_temp.say('bob', body, '10:00', given::jsonb)
from (values ('STOP', '{"direction": "outbound"}'), ('STOP', '{"type": "image"}'), ('STOP', '{"channel": "whatsapp_group"}'),
  ('Cancel', '{"type": "button"}'), ('Cancel', '{"type": "interactive"}'), ('Please stop writing to me all the time', '{}'),
  (null, '{}')) v (body, given);
select is(coalesce(pg_temp.record_of('bob'), 'nothing'), 'nothing', 'no consents: ours, captions, groups, labels of buttons, sentences, no text');
select pg_temp.say('bob', 'Stop promotions', '10:00', '{"type": "button", "id": "wamid.B"}');
select is(pg_temp.shows('bob'), 'out [opt-out]', 'a button that says nothing else opts out');
select pg_temp.person('full', jsonb_build_object('tags', (select jsonb_agg('tag ' || n) from generate_series(1, 100) n)));
select pg_temp.say('full', 'STOP', '10:00');
select is((select cardinality(tags) from contacts where id = pg_temp.id('full')), 101, 'an opt-out finds room among a hundred tags');
select throws_ok($$ update contacts set tags = tags || '{one more}' where id = pg_temp.id('full') $$, '23514', null,
  'where other tags do not');

-- Any order --------------------------------------------------------------------------------------

create function pg_temp.given(label text, events text[]) returns jsonb language sql as $$
  select jsonb_agg(jsonb_build_object('workspace_id', pg_temp.id('workspace'), 'contact_id', pg_temp.id(label),
    'kind', split_part(e, ' ', 1), 'granted', split_part(e, ' ', 2) = 'yes', 'source', split_part(e, ' ', 3),
    'wa_message_id', nullif(split_part(e, ' ', 5), ''),
    'happened_at', '2026-01-01 ' || split_part(e, ' ', 4) || '+00'))
  from unnest(events) e
$$;
-- Records the events in that order, each in a call of its own or all in one, and says what is left.
create function pg_temp.ends(label text, events text[], at_once boolean) returns text language plpgsql as $$
begin
  perform pg_temp.person(label);
  if at_once then
    perform private.record_consents(pg_temp.given(label, events));
  else
    for n in 1 .. cardinality(events) loop
      perform private.record_consents(pg_temp.given(label, events[n : n]));
    end loop;
  end if;
  return pg_temp.shows(label) || ': ' || pg_temp.record_of(label);
end
$$;
create function pg_temp.ends_alike(name text, events text[]) returns setof text language plpgsql as $$
declare
  first text := pg_temp.ends(name || ' 0', events, true);
  again text;
  differing text[] := '{}';
begin
  for n in 1 .. 40 loop
    again := pg_temp.ends(name || ' ' || n,
      array(select e from (select e from unnest(events) e union all select e from unnest(events) e where random() < 0.5) twice (e)
        order by random()), n % 2 = 0);
    differing := differing || case when again <> first then again end;
  end loop;
  return next is(array_remove(differing, null), '{}', format('any order and repetition ends alike: %s', name));
end
$$;
select pg_temp.ends_alike('stop and start', array['marketing no keyword 10:00:00 w1', 'marketing yes keyword 11:00:00 w2',
  'marketing no whatsapp_preference 10:30:00', 'calls no whatsapp_preference 12:00:00']);
select pg_temp.ends_alike('ties', array['marketing no keyword 10:00:00 w1', 'marketing yes keyword 10:00:00 w2',
  'marketing no keyword 10:00:00 w3', 'marketing yes whatsapp_preference 10:00:00', 'calls yes keyword 10:00:00 w4']);
select is(pg_temp.ends('tie', array['marketing yes keyword 10:00:00 w2', 'marketing no keyword 10:00:00 w1'], false),
  'out [opt-out]: marketing no keyword w1 10:00:00, marketing yes keyword w2 10:00:00', 'of one time, the stop counts');
select is(pg_temp.ends('evidence', array['marketing no keyword 10:00:00 w2', 'marketing no keyword 10:00:00 w1'], false),
  'out [opt-out]: marketing no keyword w1 10:00:00', 'two of one second are one, whichever came first');
select is(pg_temp.ends('calls', array['calls no whatsapp_preference 10:00:00'], false),
  'in no calls [Do Not Call]: calls no whatsapp_preference 10:00:00', 'calls are a consent of their own');
select is(private.record_consents(jsonb_build_array(pg_temp.given('ana', array['marketing no keyword 12:00:00'])->0
  || jsonb_build_object('workspace_id', pg_temp.id('elsewhere')))), 0, 'another workspace''s contact is left alone');
select is(private.record_consents(jsonb_build_array(pg_temp.given('nobody', array['marketing no keyword 12:00:00'])->0)), 0,
  'nobody''s consent is nobody''s');
select is(private.record_consents('[]'), 0, 'nothing to record');

-- What people change -----------------------------------------------------------------------------

create function pg_temp.edit(label text, change text) returns text language plpgsql as $$
begin
  execute format('update contacts set %s where id = %L', change, pg_temp.id(label));
  return pg_temp.shows(label) || ': ' || coalesce(pg_temp.record_of(label), 'nothing');
end
$$;
select pg_temp.person('eva');
select is(pg_temp.edit('eva', $$name = 'Eva'$$), 'in []: nothing', 'other fields are no consents');
select is(pg_temp.edit('eva', 'opted_out = false'), 'in []: nothing', 'nor is what was so before');
select is(pg_temp.edit('eva', $$tags = '{opt-out}'$$), 'out [opt-out]: marketing no person', 'the tag is one');
select is(pg_temp.edit('eva', 'opted_out = false, do_not_call = true'),
  'in no calls [Do Not Call]: marketing no person, marketing yes person, calls no person', 'the flags are');
select is(pg_temp.edit('eva', 'opted_out = true'),
  'out no calls [Do Not Call, opt-out]: marketing no person, marketing yes person, calls no person, marketing no person',
  'each edit is later than all before, also in one transaction');
select private.record_consents(pg_temp.given('eva', array['marketing yes keyword 23:59:59 w9']));
select is(pg_temp.shows('eva'), 'out no calls [Do Not Call, opt-out]', 'what happened before a person''s edit does not undo it');
select is((select count(*) from contact_consents where contact_id = pg_temp.id('eva') and source = 'person'), 4::bigint,
  'what a record sets is not recorded again');
select private.record_consents(jsonb_build_array(pg_temp.given('eva', array['marketing yes keyword 10:00:00'])->0
  || '{"happened_at": "2100-01-01T00:00:00Z"}'));
select is(pg_temp.shows('eva'), 'in no calls [Do Not Call]', 'what happened after it does');
select matches(pg_temp.edit('eva', 'opted_out = true'), '^out no calls', 'and a person may change that again, however late it was');
select is(private.apply_consents(array[pg_temp.id('eva')]), 0, 'the flags are what the record says');
insert into contacts (id, workspace_id, name, opted_out, tags) values
  (pg_temp.id('new'), pg_temp.id('workspace'), 'New', true, '{Do Not Call}');
select is((select string_agg(concat_ws(' ', kind, granted, source), ', ' order by kind) from contact_consents
  where contact_id = pg_temp.id('new')), 'calls f person, marketing f person', 'a contact made with them has them on record');
update contacts set opted_out = true where workspace_id = pg_temp.id('workspace') and not opted_out;
select is_empty($$ select c.name from contacts c where workspace_id = pg_temp.id('workspace')
  and (c.opted_out, c.do_not_call) is distinct from (
    not coalesce((private.latest_consent(c.id, 'marketing')).granted, true), not coalesce((private.latest_consent(c.id, 'calls')).granted, true)) $$,
  'many at once: everybody''s flags say what their latest consents say');
select set_config('request.jwt.claims', jsonb_build_object('sub', pg_temp.id('agent'), 'role', 'authenticated')::text, true);
select pg_temp.edit('eva', 'opted_out = false');
select is((select detail from contact_consents where contact_id = pg_temp.id('eva') order by happened_at desc limit 1),
  'member ' || pg_temp.id('agent'), 'who it was is on record');
select set_config('request.jwt.claims', '', true);

-- Merging ----------------------------------------------------------------------------------------

select pg_temp.ends('one', array['marketing no keyword 10:00:00 w1', 'calls no whatsapp_preference 10:00:00'], true),
  pg_temp.ends('other', array['marketing no keyword 10:00:00 w1', 'marketing yes keyword 11:00:00 w2'], true);
select private.move_consents(pg_temp.id('other'), pg_temp.id('one'));
select is(pg_temp.shows('one') || ': ' || pg_temp.record_of('one'), 'in no calls [Do Not Call]: '
  'calls no whatsapp_preference 10:00:00, marketing no keyword w1 10:00:00, marketing yes keyword w2 11:00:00',
  'a merged contact has the consents of both, each once, and shows the latest');
select is(pg_temp.record_of('other'), null, 'the other has none any more');
select private.record_consents(pg_temp.given('one', array['marketing yes keyword 11:00:00 w2']));
select is((select count(*) from contact_consents where contact_id = pg_temp.id('one')), 3::bigint,
  'what the other had is redelivered to the one without a second row');

-- Append-only ------------------------------------------------------------------------------------

select is_empty($$ select r, p from unnest(array['anon', 'authenticated', 'service_role']) r, unnest(array['update', 'delete', 'truncate']) p
  where has_table_privilege(r, 'public.contact_consents', p) $$, 'nobody changes the record');
delete from contacts where id = pg_temp.id('one');
select is(pg_temp.record_of('one'), null, 'a deleted contact takes its consents along');

select * from finish();
rollback;
