-- Deals: what a contact may buy, for how much, how likely. A contact's value follows its open deals.

create type public.deal_status as enum ('open', 'won', 'lost');

create table public.deals (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  contact_id uuid not null references public.contacts (id) on delete cascade,
  stage_id uuid not null,
  title text not null check (char_length(title) between 1 and 200),
  value numeric(14, 2) check (value >= 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  status public.deal_status not null default 'open',
  own_probability smallint check (own_probability between 0 and 100),
  expected_close_on date,
  lost_reason text check (char_length(lost_reason) <= 1000),
  auto_reason text check (char_length(auto_reason) <= 1000),
  assigned_to uuid,
  closed_at timestamptz,
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint deals_stage_fkey foreign key (stage_id, workspace_id) references public.pipeline_stages (id, workspace_id),
  constraint deals_assigned_to_member foreign key (workspace_id, assigned_to)
    references public.workspace_members (workspace_id, user_id) on delete set null (assigned_to),
  constraint deals_closed check ((closed_at is null) = (status = 'open')),
  constraint deals_lost_reason check (lost_reason is null or status = 'lost')
);
create index deals_contact_idx on public.deals (contact_id, created_at, id);
create index deals_contact_closed_idx on public.deals (contact_id, closed_at, id) where closed_at is not null;
create index deals_stage_idx on public.deals (stage_id, workspace_id);
create index deals_assigned_idx on public.deals (workspace_id, assigned_to);
create index deals_created_idx on public.deals (workspace_id, created_at, id);
create index deals_value_idx on public.deals (workspace_id, coalesce(value, 0), id);
create index deals_won_idx on public.deals (workspace_id, closed_at) where status = 'won';
create index deals_expected_idx on public.deals (workspace_id, coalesce(expected_close_on, 'infinity'), id);
comment on table public.deals is 'What a contact may buy. Which deals are stale is computed when they are read: time alone makes them so.';
comment on column public.deals.own_probability is 'Percent; null: the stage''s.';
comment on column public.deals.auto_reason is 'Why it was opened by itself; null: somebody opened it.';
comment on column public.deals.closed_at is 'When it was won or lost.';

create function private.deal_defaults() returns trigger
language plpgsql
-- Definer: whoever may write deals need not be allowed to read members.
security definer set search_path = ''
as $$
begin
  new.stage_id := coalesce(new.stage_id, private.first_stage(new.workspace_id));
  new.currency := coalesce(new.currency, (private.workspace_settings(new.workspace_id)).currency);
  perform private.check_contact_of(new.workspace_id, new.contact_id);
  if not exists (select from public.pipeline_stages s where s.id = new.stage_id and s.workspace_id = new.workspace_id) then
    perform private.refuse_outsider(new.workspace_id);
    perform private.refuse_field('/stage_id', 'unknown_stage', 'There is no such stage in the workspace''s pipelines.');
  end if;
  perform private.check_member_of(new.workspace_id, new.assigned_to, '/assigned_to');
  return new;
end
$$;
comment on function private.deal_defaults() is
  'Trigger: stage and currency unless given; contact, stage and person are of the deal''s workspace.';

create function private.deal_closing() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  before public.deals;
begin
  if tg_op = 'INSERT' or new.status <> old.status then
    new.closed_at := case when new.status <> 'open' then private.now() end;
  end if;
  if new.status <> 'lost' then
    new.lost_reason := null;
  end if;
  if tg_op = 'UPDATE' then
    before := old;
    -- A merge of contacts is nothing that happened to the deal.
    before.contact_id := new.contact_id;
    if new is distinct from before then
      new.version := old.version + 1;
      new.updated_at := now();
    end if;
  end if;
  return new;
end
$$;
comment on function private.deal_closing() is 'Trigger: closed_at and lost_reason go with the status; version and updated_at.';

create trigger deals_100_defaults before insert or update of workspace_id, contact_id, stage_id, currency, assigned_to on public.deals
  for each row execute function private.deal_defaults();
create trigger deals_200_closing before insert or update on public.deals
  for each row execute function private.deal_closing();
create trigger deals_700_log_insert after insert on public.deals
  referencing new table as changed for each statement execute function private.log_rows('deal.created', 'deal');
create trigger deals_700_log_update after update on public.deals
  referencing old table as deleted new table as inserted for each statement
  execute function private.log_updates('deal.updated', 'deal', '{contact_id,version,updated_at,closed_at}');
create trigger deals_700_log_delete after delete on public.deals
  referencing old table as changed for each statement execute function private.log_rows('deal.deleted', 'deal', 'contact_id');

-- The contact's value ---------------------------------------------------------------------------
--
-- The rule: a value that a person has set stays; else it is the sum of the contact's open deals in the
-- workspace's currency, null without any that has a value. A person who clears the value, or sets it
-- to that sum, lets it follow the deals again; so does undoing what a merge or an import wrote. Who wrote is told as with names: value_source.

alter table public.contacts
  add column deals_value numeric(14, 2),
  add column value_source text not null default 'deals' check (value_source in ('person', 'deals'));
comment on column public.contacts.deals_value is 'The sum of the open deals in the workspace''s currency, kept by a trigger.';
comment on column public.contacts.value_source is 'person: set through the API, never overwritten; deals: follows deals_value.';
comment on column public.contacts.value is
  'Expected revenue, in the workspace''s currency: what a person has set, else what the open deals are worth together.';

create function private.contact_value() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' or new.value is distinct from old.value then
    new.value_source := case when new.value is null or new.value = new.deals_value then 'deals' else 'person' end;
  end if;
  if new.value_source = 'deals' then
    new.value := new.deals_value;
  end if;
  return new;
end
$$;
comment on function private.contact_value() is
  'Trigger: the value follows the open deals until a person sets one, and again after a person clears it.';

create trigger contacts_250_value_insert before insert on public.contacts
  for each row when (new.value is not null) execute function private.contact_value();
create trigger contacts_250_value_update before update of value, deals_value on public.contacts
  for each row when ((new.value, new.deals_value) is distinct from (old.value, old.deals_value))
  execute function private.contact_value();

create function private.sum_deals(contacts uuid[]) returns void
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  sums jsonb;
begin
  -- Locked first, so that whoever writes another deal of the contact at once is in the sum of the later.
  perform from public.contacts c where c.id = any (contacts) order by c.id for no key update;
  select jsonb_object_agg(c.id, d.total) into sums
  from public.contacts c
  join (
    select w.workspace_id, (private.workspace_settings(w.workspace_id)).currency
    from (select distinct t.workspace_id from public.contacts t where t.id = any (contacts)) w offset 0
  ) as spoken using (workspace_id)
  cross join lateral (
    select sum(o.value) as total from public.deals o
    where o.contact_id = c.id and o.status = 'open' and o.currency = spoken.currency
  ) as d
  where c.id = any (contacts) and c.deals_value is distinct from d.total;
  if exists (select from jsonb_each_text(sums) s where s.value::numeric >= 1e12) then
    perform private.refuse_field('/value', 'too_big', 'The contact''s open deals would be worth more than can be kept.');
  end if;
  update public.contacts c set deals_value = s.value::numeric
  from jsonb_each_text(sums) s where c.id = s.key::uuid;
end
$$;
comment on function private.sum_deals(uuid[]) is 'Sets deals_value of the contacts to what their open deals are worth; writes those only that change.';

create function private.deals_change_contacts() returns trigger
language plpgsql
-- Definer: nobody but triggers writes deals_value.
security definer set search_path = ''
as $$
declare
  concerned uuid[];
begin
  if tg_op = 'INSERT' then
    concerned := array(select distinct i.contact_id from inserted i where i.status = 'open' and i.value is not null);
  elsif tg_op = 'DELETE' then
    concerned := array(select distinct d.contact_id from deleted d where d.status = 'open' and d.value is not null);
  else
    -- A row as it was and as it is counts once each unless it is the same.
    concerned := array(
      select distinct r.contact_id
      from (
        select id, contact_id, status, value, currency from inserted
        union all
        select id, contact_id, status, value, currency from deleted
      ) as r
      group by r.id, r.contact_id, r.status, r.value, r.currency having count(*) = 1);
  end if;
  if cardinality(concerned) > 0 then
    perform private.sum_deals(concerned);
  end if;
  return null;
end
$$;
comment on function private.deals_change_contacts() is 'Trigger: the values of contacts follow their open deals, one statement a batch.';

create trigger deals_600_value_insert after insert on public.deals
  referencing new table as inserted for each statement execute function private.deals_change_contacts();
create trigger deals_600_value_update after update on public.deals
  referencing old table as deleted new table as inserted for each statement execute function private.deals_change_contacts();
create trigger deals_600_value_delete after delete on public.deals
  referencing old table as deleted for each statement execute function private.deals_change_contacts();

create function private.currency_changes_contacts() returns trigger
language plpgsql
-- Definer: who may change settings need not be allowed to read deals.
security definer set search_path = ''
as $$
begin
  perform private.sum_deals(array(
    select distinct d.contact_id from public.deals d where d.workspace_id = new.workspace_id and d.status = 'open'));
  return null;
end
$$;
comment on function private.currency_changes_contacts() is 'Trigger: with another currency other deals count.';

create trigger workspace_settings_600_first_currency after insert on public.workspace_settings
  for each row when (new.currency is not null) execute function private.currency_changes_contacts();
create trigger workspace_settings_600_currency after update on public.workspace_settings
  for each row when (new.currency is distinct from old.currency) execute function private.currency_changes_contacts();

-- What happens by itself --------------------------------------------------------------------------

create function private.open_deals_for(contacts uuid[], reason text) returns int
language plpgsql
-- Definer: called for whoever's message or action shows the intent.
security definer set search_path = ''
as $$
declare
  opened int;
begin
  -- Two who see the same intent at once wait for each other here; the later finds the deal.
  perform from public.contacts c where c.id = any (contacts) order by c.id for no key update;
  insert into public.deals (workspace_id, contact_id, title, value, auto_reason, assigned_to)
  select c.workspace_id, c.id, left(coalesce(c.name, c.company, c.phone, 'New deal'), 200),
    -- What a person expects of the contact is what the deal is about.
    case when c.value_source = 'person' and c.value >= 0 then c.value end, left(reason, 1000), c.assigned_to
  from public.contacts c
  where c.id = any (contacts)
    -- Looked up: of `not exists` a join with all deals may be made.
    and (select true from public.deals d where d.contact_id = c.id and d.status = 'open' limit 1) is null
    and (private.workspace_settings(c.workspace_id)).auto_create_deals;
  get diagnostics opened = row_count;
  return opened;
end
$$;
comment on function private.open_deals_for(uuid[], text) is
  'For contacts that show buying intent: opens a deal for each that has no open one, where the workspace wants it (auto_create_deals); returns how many. Locks contacts: called before conversations are locked.';

create function private.open_deal_for(contact uuid, reason text) returns uuid
language plpgsql
-- Definer: see private.open_deals_for.
security definer set search_path = ''
as $$
begin
  perform private.open_deals_for(array[contact], reason);
  return (
    select d.id from public.deals d where d.contact_id = contact and d.status = 'open'
    order by d.created_at, d.id limit 1
  );
end
$$;
comment on function private.open_deal_for(uuid, text) is
  'The same for one contact: its open deal, made unless there is one; null if there is none and the workspace wants none made.';

create function private.close_won_deals() returns trigger
language plpgsql
-- Definer: whoever changes contacts closes their deals by it.
security definer set search_path = ''
as $$
declare
  bought uuid[] := array(
    select distinct i.contact_id from inserted i
    where (i.field, i.new_value) in (('status', 'converted'), ('sale_status', 'sold'))
      -- That one of two contacts had bought was known before they became one: a merge sells nothing.
      and not i.by_merge
      and (private.workspace_settings(i.workspace_id)).auto_close_won);
begin
  if cardinality(bought) > 0 then
    update public.deals d set status = 'won' where d.contact_id = any (bought) and d.status = 'open';
  end if;
  return null;
end
$$;
comment on function private.close_won_deals() is
  'Trigger: the open deals of contacts that became converted or sold are won, where the workspace wants it (auto_close_won); not by a merge.';

create trigger contact_history_500_close_deals after insert on public.contact_history
  referencing new table as inserted for each statement execute function private.close_won_deals();
