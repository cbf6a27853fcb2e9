-- Scoring signals to begin with, by kind of business: data of the product, which a workspace copies
-- and then makes its own (api.apply_scoring_template).

create table private.scoring_templates (
  name text primary key,
  business_types text[] not null check (cardinality(business_types) > 0
    and business_types <@ '{real_estate,retail,clinic,services,education,hospitality}'),
  kind text not null,
  category text not null,
  points int not null,
  keywords text[] not null default '{}',
  action text,
  description text,
  buying_intent boolean not null default false,
  cap int,
  half_life_days int,
  cooldown_hours int
);
alter table private.scoring_templates enable row level security;
comment on table private.scoring_templates is 'Signals to begin with: columns as those of public.scoring_signals, and whose business they fit.';

-- What every business hears. A keyword is stemmed in each language that a message may be in, so that
-- short words are given with their neighbours: "cost" would be the Spanish coast, "rates" a while.
insert into private.scoring_templates
  (name, business_types, kind, category, points, keywords, cap, half_life_days, cooldown_hours)
select v.name, '{real_estate,retail,clinic,services,education,hospitality}', 'keyword', v.category, v.points, v.keywords, v.cap,
  v.half_life_days, v.cooldown_hours
from (values
  ('Asks for the price', 'intent', 10,
    '{price,how much,the cost,does it cost,what do you charge,your rates,precio,cuánto cuesta,cuánto vale,cuánto sale,cuánto cobran,tarifas,preço,quanto custa,combien,prix,tarif,wie viel kostet,Preis}'::text[],
    30, 30, 24),
  ('Is in a hurry', 'intent', 8,
    '{urgent,asap,as soon as possible,right away,urgente,lo antes posible,cuanto antes,hoy mismo,o quanto antes,dès que possible,dringend,so bald wie möglich}',
    16, 14, 24),
  ('Finds it too expensive', 'sentiment', -8,
    '{too expensive,too pricey,out of my budget,can''t afford,muy caro,demasiado caro,fuera de mi presupuesto,no me alcanza,muito caro,trop cher,zu teuer}',
    16, 60, 24),
  ('Is not interested', 'sentiment', -25,
    '{not interested,no longer interested,no thanks,leave me alone,stop writing,no me interesa,ya no me interesa,no estoy interesado,no gracias,não tenho interesse,não quero mais,pas intéressé,kein Interesse}',
    50, 180, 24)
) as v (name, category, points, keywords, cap, half_life_days, cooldown_hours);

insert into private.scoring_templates (name, business_types, kind, category, points, description, cap)
values ('Decides alone', '{real_estate,retail,clinic,services,education,hospitality}', 'ai', 'fit', 8,
  'The person says that they decide about the purchase themselves, or names who decides together with them.', 8);

-- What the contact does. form_submitted, call_received and meeting_scheduled are noted by themselves, others
-- reported (api.record_score_event).
insert into private.scoring_templates
  (name, business_types, kind, category, points, action, buying_intent, cap, half_life_days, cooldown_hours)
values
  ('Submits a form', '{real_estate,retail,clinic,services,education,hospitality}', 'action', 'engagement', 10, 'form_submitted', false, 20, 60, 24),
  ('Calls', '{real_estate,retail,clinic,services,education,hospitality}', 'action', 'engagement', 8, 'call_received', false, 16, 30, 24),
  ('Agrees to a meeting', '{real_estate,clinic,services,education}', 'action', 'intent', 20, 'meeting_scheduled', true, 40, 60, 24),
  ('Tries to book', '{clinic,hospitality}', 'action', 'intent', 15, 'booking_attempt', true, 30, 60, 24),
  ('Looks at a listing', '{real_estate}', 'action', 'engagement', 3, 'listing_view', false, 15, 14, 1),
  ('Puts something into the cart', '{retail}', 'action', 'intent', 8, 'cart_add', false, 24, 14, 1),
  ('Begins to pay', '{retail}', 'action', 'intent', 20, 'checkout_started', true, 40, 14, 24),
  ('Reads the proposal', '{services}', 'action', 'engagement', 12, 'proposal_viewed', false, 24, 30, 24),
  ('Downloads the brochure', '{education}', 'action', 'engagement', 5, 'brochure_download', false, 10, 60, 24);

-- What people know.
insert into private.scoring_templates (name, business_types, kind, category, points, cap)
values
  ('Comes recommended', '{real_estate,retail,clinic,services,education,hospitality}', 'manual', 'fit', 15, 15),
  ('Has the budget', '{real_estate,services}', 'manual', 'fit', 15, 15);

-- What each hears besides.
insert into private.scoring_templates
  (name, business_types, kind, category, points, keywords, buying_intent, cap, half_life_days, cooldown_hours)
values
  ('Wants to see a property', '{real_estate}', 'keyword', 'intent', 20,
    '{viewing,visit the property,visit the house,visit the apartment,see the property,see the house,see the apartment,see the flat,tour,agendar una visita,visitar,ver la casa,ver el piso,ver el apartamento,ver el departamento,conocer la propiedad,visitar o imóvel,une visite,Besichtigung}',
    true, 40, 30, 24),
  ('Makes an offer', '{real_estate}', 'keyword', 'intent', 25,
    '{make an offer,my offer,sign the lease,sign the contract,want to buy,want to rent,hacer una oferta,mi oferta,firmar el contrato,quiero comprar,quiero alquilar,quiero arrendar,quero comprar,quero alugar}',
    true, 50, 30, 24),
  ('Talks about financing', '{real_estate}', 'keyword', 'fit', 12,
    '{mortgage,financing,home loan,down payment,pre-approved,hipoteca,financiación,financiamiento,crédito hipotecario,préstamo,enganche,financiamento,Finanzierung}',
    false, 24, 60, 24),
  ('Says what it should be like', '{real_estate}', 'keyword', 'fit', 5,
    '{bedroom,bathroom,square meters,square feet,neighborhood,parking,garden,dormitorio,habitaciones,recámara,metros cuadrados,barrio,cochera,estacionamiento,jardín,quartos}',
    false, 15, 60, 24),
  ('Has a property to sell', '{real_estate}', 'keyword', 'fit', 10,
    '{sell my house,sell my apartment,sell my flat,valuation,appraisal,vender mi casa,vender mi piso,vender mi departamento,tasación,valuación,avalúo}',
    false, 20, 90, 24),

  ('Wants to buy', '{retail}', 'keyword', 'intent', 25,
    '{want to buy,I''ll take it,place an order,would like to order,quiero comprar,lo compro,me lo llevo,me la llevo,hacer un pedido,quero comprar,fazer um pedido,je veux acheter,commander,bestellen}',
    true, 50, 30, 24),
  ('Asks how to pay', '{retail}', 'keyword', 'intent', 15,
    '{payment link,pay by card,credit card,installments,bank transfer,link de pago,pagar con tarjeta,tarjeta de crédito,cuotas,meses sin intereses,transferencia,link de pagamento,parcelar}',
    true, 30, 30, 24),
  ('Asks whether it is there', '{retail}', 'keyword', 'intent', 8,
    '{in stock,available,which sizes,what colors,disponible,hay stock,tienen stock,qué tallas,qué colores,em estoque,disponível,auf Lager}',
    false, 24, 14, 24),
  ('Asks about delivery', '{retail}', 'keyword', 'intent', 8,
    '{shipping,delivery,ship to,envío,envían a,entrega,a domicilio,frete,entregam,livraison,Lieferung}', false, 16, 14, 24),
  ('Looks for a bargain', '{retail}', 'keyword', 'intent', 4,
    '{discount,coupon,promo code,on sale,descuento,cupón,promoción,rebaja,desconto,promoção,Rabatt}', false, 12, 30, 24),
  ('Buys for a business', '{retail}', 'keyword', 'fit', 15,
    '{wholesale,bulk order,resell,al por mayor,mayoreo,para revender,atacado}', false, 15, 180, 24),
  ('Wants to give it back', '{retail}', 'keyword', 'sentiment', -10,
    '{refund,return it,give it back,money back,devolver,devolución,reembolso,devolver o produto}', false, 30, 60, 24),

  ('Wants an appointment', '{clinic}', 'keyword', 'intent', 20,
    '{appointment,book a consultation,see a doctor,see the doctor,see a dentist,una cita,sacar cita,agendar,pedir turno,un turno,reservar hora,ver al doctor,marcar consulta,rendez-vous,einen Termin}',
    true, 40, 30, 24),
  ('Is in pain', '{clinic}', 'keyword', 'intent', 12,
    '{pain,hurts,emergency,bleeding,swollen,dolor,me duele,emergencia,urgencia,sangrado,inflamado,dor,Schmerzen}', false, 24, 7, 24),
  ('Asks about insurance', '{clinic}', 'keyword', 'fit', 8,
    '{insurance,coverage,copay,seguro médico,aseguradora,cobertura,obra social,mutua,prepaga,convênio,plano de saúde}', false, 8, 90, 24),
  ('Asks about a treatment', '{clinic}', 'keyword', 'intent', 8,
    '{treatment,surgery,implant,whitening,braces,check-up,tratamiento,cirugía,implante,blanqueamiento,ortodoncia,chequeo,tratamento}',
    false, 16, 60, 24),
  ('Comes for the first time', '{clinic}', 'keyword', 'fit', 8,
    '{first visit,first time,new patient,primera vez,paciente nuevo,primera consulta,primeira vez}', false, 8, 90, 24),
  ('Cancels an appointment', '{clinic}', 'keyword', 'engagement', -10,
    '{cancel,can''t make it,cancelar,anular,no puedo ir,no voy a poder,desmarcar}', false, 30, 60, 24),

  ('Wants to hire', '{services}', 'keyword', 'intent', 25,
    '{hire you,work with you,get started,go ahead,send the contract,contratar,contratarlos,trabajar con ustedes,empezar cuanto antes,envíame el contrato,quero contratar}',
    true, 50, 30, 24),
  ('Asks for a quote', '{services}', 'keyword', 'intent', 15,
    '{quote,quotation,estimate,proposal,cotización,cotizar,presupuesto,propuesta,orçamento,devis,Angebot}', true, 30, 30, 24),
  ('Asks for a meeting', '{services}', 'keyword', 'intent', 12,
    '{meeting,call me,schedule a call,video call,a demo,reunión,llámame,agendar una llamada,videollamada,demostración,reunião,me liga}',
    false, 24, 30, 24),
  ('Describes a project', '{services}', 'keyword', 'fit', 8,
    '{project,requirements,deadline,scope,proyecto,requisitos,plazo,alcance,projeto,prazo}', false, 16, 60, 24),
  ('Speaks for a company', '{services}', 'keyword', 'fit', 8,
    '{our company,my company,our team,our office,nuestra empresa,mi empresa,nuestro equipo,nuestra oficina,nossa empresa}', false, 8, 180, 24),

  ('Wants to enrol', '{education}', 'keyword', 'intent', 25,
    '{enroll,enrol,enrollment,sign up,register,apply,admission,inscribirme,inscribir,inscripción,matrícula,matricularme,admisión,me inscrever,inscrição,matricular}',
    true, 50, 60, 24),
  ('Asks about a course', '{education}', 'keyword', 'intent', 8,
    '{the course,this course,your courses,program,syllabus,curriculum,degree,diploma,curso,programa,carrera,temario,plan de estudios,maestría,diplomado}',
    false, 16, 60, 24),
  ('Asks when it begins', '{education}', 'keyword', 'intent', 8,
    '{start date,when does it start,schedule,timetable,cuándo empieza,cuándo inicia,fecha de inicio,horarios,quando começa}', false, 16, 60, 24),
  ('Asks about scholarships', '{education}', 'keyword', 'intent', 4,
    '{scholarship,financial aid,installments,beca,ayuda económica,cuotas,mensualidades,bolsa de estudos}', false, 8, 90, 24),
  ('Has studied before', '{education}', 'keyword', 'fit', 8,
    '{graduated,bachelor,high school,my degree,egresado,licenciatura,bachillerato,soy licenciado,me gradué,formado em}', false, 8, 365, 24),
  ('Has no time to study', '{education}', 'keyword', 'sentiment', -8,
    '{no time,too busy,next year,maybe later,no tengo tiempo,muy ocupado,el próximo año,más adelante,sem tempo,ano que vem}', false, 16, 90, 24),

  ('Wants to reserve', '{hospitality}', 'keyword', 'intent', 20,
    '{book a room,book a table,make a reservation,reservation,reserve,reservar,reservación,una reserva,hacer una reserva,apartar,fazer uma reserva,réserver,reservieren}',
    true, 40, 30, 24),
  ('Asks what is free', '{hospitality}', 'keyword', 'intent', 10,
    '{availability,available,vacancy,any rooms,disponibilidad,disponible,hay lugar,tienen habitaciones,disponibilidade,frei}', false, 20, 14, 24),
  ('Gives dates', '{hospitality}', 'keyword', 'intent', 8,
    '{check-in,check-out,nights,weekend,noches,fin de semana,llegamos el,llegada,noites,fim de semana,nuits,Nächte}', false, 16, 14, 24),
  ('Plans an event', '{hospitality}', 'keyword', 'fit', 15,
    '{wedding,conference,banquet,private event,group booking,boda,conferencia,banquete,evento privado,para grupos,casamento,mariage,Hochzeit}',
    false, 30, 90, 24),
  ('Celebrates something', '{hospitality}', 'keyword', 'fit', 6,
    '{birthday,anniversary,honeymoon,cumpleaños,aniversario,luna de miel,aniversário,lua de mel}', false, 12, 60, 24),
  ('Asks what is included', '{hospitality}', 'keyword', 'intent', 4,
    '{breakfast,wifi,parking,pool,pet friendly,pets,desayuno,estacionamiento,piscina,alberca,mascotas,café da manhã}', false, 12, 30, 24),
  ('Cancels a reservation', '{hospitality}', 'keyword', 'engagement', -15,
    '{cancel,cancel my reservation,cancelar,anular la reserva,cancelamento}', false, 30, 60, 24);
