-- Consent: who may be written to and called, and how they say so.

create table public.contact_consents (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  contact_id uuid not null references public.contacts (id) on delete cascade,
  kind text not null check (kind in ('marketing', 'calls')),
  granted boolean not null,
  source text not null check (source in ('keyword', 'whatsapp_preference', 'person', 'suppression')),
  wa_message_id text,
  detail text check (char_length(detail) <= 1000),
  happened_at timestamptz not null,
  created_at timestamptz not null default now()
);
-- Read backwards it is the latest first, at one time the refusal first. It holds nothing of the
-- contact but its id: after a merge the same update finds the row it has left there.
create unique index contact_consents_event_key on public.contact_consents
  (contact_id, kind, happened_at, granted desc, source);
create index contact_consents_workspace_id_idx on public.contact_consents (workspace_id);
comment on table public.contact_consents is
  'Append-only: every opt-in and opt-out with its evidence. What the latest of a kind says by its own time is what contacts.opted_out and do_not_call show.';
comment on column public.contact_consents.kind is 'marketing: messages that nobody writes by hand; calls: Do Not Call.';
comment on column public.contact_consents.granted is 'false: stop.';
comment on column public.contact_consents.source is
  'keyword: an opt-out or opt-in word; whatsapp_preference: WhatsApp''s user_preferences; person: somebody of the team; suppression: they refused before they were deleted.';
comment on column public.contact_consents.wa_message_id is 'The message that is the evidence.';
comment on column public.contact_consents.detail is 'What was written, what WhatsApp says, or who of the team it was.';

-- Words ---------------------------------------------------------------------------------------

create function private.consent_key(body text) returns text
language plpgsql immutable parallel safe strict
set search_path = ''
as $$
begin
  -- As private.fold does, without the call of it: this runs for every short message that comes in.
  return btrim(regexp_replace(lower(extensions.unaccent('extensions.unaccent'::regdictionary, normalize(body, nfkc))),
    '[^[:alnum:]]+', ' ', 'g'));
end
$$;
comment on function private.consent_key(text) is
  'A message without case, accents, punctuation, emoji and needless spaces, for comparing with private.consent_words.';

create table private.consent_words (
  word text primary key check (word <> ''),
  granted boolean not null,
  language text not null,
  -- What a button or list row says is the business's own wording: "Cancel" there answers a question.
  on_buttons boolean not null
);
alter table private.consent_words enable row level security;
comment on table private.consent_words is
  'Messages that say nothing but stop or start, as private.consent_key writes them.';

-- English has the seven words that 47 CFR 64.1200(a)(10) makes a revocation, and those of the
-- carriers. In other languages the words for "cancel" and "end" (cancelar, annuler, annulla, iptal,
-- ende) are left out: no rule names them, and they are how people answer a reminder. "Yes" (sí, oui,
-- onay), "no" and "ok" are answers to anything; China's TD is Portuguese shorthand for "everything".
insert into private.consent_words (word, granted, language, on_buttons)
select distinct on (private.consent_key(word)) private.consent_key(word), granted, language, on_buttons
from (values
  (false, 'en', false, array['cancel', 'end', 'quit', 'revoke', 'remove', 'remove me']),
  (false, 'en', true, array['stop', 'stop all', 'stopall', 'unsubscribe', 'unsubscribe me', 'opt out', 'optout',
    'stop promotions', 'stop messages', 'stop messaging']),
  (true, 'en', false, array['start']),
  (true, 'en', true, array['unstop', 'subscribe', 'resubscribe', 'opt in', 'optin']),
  -- Baja and alta are also low and high, alto is tall: on a button they may be a choice of those.
  (false, 'es', false, array['baja', 'alto', 'parar', 'detener']),
  (false, 'es', true, array['dar de baja', 'darme de baja', 'darse de baja', 'desuscribir', 'desuscribirme',
    'desuscribirse', 'cancelar suscripción', 'detener promociones', 'no más mensajes']),
  (true, 'es', false, array['alta', 'iniciar']),
  (true, 'es', true, array['darme de alta', 'suscribir', 'suscribirme', 'suscribirse']),
  (false, 'pt', false, array['sair', 'parar', 'pare', 'remover']),
  (false, 'pt', true, array['descadastrar', 'desinscrever', 'cancelar inscrição', 'interromper promoções']),
  (true, 'pt', false, array['começar', 'iniciar']),
  (true, 'pt', true, array['inscrever', 'inscrever-me', 'cadastrar']),
  (false, 'fr', false, array['arrêt', 'arrêter', 'arrêtez']),
  (false, 'fr', true, array['désabonner', 'se désabonner', 'me désabonner', 'désabonnement', 'désinscrire',
    'se désinscrire', 'me désinscrire', 'désinscription', 'arrêter les promotions']),
  (true, 'fr', false, array['démarrer', 'reprendre']),
  (true, 'fr', true, array['abonner', 's''abonner', 'm''abonner', 'réabonner', 's''inscrire', 'm''inscrire']),
  (false, 'de', false, array['stopp', 'stoppen']),
  (false, 'de', true, array['abmelden', 'abbestellen', 'austragen', 'keine werbung', 'werbung stoppen']),
  (true, 'de', true, array['anmelden', 'abonnieren']),
  (false, 'it', false, array['ferma', 'fermare', 'basta']),
  (false, 'it', true, array['disiscrivimi', 'disiscriviti', 'disiscrizione', 'cancellami', 'cancella iscrizione']),
  (true, 'it', false, array['inizia']),
  (true, 'it', true, array['iscrivimi', 'iscriviti']),
  (false, 'nl', true, array['afmelden', 'uitschrijven']),
  (true, 'nl', true, array['aanmelden', 'inschrijven']),
  (false, 'tr', false, array['ret', 'dur', 'durdur']),
  (false, 'tr', true, array['abonelikten çık']),
  (true, 'tr', false, array['başlat']),
  (true, 'tr', true, array['abone ol']),
  (false, 'ru', false, array['стоп']),
  (false, 'ru', true, array['отписаться', 'отписка', 'отпишите меня']),
  (true, 'ru', false, array['старт']),
  (true, 'ru', true, array['подписаться']),
  (false, 'ar', false, array['توقف', 'إيقاف', 'ايقاف']),
  (false, 'ar', true, array['إلغاء الاشتراك', 'الغاء الاشتراك']),
  (true, 'ar', true, array['اشتراك']),
  (false, 'hi', false, array['रोकें', 'बंद करें']),
  (false, 'hi', true, array['सदस्यता समाप्त करें']),
  (true, 'hi', false, array['शुरू करें']),
  (false, 'zh', false, array['停止']),
  (false, 'zh', true, array['退订', '退訂', '取消订阅', '取消訂閱']),
  (true, 'zh', true, array['订阅', '訂閱']),
  (false, 'id', false, array['berhenti', 'unreg']),
  (false, 'id', true, array['berhenti berlangganan']),
  (true, 'id', false, array['mulai']),
  (true, 'id', true, array['berlangganan'])
) as given (granted, language, on_buttons, words)
cross join lateral unnest(given.words) as word
order by private.consent_key(word), granted, on_buttons desc, language;

create function private.may_be_consent(body text) returns boolean
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return char_length(btrim(body, E' \t\r\n!¡?¿.,;:…*_~-–—"''()[]🛑🚫⛔❌✋🙏😡😠👎\ufe0f\u200d')) <= 30;
end
$$;
comment on function private.may_be_consent(text) is
  'Whether a message is as short as private.consent_words are, whatever people put around them; cheap, for it is asked of every message.';

create function private.consent_word(body text, on_button boolean default false) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select w.granted from private.consent_words w
    where w.word = private.consent_key(body) and (w.on_buttons or not on_button));
end
$$;
comment on function private.consent_word(text, boolean) is
  'What a whole message says: false = stop, true = start, null = neither. on_button: it is the label of a button or list row, where only words count that have no other meaning.';

-- The record and the flags --------------------------------------------------------------------

create function private.latest_consent(contact uuid, consent_kind text) returns public.contact_consents
language plpgsql stable
set search_path = ''
as $$
declare
  latest public.contact_consents;
begin
  select * into latest from public.contact_consents l
  where l.contact_id = contact and l.kind = consent_kind
  order by l.happened_at desc, l.granted limit 1;
  return latest;
end
$$;
comment on function private.latest_consent(uuid, text) is
  'What counts: the latest consent by its own time; a stop and a start of the same time are a stop.';

create function private.apply_consents(contacts uuid[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  changed int;
begin
  update public.contacts c
  set opted_out = said.opted_out, do_not_call = said.do_not_call
  from (
    select t.id,
      coalesce(not (private.latest_consent(t.id, 'marketing')).granted, t.opted_out) as opted_out,
      coalesce(not (private.latest_consent(t.id, 'calls')).granted, t.do_not_call) as do_not_call
    from public.contacts t where t.id = any (contacts)
  ) as said
  where c.id = any (contacts) and c.id = said.id and (c.opted_out, c.do_not_call) <> (said.opted_out, said.do_not_call);
  get diagnostics changed = row_count;
  return changed;
end
$$;
comment on function private.apply_consents(uuid[]) is
  'Sets the flags (and by a trigger the tags) of locked contacts to what their latest consents say; returns how many changed.';

create function private.record_consents(consents jsonb) returns int
language plpgsql
set search_path = ''
as $$
declare
  -- Looked up by an array everywhere: a join planned while there was little may read all contacts.
  concerned uuid[] := array(select distinct (g ->> 'contact_id')::uuid from jsonb_array_elements(consents) g);
begin
  -- Whoever records for the same contact waits here, so that the flags are set from all rows.
  concerned := array(select c.id from public.contacts c where c.id = any (concerned) order by c.id for no key update);
  insert into public.contact_consents as stored
    (workspace_id, contact_id, kind, granted, source, wa_message_id, detail, happened_at)
  select distinct on (g.contact_id, g.kind, g.happened_at, g.granted, g.source)
    c.workspace_id, c.id, g.kind, g.granted, g.source, g.wa_message_id, left(g.detail, 1000), g.happened_at
  from jsonb_to_recordset(consents) as g (
    workspace_id uuid, contact_id uuid, kind text, granted boolean, source text, wa_message_id text, detail text,
    happened_at timestamptz)
  join public.contacts c on c.id = g.contact_id and c.workspace_id = g.workspace_id
  where c.id = any (concerned)
  order by g.contact_id, g.kind, g.happened_at, g.granted, g.source, g.wa_message_id, g.detail
  -- Two of one second are one; which message or words are its evidence does not depend on who came first.
  on conflict (contact_id, kind, happened_at, granted, source)
  do update set wa_message_id = excluded.wa_message_id, detail = excluded.detail
  where (excluded.wa_message_id, excluded.detail) < (stored.wa_message_id, stored.detail)
    or stored.wa_message_id is null and excluded.detail < stored.detail;
  return private.apply_consents(concerned);
end
$$;
comment on function private.record_consents(jsonb) is
  'Records [{ workspace_id, contact_id, kind, granted, source, wa_message_id?, detail?, happened_at }] and sets the contacts'' flags; any order and repetition of calls ends the same. Returns how many contacts changed. Locks contacts: called before conversations are locked.';

create function private.move_consents(from_contact uuid, to_contact uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Of two of one time one stays, as private.record_consents chooses between them.
  update public.contact_consents k set wa_message_id = m.wa_message_id, detail = m.detail
  from public.contact_consents m
  where m.contact_id = from_contact and k.contact_id = to_contact
    and (m.kind, m.happened_at, m.granted, m.source) = (k.kind, k.happened_at, k.granted, k.source)
    and ((m.wa_message_id, m.detail) < (k.wa_message_id, k.detail) or k.wa_message_id is null and m.detail < k.detail);
  delete from public.contact_consents m using public.contact_consents k
  where m.contact_id = from_contact and k.contact_id = to_contact
    and (m.kind, m.happened_at, m.granted, m.source) = (k.kind, k.happened_at, k.granted, k.source);
  update public.contact_consents m set contact_id = to_contact where m.contact_id = from_contact;
  perform private.apply_consents(array[to_contact]);
end
$$;
comment on function private.move_consents(uuid, uuid) is
  'For a merge: the consents of one contact (locked, like the other) become those of the other, whose flags then say what the latest of all says.';

create function private.log_consents() returns trigger
language plpgsql
-- Definer: nobody but triggers and the service writes consents.
-- A session plans this once, perhaps for a single row: a nested loop of the two transition tables
-- would then take minutes over ten thousand.
security definer set search_path = '' set enable_nestloop = off set enable_hashjoin = on
as $$
declare
  changed uuid[];
begin
  if private.is_merging() then
    -- Nobody says anything: the flags are set from the consents afterwards.
    return null;
  end if;
  if tg_op = 'INSERT' then
    changed := array(select n.id from inserted n where n.opted_out or n.do_not_call);
  else
    changed := array(
      select n.id from inserted n join deleted o on o.id = n.id
      where (n.opted_out, n.do_not_call) <> (o.opted_out, o.do_not_call));
  end if;
  if cardinality(changed) > 0 then
    perform private.record_edits(changed);
  end if;
  return null;
end
$$;
comment on function private.log_consents() is
  'Trigger: what people make of the flags or tags becomes a consent of its own, later than all before.';

create function private.record_edits(contacts uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  actor private.actor := private.current_actor();
begin
  insert into public.contact_consents (workspace_id, contact_id, kind, granted, source, detail, happened_at)
  select c.workspace_id, c.id, shown.kind, shown.granted, 'person', concat_ws(' ', actor.type, actor.id),
    greatest(clock_timestamp(), latest.happened_at + interval '1 microsecond')
  from public.contacts c
  cross join lateral (values ('marketing', not c.opted_out), ('calls', not c.do_not_call)) as shown (kind, granted)
  cross join lateral private.latest_consent(c.id, shown.kind) as latest
  -- Equal: the flag was set from the consents. None at all and granted: how everybody begins.
  where c.id = any (contacts) and shown.granted <> coalesce(latest.granted, true);
end
$$;
comment on function private.record_edits(uuid[]) is
  'Records, as of now, where the flags of the contacts say something else than their latest consent.';

create trigger contacts_720_log_consents_insert after insert on public.contacts
  referencing new table as inserted for each statement execute function private.log_consents();
create trigger contacts_720_log_consents_update after update on public.contacts
  referencing old table as deleted new table as inserted for each statement execute function private.log_consents();

create function private.message_consents() returns trigger
language plpgsql
-- Definer: whoever may store a message need not be allowed to change contacts.
-- Planned once, by the index of the words: most batches have no word to look up.
security definer set search_path = '' set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off
as $$
declare
  consents jsonb;
begin
  select jsonb_agg(jsonb_build_object('workspace_id', n.workspace_id, 'contact_id', n.contact_id, 'kind', 'marketing',
    'granted', private.consent_word(w.word, n.type <> 'text'), 'source', 'keyword',
    'wa_message_id', n.wa_message_id, 'detail', n.body, 'happened_at', n.sent_at)) into consents
  from (
    -- Cheap conditions first (offset 0 keeps them apart): nearly every message ends there.
    select * from inserted
    where direction = 'inbound' and private.may_be_consent(body) and type in ('text', 'button', 'interactive')
      -- In a group the word may be meant for anybody.
      and channel <> 'whatsapp_group'
    offset 0) as n
  join private.consent_words w on w.word = private.consent_key(n.body)
  where private.consent_word(w.word, n.type <> 'text') is not null;
  if consents is not null then
    -- All of the batch at once: the effects, which come next, may have to lock others of them.
    perform private.lock_with_activity(array(select distinct i.contact_id from inserted i));
    perform private.record_consents(consents);
  end if;
  return null;
end
$$;
comment on function private.message_consents() is 'Trigger: an inbound message that is an opt-out or opt-in word is a consent of its time.';

-- Before the effects: contacts are locked before their conversations.
create trigger messages_690_consents after insert on public.messages
  referencing new table as inserted for each statement execute function private.message_consents();
