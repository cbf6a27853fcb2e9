-- The templates of scoring signals: what people say to each kind of business finds the right signals.
begin;
set local search_path = public, extensions;
select plan(47);

insert into workspaces (id, name)
select md5('scoring templates ' || b)::uuid, b from unnest('{real_estate,retail,clinic,services,education,hospitality}'::text[]) b;
insert into scoring_signals (workspace_id, name, kind, category, points, keywords, action, description)
select w.id, t.name, t.kind, t.category, t.points, t.keywords, t.action, t.description
from workspaces w join private.scoring_templates t on w.name = any (t.business_types)
where w.id = md5('scoring templates ' || w.name)::uuid;

create function pg_temp.found(business text, body text, spoken text) returns text language sql as $$
  select coalesce(string_agg(s.name, ', ' order by s.name), '-') from scoring_signals s
  where s.id = any (private.signal_matches(body, spoken, private.workspace_queries(md5('scoring templates ' || business)::uuid)))
$$;

select is(pg_temp.found(business, body, spoken), expected, format('%s: %s', business, body))
from (values
  ('real_estate', 'Hi! How much is the flat on 5th street?', 'en', 'Asks for the price'),
  ('real_estate', 'Can we see the apartments on Friday?', 'en', 'Wants to see a property'),
  ('real_estate', '¿Podría visitar el departamento mañana?', 'es', 'Wants to see a property'),
  ('real_estate', 'Busco 3 habitaciones con cochera', 'es', 'Says what it should be like'),
  ('real_estate', 'Vivo en la costa y volví hace un rato', 'es', '-'),
  ('real_estate', 'Vivo en la costa y volví hace un rato', null, '-'),
  ('real_estate', 'Do you help with mortgages? I am pre-approved', 'en', 'Talks about financing'),
  ('real_estate', 'Quiero vender mi casa', 'es', 'Has a property to sell'),
  ('real_estate', 'I visited your website', 'en', '-'),
  ('real_estate', 'It''s way too expensive, no thanks', 'en', 'Finds it too expensive, Is not interested'),
  ('retail', '¿Cuánto cuestan los zapatos?', 'es', 'Asks for the price'),
  ('retail', '¿Cuánto cuesta el envío a Lima?', 'es', 'Asks about delivery, Asks for the price'),
  ('retail', 'Is it still available? Which sizes?', 'en', 'Asks whether it is there'),
  ('retail', 'I want to buy two of them, can I pay by card', 'en', 'Asks how to pay, Wants to buy'),
  ('retail', 'Quero comprar, tem desconto?', 'pt', 'Looks for a bargain, Wants to buy'),
  ('retail', 'quiero devolverlo', 'es', 'Wants to give it back'),
  ('retail', 'I want a refund', 'en', 'Wants to give it back'),
  ('retail', 'Precio al por mayor por favor', 'es', 'Asks for the price, Buys for a business'),
  ('retail', 'Ok', null, '-'),
  ('retail', 'Good morning', 'en', '-'),
  ('clinic', 'I need an appointment asap, it hurts', 'en', 'Is in a hurry, Is in pain, Wants an appointment'),
  ('clinic', 'Quisiera una cita con la doctora', 'es', 'Wants an appointment'),
  ('clinic', 'Ya terminé el tratamiento', 'es', 'Asks about a treatment'),
  ('clinic', 'Ya terminé', null, '-'),
  ('clinic', 'Ich hätte gern einen Termin', 'de', 'Wants an appointment'),
  ('clinic', 'Me duele una muela', 'es', 'Is in pain'),
  ('clinic', '¿Aceptan obra social? Es mi primera vez', 'es', 'Asks about insurance, Comes for the first time'),
  ('clinic', 'I have to cancel', 'en', 'Cancels an appointment'),
  ('services', 'Could you send me a quote for the project?', 'en', 'Asks for a quote, Describes a project'),
  ('services', 'Necesito una cotización', 'es', 'Asks for a quote'),
  ('services', 'necesito cotizaciones para mi empresa', 'es', 'Asks for a quote, Speaks for a company'),
  ('services', 'Queremos contratarlos', 'es', 'Wants to hire'),
  ('services', 'Let''s schedule a call about our company', 'en', 'Asks for a meeting, Speaks for a company'),
  ('services', 'nice weather today', 'en', '-'),
  ('education', 'Of course, thanks', 'en', '-'),
  ('education', 'Tell me about the course', 'en', 'Asks about a course'),
  ('education', 'Quiero inscribirme al diplomado', 'es', 'Asks about a course, Wants to enrol'),
  ('education', '¿Cuándo empieza y qué horario tiene?', 'es', 'Asks when it begins'),
  ('education', 'Are there scholarships?', 'en', 'Asks about scholarships'),
  ('education', 'No tengo tiempo', 'es', 'Has no time to study'),
  ('hospitality', 'I''d like to book a room for two nights', 'en', 'Gives dates, Wants to reserve'),
  ('hospitality', 'Hay disponibilidad el fin de semana?', 'es', 'Asks what is free, Gives dates'),
  ('hospitality', 'una boda con desayuno', 'es', 'Asks what is included, Plans an event'),
  ('hospitality', 'It is our honeymoon', 'en', 'Celebrates something'),
  ('hospitality', 'Tengo que cancelar', 'es', 'Cancels a reservation'),
  ('hospitality', 'Have a nice day', 'en', '-')
) as v (business, body, spoken, expected);

select is_empty($$ select t.name from private.scoring_templates t where t.category not in (
  select jsonb_object_keys((private.workspace_settings(gen_random_uuid())).score_weights)) $$, 'their categories have weights');

select * from finish();
rollback;
