-- The API's operations on deals.

create view private.deal_records with (security_invoker = true) as
select d.id, d.contact_id, d.title, trim_scale(d.value) as value, d.currency, d.status, s.pipeline_id, d.stage_id,
  s.name as stage,
  case d.status when 'won' then 100 when 'lost' then 0 else coalesce(d.own_probability, s.probability) end as probability,
  d.expected_close_on, d.lost_reason, d.assigned_to, d.auto_reason,
  d.status = 'open' and greatest(d.updated_at, a.last_contact_at)
    < private.now() - make_interval(days => (private.workspace_settings(d.workspace_id)).stale_deal_days) as is_stale,
  greatest(d.updated_at, a.last_contact_at) as last_activity_at, d.closed_at, d.created_at, d.updated_at
from public.deals d
join public.pipeline_stages s on s.id = d.stage_id
join public.contact_activity a on a.contact_id = d.contact_id;
comment on view private.deal_records is
  'The deal as the API shows it. Stale: open, and neither it has changed nor its contact been in touch for the workspace''s stale_deal_days.';

create function private.deal_conditions(workspace uuid, filter jsonb) returns text[]
language plpgsql stable
set search_path = ''
as $$
begin
  return private.filter_conditions(workspace, filter, jsonb_build_object(
    'contact_id', private.contact_filter(filter, 'contacts:read'),
    'pipeline_id', 't.stage_id in (select s.id from public.pipeline_stages s where s.pipeline_id = %1$L::uuid)',
    'stage_id', 't.stage_id = any (%2$L::uuid[])',
    'status', 't.status = any (%2$L::public.deal_status[])',
    'currency', 't.currency = any (%2$L::text[])',
    'assigned_to', private.assignee_condition('assigned_to', filter ->> 'assigned_to'),
    'value_min', 't.value >= %1$L::numeric',
    'value_max', 't.value <= %1$L::numeric',
    'expected_close_from', 't.expected_close_on >= %1$L::date',
    'expected_close_to', 't.expected_close_on <= %1$L::date',
    'created_from', 't.created_at >= %1$L::timestamptz',
    'created_to', 't.created_at <= %1$L::timestamptz',
    'is_stale', format('(t.status = ''open'' and (select greatest(t.updated_at, a.last_contact_at)
        from public.contact_activity a where a.contact_id = t.contact_id) < %L::timestamptz) = %%1$L::boolean',
      private.now() - make_interval(days => (private.workspace_settings(workspace)).stale_deal_days))));
end
$$;
comment on function private.deal_conditions(uuid, jsonb) is
  'The filter of the list of deals ({ parameter: value }, lists as arrays) → SQL conditions on deals t in that workspace. 404 contact_not_found.';

create function api.list_deals(args jsonb) returns private.answer
language plpgsql stable
-- Definer: for the same reason as api.list_contacts: comparisons of numbers are not leakproof. The
-- workspace condition stands in the query instead.
security definer set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('contacts:read');
  filter jsonb := coalesce(args -> 'filter', '{}');
  sort text := coalesce(args ->> 'sort', '-created_at');
begin
  return private.keyset_page('public.deals', 'private.deal_records', private.deal_conditions(workspace, filter),
    case ltrim(sort, '-') when 'value' then 'coalesce(t.value, 0)'
      when 'expected_close_on' then 'coalesce(t.expected_close_on, ''infinity'')' else 't.created_at' end,
    sort like '-%', concat_ws(' ', 'list_deals', workspace, filter, sort, private.claims() ->> 'sub'), args);
end
$$;
comment on function api.list_deals(jsonb) is
  '{ filter: { contact_id?, pipeline_id?, stage_id?, status?, currency?, assigned_to?, value_min/max?, expected_close_from/to?, created_from/to?, is_stale? }, sort? (created_at, value, expected_close_on, - for descending), limit?, cursor? } → a page of deals. 400 invalid_cursor, 404 contact_not_found.';

create function private.deal_answer(status int, deal uuid) returns private.answer
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select row(deal_answer.status, private.data(row_to_json(r)), jsonb_build_object('ETag', private.etag(d.version)))::private.answer
    from private.deal_records r join public.deals d using (id) where r.id = deal
  );
end
$$;
comment on function private.deal_answer(int, uuid) is 'A deal as an answer, with its ETag.';

create function api.get_deal(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  answer private.answer := private.deal_answer(200, (args ->> 'deal_id')::uuid);
begin
  if answer.status is null then
    perform private.refuse(404, 'deal_not_found', 'There is no such deal.');
  end if;
  return answer;
end
$$;
comment on function api.get_deal(jsonb) is '{ deal_id } → the deal. 404 deal_not_found.';

create function private.lock_deal_of(deal uuid, contact uuid) returns boolean
language plpgsql
-- Definer: the caller has seen the deal; to lock is not to change.
security definer set search_path = ''
as $$
begin
  -- The contact first, as everybody does who changes both.
  perform from public.contacts c where c.id = contact for no key update;
  perform from public.deals t where t.id = deal and t.contact_id = contact for no key update;
  if not found then
    raise sqlstate 'LB002';
  end if;
  return true;
exception when sqlstate 'LB002' then
  return false;
end
$$;
comment on function private.lock_deal_of(uuid, uuid) is
  'Locks a deal and its contact; false, with neither locked, if it became another contact''s while we waited: by a merge, or its undoing.';

create function private.lock_deal(args jsonb) returns public.deals
language plpgsql
set search_path = ''
as $$
declare
  d public.deals;
  contact uuid;
begin
  loop
    contact := (select t.contact_id from public.deals t where t.id = (args ->> 'deal_id')::uuid);
    if contact is null then
      perform private.refuse(404, 'deal_not_found', 'There is no such deal.');
    end if;
    exit when private.lock_deal_of((args ->> 'deal_id')::uuid, contact);
  end loop;
  select * into d from public.deals t where t.id = (args ->> 'deal_id')::uuid;
  if not private.matches_etag(args ->> 'if_match', private.etag(d.version)) then
    perform private.refuse(412, 'precondition_failed', 'The deal has changed since it was read.',
      jsonb_build_object('etag', private.etag(d.version)));
  end if;
  return d;
end
$$;
comment on function private.lock_deal(jsonb) is
  '{ deal_id, if_match? } → the deal, it and its contact locked. 404 deal_not_found, 412 precondition_failed.';

create function private.given_deal(given jsonb, current public.deals) returns public.deals
language plpgsql immutable
set search_path = ''
as $$
begin
  return jsonb_populate_record(current, given || case when given ? 'probability'
    then jsonb_build_object('own_probability', given -> 'probability') else '{}' end);
end
$$;
comment on function private.given_deal(jsonb, public.deals) is 'The deal with the given fields of the API written over it.';

create function api.create_deal(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  given jsonb := args -> 'deal';
  contact uuid := private.lock_contact(given, array['contacts:write']);
  d public.deals := private.given_deal(given, null);
  created uuid;
  answer private.answer;
begin
  insert into public.deals (workspace_id, contact_id, stage_id, title, value, currency, own_probability, expected_close_on, assigned_to)
  values (private.current_workspace('contacts:write'), contact, d.stage_id, d.title, d.value, d.currency, d.own_probability,
    d.expected_close_on, d.assigned_to)
  returning id into created;
  answer := private.deal_answer(201, created);
  answer.headers := answer.headers || jsonb_build_object('Location', '/functions/v1/deals/' || created);
  return answer;
end
$$;
comment on function api.create_deal(jsonb) is
  '{ deal: { contact_id, title, … } } → 201 the open deal. 404 contact_not_found, 422 for a stage or member of elsewhere.';

create function api.update_deal(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  d public.deals := private.lock_deal(args);
  n public.deals := private.given_deal(args -> 'set', d);
begin
  update public.deals t
  set stage_id = n.stage_id, title = n.title, value = n.value, currency = n.currency, own_probability = n.own_probability,
    expected_close_on = n.expected_close_on, assigned_to = n.assigned_to
  where t.id = d.id;
  return private.deal_answer(200, d.id);
end
$$;
comment on function api.update_deal(jsonb) is
  '{ deal_id, set, if_match? } → the deal. 404 deal_not_found, 412 precondition_failed, 422 for a stage or member of elsewhere.';

create function api.close_deal(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  d public.deals := private.lock_deal(args);
  outcome public.deal_status := (args ->> 'status')::public.deal_status;
begin
  -- Won twice is won; a reason given later is taken.
  if d.status not in ('open', outcome) then
    perform private.refuse(409, 'deal_closed', format('The deal is %s already; reopen it first.', d.status),
      jsonb_build_object('deal_status', d.status));
  end if;
  update public.deals t set status = outcome, lost_reason = coalesce(args ->> 'lost_reason', d.lost_reason) where t.id = d.id;
  return private.deal_answer(200, d.id);
end
$$;
comment on function api.close_deal(jsonb) is
  '{ deal_id, status: won | lost, lost_reason?, if_match? } → the deal, closed. 404 deal_not_found, 409 deal_closed if it ended the other way, 412.';

create function api.reopen_deal(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  d public.deals := private.lock_deal(args);
begin
  update public.deals t set status = 'open' where t.id = d.id;
  return private.deal_answer(200, d.id);
end
$$;
comment on function api.reopen_deal(jsonb) is '{ deal_id, if_match? } → the deal, open. 404 deal_not_found, 412.';

create function api.delete_deal(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  d public.deals := private.lock_deal(args);
begin
  delete from public.deals t where t.id = d.id;
  return row(204, null, null)::private.answer;
end
$$;
comment on function api.delete_deal(jsonb) is '{ deal_id, if_match? } → 204, its notes gone with it. 404 deal_not_found, 412.';
