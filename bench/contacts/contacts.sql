-- Contacts $1 up to $2 of $3, with the activity that messages would have made. Triggers do the rest.
-- $4: the workspace of the benchmark; $5: how many thousandths of all are its; $6: how many others.
with people as (
  select n, case when n * 7919 % 1000 < $5::int then $4::uuid
      else pg_temp.workspace_id(1 + floor(power(pg_temp.share(n, 200), 2) * $6::int)::int) end as workspace_id,
    -- Two years, in the order of n.
    '2026-11-01'::timestamptz - interval '730 days' * (1 - n / $3::float8) as created_at
  from generate_series($1::bigint, $2::bigint - 1) n
), made as (
  insert into public.contacts (id, workspace_id, name, phone, email, company, source, channels, status, auto_status,
    sale_status, stage, value, score, grade, sentiment, tags, notes, assigned_to, is_vip, is_at_risk,
    is_mystery_shopper, is_contractor, opted_out, do_not_call, country, call_count, created_at, updated_at)
  select pg_temp.contact_id(n, created_at), workspace_id, pg_temp.full_name(n), pg_temp.phone(n), pg_temp.email(n),
    pg_temp.company(n),
    pg_temp.pick_weighted('{import,chat,manual,api,broadcast,lead_form,chat_conversion}', '{0.5,0.75,0.85,0.93,0.98,0.998}', n, 201)::public.contact_source,
    pg_temp.pick_weighted('{"{}","{whatsapp}","{whatsapp,web}","{web}","{facebook}","{telegram}"}', '{0.15,0.8,0.88,0.95,0.995}', n, 202)::text[],
    pg_temp.pick_weighted('{new,contacted,qualified,lost,converted}', '{0.55,0.8,0.92,0.995}', n, 203)::public.contact_status,
    pg_temp.pick_weighted('{new,active,inactive,qualified,converted,churned}', '{0.4,0.6,0.9,0.97,0.995}', n, 204)::public.contact_auto_status,
    pg_temp.pick_weighted('{none,pending,signed,sold}', '{0.9,0.96,0.995}', n, 205)::public.contact_sale_status,
    pg_temp.pick_weighted('{inquiry,comparing,closing,in_progress,follow_up}', '{0.6,0.8,0.9,0.995}', n, 206),
    case when pg_temp.share(n, 207) < 0.5 then round((power(pg_temp.share(n, 208), 4) * 50000)::numeric, (n % 3)::int) end,
    case when pg_temp.share(n, 209) < 0.3 then 0 else floor(power(pg_temp.share(n, 210), 2) * 110 - 10)::int end,
    pg_temp.pick_weighted('{NULL,C,D,B,E,F,A}', '{0.4,0.6,0.8,0.9,0.97,0.995}', n, 211)::public.contact_grade,
    pg_temp.pick_weighted('{neutral,positive,negative,very_positive,very_negative}', '{0.75,0.9,0.97,0.995}', n, 212)::public.sentiment_level,
    pg_temp.tags(n), pg_temp.notes(n),
    -- In the big workspace twenty members, some with many contacts; in the others nobody or the owner.
    case when pg_temp.share(n, 214) < 0.6 then case when workspace_id = $4::uuid
      then pg_temp.user_id(1000 + floor(power(pg_temp.share(n, 215), 3) * 20)::int)
      when pg_temp.share(n, 216) < 0.5 then pg_temp.owner_id(workspace_id) end end,
    pg_temp.share(n, 217) < 0.005, pg_temp.share(n, 218) < 0.005, pg_temp.share(n, 219) < 0.005,
    pg_temp.share(n, 220) < 0.005, pg_temp.share(n, 221) < 0.005, pg_temp.share(n, 222) < 0.005,
    pg_temp.pick('{CA,GB,BR,DE,ES,IN,CN,RU,AE,IL,JP}', n, 223),
    case when pg_temp.share(n, 224) < 0.7 then 0 else floor(power(pg_temp.share(n, 225), 4) * 40)::int end,
    created_at, created_at + ('2026-11-01'::timestamptz - created_at) * power(pg_temp.share(n, 226), 2)
  from people
  returning id, facets, ranges, auto_status, is_at_risk
)
insert into public.contact_activity
  (contact_id, workspace_id, message_count, last_contact_at, contact_created_at, facets, ranges, auto_status, is_at_risk)
select made.id, workspace_id,
  case when met then 1 + floor(power(pg_temp.share(n, 228), 5) * 400)::int else 0 end,
  case when met then created_at + ('2026-11-01'::timestamptz - created_at) * pg_temp.share(n, 229) end,
  created_at, made.facets, made.ranges, made.auto_status, made.is_at_risk
from people join made on made.id = pg_temp.contact_id(n, created_at), lateral (select pg_temp.share(n, 227) < 0.7 as met) as m
