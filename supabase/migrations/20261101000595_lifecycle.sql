-- The automatic status and whether a contact is at risk: computed from what is known in
-- contact_activity, whoever writes it; by time alone through private.due_contacts.
-- Whoever writes what is computed there shows it on the contacts, all of a batch at once:
-- private.write_activity where they are locked, private.show_activity where they are not.

-- risks: why the contact is at risk. next_at: when time alone changes it; null: never.
create type private.lifecycle as (
  auto_status public.contact_auto_status, reason text, is_at_risk boolean, risks text[], next_at timestamptz);

-- What a contact's scores come to. next_at: when decay changes them.
create type private.contact_score as (contact_id uuid, score int, grade public.contact_grade, shows_intent boolean, next_at timestamptz);

create function private.lifecycle(
  converted_at timestamptz, shows_intent boolean, messages int, last_inbound_at timestamptz, last_mood numeric,
  rules public.workspace_settings, at timestamptz) returns private.lifecycle
language plpgsql immutable
set search_path = ''
as $$
declare
  -- What is kept of a buyer begins with the purchase.
  heard_at timestamptz := greatest(last_inbound_at, converted_at);
  inactive_at timestamptz := heard_at + make_interval(hours => 24 * rules.inactive_after_days);
  churned_at timestamptz := heard_at + make_interval(hours => 24 * rules.churned_after_days);
  cold_at timestamptz := last_inbound_at + make_interval(hours => 24 * rules.hot_lead_days);
  active_until timestamptz := last_inbound_at + make_interval(hours => 24 * rules.active_window_days);
  upset text[] := case when private.sentiment_level(last_mood) in ('very_negative', 'negative') then '{last_mood_negative}' else '{}' end;
  l private.lifecycle;
begin
  l := case
    when converted_at is not null and at >= churned_at then row('churned', 'silent_since_conversion', null, '{}', null)::private.lifecycle
    when converted_at is not null and at >= inactive_at
      then row('converted', 'converted', null, '{bought_and_silent}' || upset, churned_at)::private.lifecycle
    when converted_at is not null then row('converted', 'converted', null, upset, inactive_at)::private.lifecycle
    when at >= inactive_at then row('inactive', 'silent', null, '{}', null)::private.lifecycle
    when shows_intent and at >= cold_at
      then row('qualified', 'buying_intent', null, '{lead_gone_cold}' || upset, inactive_at)::private.lifecycle
    when shows_intent then row('qualified', 'buying_intent', null, upset, cold_at)::private.lifecycle
    when messages >= rules.active_min_messages and at < active_until
      then row('active', 'recent_messages', null, upset, active_until)::private.lifecycle
    else row('new', 'nothing_else', null, upset, inactive_at)::private.lifecycle end;
  l.is_at_risk := l.risks <> '{}';
  return l;
end
$$;
comment on function private.lifecycle(timestamptz, boolean, int, timestamptz, numeric, public.workspace_settings, timestamptz) is
  'The rules of auto_status and is_at_risk, the first that holds: churned = bought and silent for churned_after_days; converted; inactive = silent for inactive_after_days (who never wrote is not silent); qualified = buying intent; active = active_min_messages, the person''s last within active_window_days; new. At risk: the last mood was negative; bought and silent for inactive_after_days; meant to buy and silent for hot_lead_days. Days of 24 hours.';

-- What follows ---------------------------------------------------------------------------------

create table private.due_contacts (
  contact_id uuid primary key references public.contacts (id) on delete cascade,
  workspace_id uuid not null,
  due_at timestamptz not null
);
create index due_contacts_due_idx on private.due_contacts (due_at);
create index due_contacts_workspace_idx on private.due_contacts (workspace_id, due_at);
alter table private.due_contacts enable row level security;
comment on table private.due_contacts is
  'contact_activity.due_at where it is set, apart from it: a message writes the activity, but hardly ever when it is due.';

create function private.put_off(contacts uuid[]) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  insert into private.due_contacts as d (contact_id, workspace_id, due_at)
  select a.contact_id, a.workspace_id, private.now()
  from public.contact_activity a where a.contact_id = any (contacts) order by a.contact_id
  on conflict (contact_id) do update set due_at = least(d.due_at, excluded.due_at);
end
$$;
comment on function private.put_off(uuid[]) is 'Somebody else is at the contacts: they are due at once, to be brought up to date when they are through.';

create function private.write_activity(contacts uuid[]) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  update public.contacts c
  set sentiment = private.sentiment_level(a.sentiment_score), auto_status = a.auto_status, is_at_risk = a.is_at_risk
  from public.contact_activity a
  where c.id = any (contacts) and a.contact_id = c.id
    and (c.sentiment, c.auto_status, c.is_at_risk) <> (private.sentiment_level(a.sentiment_score), a.auto_status, a.is_at_risk);
end
$$;
comment on function private.write_activity(uuid[]) is
  'Contacts, which are locked, show what is computed of their activity; those that do already are not written.';

create function private.note_due() returns trigger
language plpgsql
-- Definer: the table is the service's.
security definer set search_path = ''
as $$
begin
  if new.due_at is null then
    delete from private.due_contacts d where d.contact_id = new.contact_id;
  else
    insert into private.due_contacts (contact_id, workspace_id, due_at) values (new.contact_id, new.workspace_id, new.due_at)
    on conflict (contact_id) do update set due_at = excluded.due_at;
  end if;
  return null;
end
$$;
comment on function private.note_due() is 'Trigger: private.due_contacts says when.';

create trigger contact_activity_700_due_insert after insert on public.contact_activity
  for each row when (new.due_at is not null) execute function private.note_due();
create trigger contact_activity_700_due_update after update on public.contact_activity
  for each row when (old.due_at is distinct from new.due_at) execute function private.note_due();

-- Facts ----------------------------------------------------------------------------------------

create function private.is_converted(status public.contact_status, sale_status public.contact_sale_status) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return status = 'converted' or sale_status in ('signed', 'sold');
end
$$;
comment on function private.is_converted(public.contact_status, public.contact_sale_status) is
  'Whether people say that a contact has bought or booked.';

create function private.is_intent(status public.contact_status, sale_status public.contact_sale_status) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return status = 'qualified' or sale_status = 'pending';
end
$$;
comment on function private.is_intent(public.contact_status, public.contact_sale_status) is
  'Whether people say that a contact means to buy.';

create function private.converted_at(c public.contacts) returns timestamptz
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  return greatest(
    (select max(d.closed_at) from public.deals d where d.contact_id = c.id and d.status = 'won' and d.closed_at is not null),
    case when private.is_converted(c.status, c.sale_status) then coalesce((
      select max(h.changed_at) from public.contact_history h
      where h.contact_id = c.id and (h.field, h.new_value) in (('status', 'converted'), ('sale_status', 'signed'), ('sale_status', 'sold'))
        and not h.by_merge),
      -- Who came in as a buyer, perhaps as somebody who is this contact by now.
      (select max((m.duplicate ->> 'created_at')::timestamptz) from public.contact_merges m
        where m.primary_id = c.id and m.duplicate ->> 'sale_status' in ('signed', 'sold')),
      c.created_at) end);
end
$$;
comment on function private.converted_at(public.contacts) is
  'When the contact bought or booked last: the last deal won, or when people said so; null if nothing says so any more.';

-- How contacts begin ---------------------------------------------------------------------------

create function private.first_lifecycle(
  status public.contact_status, sale_status public.contact_sale_status, created_at timestamptz, workspace uuid)
returns private.lifecycle
language plpgsql stable
set search_path = ''
as $$
begin
  return private.lifecycle(case when private.is_converted(status, sale_status) then created_at end,
    private.is_intent(status, sale_status), 0, null, null, private.workspace_settings(workspace), private.now());
end
$$;
comment on function private.first_lifecycle(public.contact_status, public.contact_sale_status, timestamptz, uuid) is
  'What the rules say of a contact of whom nothing is known but what people say.';

create function private.contact_lifecycle() returns trigger
language plpgsql
-- Definer: keys that may write contacts have no right to read settings.
security definer set search_path = ''
as $$
declare
  l private.lifecycle := private.first_lifecycle(new.status, new.sale_status, new.created_at, new.workspace_id);
begin
  new.auto_status := l.auto_status;
  new.is_at_risk := l.is_at_risk;
  return new;
end
$$;
comment on function private.contact_lifecycle() is 'Trigger: contacts that come in as buyers, or as ones that mean to be.';

-- Whoever gives an automatic status, as a restored backup does, knows it. Of the others most are new.
create trigger contacts_270_lifecycle before insert on public.contacts
  for each row when (new.auto_status = 'new' and (new.status in ('qualified', 'converted') or new.sale_status <> 'none'))
  execute function private.contact_lifecycle();

create function private.add_contact_activity() returns trigger
language plpgsql
-- Definer: nobody but triggers writes the table.
security definer set search_path = ''
as $$
begin
  insert into public.contact_activity
    (contact_id, workspace_id, contact_created_at, facets, ranges, auto_status, is_at_risk, converted_at, shows_intent, due_at)
  select i.id, i.workspace_id, i.created_at, i.facets, i.ranges, i.auto_status, i.is_at_risk,
    case when said.converted then i.created_at end, said.intent,
    case when said.converted or said.intent
      then (private.first_lifecycle(i.status, i.sale_status, i.created_at, i.workspace_id)).next_at end
  from inserted i
  cross join lateral (
    select private.is_converted(i.status, i.sale_status) as converted, private.is_intent(i.status, i.sale_status) as intent
    offset 0) as said;
  return null;
end
$$;
comment on function private.add_contact_activity() is 'Trigger: every contact has its row of contact_activity.';

create trigger contacts_690_activity after insert on public.contacts
  referencing new table as inserted for each statement execute function private.add_contact_activity();

-- VIPs -----------------------------------------------------------------------------------------
--
-- The rule: a contact that is worth vip_min_value, or scores vip_min_score, is a VIP, unless a person
-- has said otherwise. A person who says what the rule says lets it follow the rule again.

alter table public.contacts
  add column vip_source text not null default 'rule' check (vip_source in ('person', 'rule'));
comment on column public.contacts.vip_source is 'person: set through the API, never overwritten; rule: follows the settings.';

create function private.is_vip(value numeric, score int, rules public.workspace_settings) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return coalesce(value >= rules.vip_min_value, false) or coalesce(score >= rules.vip_min_score, false);
end
$$;
comment on function private.is_vip(numeric, int, public.workspace_settings) is 'The rule of VIPs: value or score; no threshold, no VIP.';

create function private.contact_vip() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  by_rule boolean := private.is_vip(new.value, new.score, private.workspace_settings(new.workspace_id));
begin
  if tg_op = 'INSERT' or new.is_vip <> old.is_vip then
    new.vip_source := case when new.is_vip = by_rule then 'rule' else 'person' end;
  end if;
  if new.vip_source = 'rule' then
    new.is_vip := by_rule;
  end if;
  return new;
end
$$;
comment on function private.contact_vip() is 'Trigger: VIPs follow the rule until a person says otherwise.';

create trigger contacts_260_vip_insert before insert on public.contacts
  for each row when (new.is_vip or new.value is not null) execute function private.contact_vip();
create trigger contacts_260_vip_update before update of value, deals_value, score, is_vip on public.contacts
  for each row when ((new.value, new.score, new.is_vip) is distinct from (old.value, old.score, old.is_vip))
  execute function private.contact_vip();

create function private.follow_vip_rule(contacts uuid[], rules public.workspace_settings) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.contacts c set is_vip = not c.is_vip
  where c.id = any (contacts) and c.vip_source = 'rule' and c.is_vip <> private.is_vip(c.value, c.score, rules);
end
$$;
comment on function private.follow_vip_rule(uuid[], public.workspace_settings) is 'Contacts, which are locked, follow a rule that has changed.';
