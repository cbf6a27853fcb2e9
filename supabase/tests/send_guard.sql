-- The guard behind every send: quiet hours over midnight and clock changes, the edge of the 24-hour
-- window, and what each reason binds.
begin;
set local search_path = public, extensions;
select plan(82);

create function pg_temp.id(label text) returns uuid language sql immutable
as $$ select md5('guard ' || label)::uuid $$;

-- Quiet hours ------------------------------------------------------------------------------------

create function pg_temp.quiet(clock text, zone text, quiet_start text, quiet_end text) returns text language sql as $$
  select to_char(private.quiet_until(clock::timestamp at time zone zone, zone, quiet_start::time, quiet_end::time)
    at time zone zone, 'MM-DD HH24:MI')
$$;
select is(pg_temp.quiet('2026-03-03 ' || clock, 'America/Vancouver', quiet_start, quiet_end), until,
  format('%s to %s, at %s', quiet_start, quiet_end, clock))
from (values
  ('21:00', '08:00', '20:59:59', null), ('21:00', '08:00', '21:00', '03-04 08:00'), ('21:00', '08:00', '23:59:59', '03-04 08:00'),
  ('21:00', '08:00', '00:00', '03-03 08:00'), ('21:00', '08:00', '07:59:59', '03-03 08:00'), ('21:00', '08:00', '08:00', null),
  ('21:00', '08:00', '12:00', null),
  ('12:00', '14:00', '11:59:59', null), ('12:00', '14:00', '12:00', '03-03 14:00'), ('12:00', '14:00', '13:59:59', '03-03 14:00'),
  ('12:00', '14:00', '14:00', null), ('12:00', '14:00', '00:00', null),
  ('00:00', '06:00', '23:59:59', null), ('00:00', '06:00', '00:00', '03-03 06:00'), ('00:00', '06:00', '06:00', null),
  ('22:00', '00:00', '22:00', '03-04 00:00'), ('22:00', '00:00', '23:59:59', '03-04 00:00'), ('22:00', '00:00', '00:00', null),
  ('08:00', '07:59', '07:58:59', '03-03 07:59'), ('08:00', '07:59', '07:59', null), ('08:00', '07:59', '08:00', '03-04 07:59'),
  (null, null, '03:00', null)) v (quiet_start, quiet_end, clock, until);
-- The same moment, other clocks.
select is(to_char(private.quiet_until('2026-07-01 05:30+00', zone, '21:00', '08:00') at time zone 'UTC', 'DD HH24:MI'), until,
  format('05:30 UTC in %s', zone))
from (values ('UTC', '01 08:00'), ('America/Vancouver', '01 15:00'), ('Asia/Tokyo', null), ('Asia/Kathmandu', null),
  ('Pacific/Kiritimati', null), ('Pacific/Marquesas', null), ('Europe/Madrid', '01 06:00')) v (zone, until);
-- Clocks go forward on 2026-03-08 at 02:00 and back on 2026-11-01 at 02:00 in New York.
select is(to_char(private.quiet_until(at::timestamptz, 'America/New_York', quiet_start::time, quiet_end::time) at time zone 'UTC',
  'MM-DD HH24:MI'), until, name)
from (values
  ('2026-03-08 03:30+00', '21:00', '08:00', '03-08 12:00', 'the night that lacks an hour ends an hour earlier'),
  ('2026-11-01 02:30+00', '21:00', '08:00', '11-01 13:00', 'the night that has one more ends an hour later'),
  ('2026-03-08 06:59+00', '01:00', '03:00', '03-08 07:00', 'the hour that is left out counts for nothing'),
  ('2026-03-08 07:00+00', '01:00', '03:00', null, 'it is over when the clock jumps'),
  ('2026-11-01 05:30+00', '01:00', '02:00', '11-01 07:00', 'the hour that comes twice is quiet twice'),
  ('2026-11-01 06:30+00', '01:00', '02:00', '11-01 07:00', 'also the second time'))
  v (at, quiet_start, quiet_end, until, name);
select is_empty(format($$
  select at, until from generate_series(%L::timestamptz, %1$L::timestamptz + interval '3 days', '7 minutes') at
  cross join unnest(array['01:00', '01:30', '02:00', '02:30', '21:00']::time[]) quiet_start
  cross join unnest(array['01:15', '02:15', '02:45', '03:00', '08:00']::time[]) quiet_end
  cross join lateral private.quiet_until(at, 'America/New_York', quiet_start, quiet_end) as until
  where until <= at or private.quiet_until(until, 'America/New_York', quiet_start, quiet_end) is not null $$, from_day),
  format('around %s: quiet hours end later than now, and are over then', from_day))
from unnest(array['2026-03-07', '2026-10-31']) from_day;

-- Verdicts ---------------------------------------------------------------------------------------

create function pg_temp.verdict(given jsonb, at text default '2026-05-05 12:00+00') returns jsonb language sql as $$
  select private.send_verdict('{"kind": "message", "automated": false, "opted_out": false, "do_not_call": false,
    "time_zone": "UTC", "last_inbound_at": "2026-05-05T11:00:00Z", "has_whatsapp": true, "has_number": true,
    "channel": "whatsapp"}' || given, at::timestamptz)
$$;
select is(pg_temp.verdict('{}') - 'window_expires_at', '{"allowed": true, "reasons": [], "template_required": false, "retry_at": null}',
  'nothing is in the way');
select is((pg_temp.verdict('{}') ->> 'window_expires_at')::timestamptz, '2026-05-06 11:00+00', 'the window ends a day after the person wrote');
select is((pg_temp.verdict(given::jsonb) ->> 'reasons')::jsonb, reasons::jsonb, format('%s: %s', given, reasons))
from (values
  ('{"opted_out": true}', '[]'),
  ('{"opted_out": true, "automated": true}', '["opted_out"]'),
  ('{"opted_out": true, "automated": true, "kind": "template"}', '["opted_out"]'),
  ('{"opted_out": true, "automated": true, "kind": "call"}', '[]'),
  ('{"do_not_call": true, "automated": true}', '[]'),
  ('{"do_not_call": true, "kind": "template"}', '[]'),
  ('{"do_not_call": true, "kind": "call"}', '["do_not_call"]'),
  ('{"do_not_call": true, "kind": "call", "automated": true}', '["do_not_call"]'),
  ('{"quiet_hours_start": "11:00", "quiet_hours_end": "13:00"}', '[]'),
  ('{"quiet_hours_start": "11:00", "quiet_hours_end": "13:00", "automated": true}', '["quiet_hours"]'),
  ('{"quiet_hours_start": "11:00", "quiet_hours_end": "13:00", "automated": true, "kind": "call"}', '["quiet_hours"]'),
  ('{"last_inbound_at": null}', '["window_closed"]'),
  ('{"last_inbound_at": null, "automated": true}', '["window_closed"]'),
  ('{"last_inbound_at": null, "kind": "template"}', '[]'),
  ('{"last_inbound_at": null, "kind": "call"}', '[]'),
  ('{"has_whatsapp": false}', '["no_whatsapp"]'),
  ('{"has_whatsapp": false, "kind": "call"}', '[]'),
  ('{"has_number": false, "kind": "template"}', '["no_number"]'),
  ('{"has_number": false, "kind": "call"}', '[]'),
  ('{"channel": "whatsapp_group"}', '["group_thread"]'),
  ('{"channel": null}', '[]'),
  ('{"automated": true, "opted_out": true, "quiet_hours_start": "11:00", "quiet_hours_end": "13:00", "last_inbound_at": null, "has_whatsapp": false, "has_number": false, "channel": "whatsapp_group"}',
   '["opted_out", "quiet_hours", "window_closed", "no_whatsapp", "no_number", "group_thread"]')) v (given, reasons);
select is(pg_temp.verdict('{}', at) -> 'allowed', to_jsonb(open), format('the window at %s', at))
from (values ('2026-05-06 10:59:59.999999+00', true), ('2026-05-06 11:00:00+00', false), ('2026-05-06 11:00:00.000001+00', false))
  v (at, open);
select is(pg_temp.verdict('{"last_inbound_at": null}') - 'reasons',
  '{"allowed": false, "window_expires_at": null, "template_required": true, "retry_at": null}', 'never a window: a template');
select is(pg_temp.verdict('{"last_inbound_at": null, "kind": "template"}') - 'reasons',
  '{"allowed": true, "window_expires_at": null, "template_required": true, "retry_at": null}', 'which may go');
select is(pg_temp.verdict('{"last_inbound_at": null, "kind": "call"}') -> 'template_required', 'false', 'a call has no template');
select is((pg_temp.verdict('{"automated": true, "quiet_hours_start": "22:00", "quiet_hours_end": "12:30"}') ->> 'retry_at')::timestamptz,
  '2026-05-05 12:30+00', 'quiet hours say when they end');

-- The database's facts ---------------------------------------------------------------------------

insert into auth.users (id, email) values (pg_temp.id('ann'), 'ann@guard.example'), (pg_temp.id('eve'), 'eve@guard.example');
insert into workspaces (id, name) values (pg_temp.id('here'), 'Here'), (pg_temp.id('there'), 'There');
insert into workspace_members (workspace_id, user_id, handle) values
  (pg_temp.id('here'), pg_temp.id('ann'), 'ann'), (pg_temp.id('there'), pg_temp.id('eve'), 'eve');
insert into contacts (id, workspace_id, phone) values (pg_temp.id('contact'), pg_temp.id('here'), '+34600111222');
insert into contacts (id, workspace_id, name) values (pg_temp.id('unreachable'), pg_temp.id('here'), 'No phone');
create function pg_temp.reasons(who text, automated boolean default true, kind text default 'message') returns text language sql as $$
  select string_agg(r, ' ') from jsonb_array_elements_text(private.send_guard(pg_temp.id(who), null, automated, kind) -> 'reasons') r
$$;
select is(pg_temp.reasons('contact'), 'window_closed no_number', 'nothing was written and there is no number');
insert into whatsapp_numbers (phone_number_id, workspace_id, display_phone_number) values ('981000000000001', pg_temp.id('here'), '1');
select is(pg_temp.reasons('contact'), 'window_closed no_number', 'a number without a token only receives');
insert into private.whatsapp_tokens (phone_number_id, sealed) values ('981000000000001', '\x00');
insert into conversations (id, workspace_id, contact_id, last_inbound_at)
values (pg_temp.id('thread'), pg_temp.id('here'), pg_temp.id('contact'), now() - interval '23 hours');
select is(pg_temp.reasons('contact'), null, 'all is there');
select is(pg_temp.reasons('unreachable'), 'window_closed no_whatsapp', 'a contact without phone and id cannot be written to');
insert into contact_identities (workspace_id, contact_id, channel, external_id)
values (pg_temp.id('here'), pg_temp.id('unreachable'), 'whatsapp_bsuid', 'ES.1');
select is(pg_temp.reasons('unreachable', kind => 'template'), null, 'with a business-scoped id it can');
update contacts set opted_out = true, do_not_call = true where id = pg_temp.id('contact');
select is(pg_temp.reasons('contact') || ', ' || pg_temp.reasons('contact', false, 'call') || ', '
  || coalesce(pg_temp.reasons('contact', false), 'by hand nothing'), 'opted_out, do_not_call, by hand nothing',
  'consent comes from the contact');
insert into conversations (id, workspace_id, contact_id, channel, last_inbound_at)
values (pg_temp.id('group'), pg_temp.id('here'), pg_temp.id('contact'), 'whatsapp_group', null);
select is(private.send_guard(pg_temp.id('contact'), pg_temp.id('group'), false) ->> 'reasons', '["window_closed", "group_thread"]',
  'the conversation that is named is the one that counts');
update workspaces set time_zone = 'America/Vancouver',
  quiet_hours_start = ((now() at time zone 'America/Vancouver')::time - interval '1 minute')::time,
  quiet_hours_end = ((now() at time zone 'America/Vancouver')::time + interval '10 minutes')::time
where id = pg_temp.id('here');
select is(pg_temp.reasons('contact', true, 'call'), 'do_not_call quiet_hours', 'quiet hours are the workspace''s, on its clock');
select throws_ok(format($$ update workspaces set %s where id = pg_temp.id('here') $$, change), state, null, format('refused: %s', change))
from (values ($$time_zone = 'Nowhere/Atall'$$, 'PT422'), ($$time_zone = 'UTC+3'$$, 'PT422'), ($$quiet_hours_end = null$$, 'PT422'),
  ($$quiet_hours_end = quiet_hours_start$$, 'PT422')) v (change, state);

set local role authenticated;
select set_config('request.jwt.claims', jsonb_build_object('role', 'authenticated', 'sub', pg_temp.id('ann'))::text, true);
select is(pg_temp.reasons('contact', false), null, 'a member asks about a contact of the workspace');
select set_config('request.jwt.claims', jsonb_build_object('role', 'authenticated', 'sub', pg_temp.id('eve'))::text, true);
select throws_ok($$ select pg_temp.reasons('contact', false) $$, 'PT404', 'contact_not_found', 'a stranger is told nothing');
reset role;

select * from finish();
rollback;
