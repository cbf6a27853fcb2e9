-- The API's operation on KPIs: what there is now, was then, or came in a range.

create function private.join_json(variadic parts json[]) returns json
language plpgsql immutable
set search_path = ''
as $$
begin
  return (
    select json_object_agg(f.key, f.value order by p.n, f.n)
    from unnest(parts) with ordinality as p (part, n)
    cross join lateral json_each(p.part) with ordinality as f (key, value, n));
end
$$;
comment on function private.join_json(json[]) is 'The fields of all these objects, in their order; null has none.';

create function private.status_kpis(by_status jsonb) returns json
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
as $$
begin
  return (
    with counts as (
      select s.status, coalesce((by_status ->> s.status::text)::bigint, 0) as contacts
      from unnest(enum_range(null::public.contact_status)) as s (status)
    ), sums as (
      select sum(contacts) as total,
        sum(contacts) filter (where status in ('qualified', 'converted')) as qualified,
        sum(contacts) filter (where status = 'lost') as lost
      from counts
    )
    select json_build_object(
      'total_contacts', total,
      'qualified_leads', qualified,
      'conversion_rate', case when total > 0 then trim_scale(round(100.0 * qualified / total, 2)) else 0 end,
      'lost_leads', lost,
      'by_status', (select json_object_agg(status, contacts order by status) from counts))
    from sums);
end
$$;
comment on function private.status_kpis(jsonb) is '{ status: contacts } → the four KPIs and by_status, every status present.';

-- What is asked for ------------------------------------------------------------------------------

create type private.kpi_range as (starts_at timestamptz, ends_at timestamptz, time_zone text);

create function private.day_or_moment(given text, time_zone text) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
begin
  return case when length(given) = 10 then given::timestamp at time zone time_zone else given::timestamptz end;
end
$$;
comment on function private.day_or_moment(text, text) is 'A time with its offset as it is, a plain date as the beginning of that day in the time zone.';

create function private.given_kpi_range(args jsonb, workspace uuid) returns private.kpi_range
language plpgsql stable
set search_path = ''
as $$
declare
  zone text := (select w.time_zone from public.workspaces w where w.id = workspace);
  asked private.kpi_range := row(private.day_or_moment(args ->> 'from', zone), private.day_or_moment(args ->> 'to', zone), zone);
begin
  if asked.starts_at >= asked.ends_at then
    perform private.refuse_field('/to', 'contradictory', 'A range ends after it begins.');
  end if;
  return asked;
end
$$;
comment on function private.given_kpi_range(jsonb, uuid) is
  '{ from?, to? } → from the first to before the second; null: open. 422 if nothing lies between.';

create function private.previous_kpi_range(args jsonb, asked private.kpi_range) returns private.kpi_range
language plpgsql stable
set search_path = ''
as $$
declare
  starts_on timestamp := asked.starts_at at time zone asked.time_zone;
  ends_on timestamp := asked.ends_at at time zone asked.time_zone;
  previous private.kpi_range := asked;
begin
  if asked.starts_at is null or asked.ends_at is null then
    perform private.refuse_field('/compare', 'required', 'A comparison needs from and to.');
  end if;
  if asked.ends_at - asked.starts_at > asked.starts_at - '0001-01-01T00:00:00Z'::timestamptz then
    perform private.refuse_field('/compare', 'too_big', 'The range before would begin before the year 1.');
  end if;
  previous.ends_at := asked.starts_at;
  -- Days are as many days, also when one of them is an hour shorter.
  previous.starts_at := case when length(args ->> 'from') = 10 and length(args ->> 'to') = 10
    then (starts_on - (ends_on - starts_on)) at time zone asked.time_zone
    else asked.starts_at - (asked.ends_at - asked.starts_at) end;
  return previous;
end
$$;
comment on function private.previous_kpi_range(jsonb, private.kpi_range) is
  'The range of the same length that ends where the one asked for begins. 422 without from and to.';

create function private.refuse_kpi_question(args jsonb) returns void
language plpgsql stable
set search_path = ''
as $$
declare
  unknown text := (
    select string_agg(value, ', ') from jsonb_array_elements_text(args -> 'by') as value where value not in ('status', 'stage'));
begin
  if not args ? 'as_of' then
    return;
  end if;
  if (args ->> 'as_of')::timestamptz > private.now() then
    perform private.refuse_field('/as_of', 'in_the_future', 'The moment is yet to come.');
  elsif args ?| '{from,to}' or (args ->> 'compare')::boolean then
    perform private.refuse_field('/as_of', 'contradictory', 'A moment and a range cannot be asked for together.');
  elsif unknown is not null then
    perform private.refuse_field('/by', 'contradictory',
      format('Of a past moment contacts are known by status and stage, not by %s.', unknown));
  end if;
end
$$;
comment on function private.refuse_kpi_question(jsonb) is 'Raises 422 for what of a past moment nobody knows.';

-- Groups -----------------------------------------------------------------------------------------

create function private.facet_values(kind text) returns table (value text, mask bigint)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select v, private.facet(kind, v)
  from unnest(case kind
    when 'status' then enum_range(null::public.contact_status)::text[]
    when 'source' then enum_range(null::public.contact_source)::text[]
    when 'grade' then enum_range(null::public.contact_grade)::text[] end) as v;
end
$$;
comment on function private.facet_values(text) is 'The values of status, source or grade with the bit that each is in contacts.facets.';

create function private.created_condition(workspace uuid, include_test boolean, asked private.kpi_range) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return concat_ws(' and ', 'c.workspace_id = ' || quote_literal(workspace),
    'c.created_at >= ' || quote_literal(asked.starts_at), 'c.created_at < ' || quote_literal(asked.ends_at),
    case when not include_test then format('c.facets & %s = 0', private.facet('is', 'is_mystery_shopper')) end);
end
$$;
comment on function private.created_condition(uuid, boolean, private.kpi_range) is
  'The SQL condition that contacts c were created in the range; with facets, so that an index on created_at answers alone.';

create function private.contact_groups(kind text, condition text, time_zone text) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  bits bigint := (select sum(f.mask) from private.facet_values(kind) f);
  groups jsonb;
begin
  execute format($sql$
      select coalesce(jsonb_object_agg(coalesce(%2$s, 'none'), g.contacts), '{}')
      from (select %1$s as key, count(*) as contacts from public.contacts c where %3$s group by 1) as g $sql$,
    case kind when 'stage' then 'c.stage' when 'assignee' then 'c.assigned_to'
      when 'day' then format('(c.created_at at time zone %L)::date', time_zone) else format('c.facets & %s', bits) end,
    case when kind in ('status', 'source', 'grade') then '(select f.value from private.facet_values($1) f where f.mask = g.key)'
      else 'g.key::text' end,
    condition) into groups using kind;
  return groups;
end
$$;
comment on function private.contact_groups(text, text, text) is
  'status, source, stage, grade, assignee or day, and a condition on contacts c → { value: contacts }, groups of nobody left out. Days are those of the time zone; none: no grade, nobody assigned.';

create function private.stages_now(workspace uuid, include_test boolean) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_object_agg(s.stage, s.contacts), '{}')
    from (
      select d.stage, sum(d.delta) as contacts from private.contact_kpi_deltas d
      where d.workspace_id = workspace and (include_test or not d.is_test) group by 1 having sum(d.delta) <> 0) as s);
end
$$;
comment on function private.stages_now(uuid, boolean) is 'All contacts by stage: { stage: contacts }, from the counts that are kept.';

create function private.named_groups(kinds jsonb, workspace uuid, include_test boolean, asked private.kpi_range) returns json
language plpgsql stable
set search_path = ''
as $$
declare
  condition text := private.created_condition(workspace, include_test, asked);
  is_open boolean := asked.starts_at is null and asked.ends_at is null;
begin
  return (
    select json_object_agg('by_' || k.kind, case
      when k.kind = 'stage' and is_open then private.stages_now(workspace, include_test)
      else private.contact_groups(k.kind, condition, asked.time_zone) end order by k.n)
    from (
      select e.kind, min(e.n) as n from jsonb_array_elements_text(kinds) with ordinality as e (kind, n)
      -- Every answer has it.
      where e.kind <> 'status' group by 1) as k);
end
$$;
comment on function private.named_groups(jsonb, uuid, boolean, private.kpi_range) is
  '[kind, …] → { by_<kind>: { value: contacts } } of the contacts created in the range; null: none but status.';

-- A range ----------------------------------------------------------------------------------------

create function private.won_deals(workspace uuid, include_test boolean, asked private.kpi_range) returns json
language plpgsql stable
set search_path = ''
as $$
declare
  home text := (private.workspace_settings(workspace)).currency;
begin
  return (
    with won as (
      select d.currency, count(*) as deals, coalesce(sum(d.value), 0) as value
      from public.deals d join public.contacts c on c.id = d.contact_id
      where d.workspace_id = workspace and d.status = 'won' and (include_test or not c.is_mystery_shopper)
        and (asked.starts_at is null or d.closed_at >= asked.starts_at) and (asked.ends_at is null or d.closed_at < asked.ends_at)
      group by 1
    )
    select json_build_object(
      'deals', coalesce(sum(w.deals) filter (where w.currency = home), 0),
      'value', trim_scale(coalesce(sum(w.value) filter (where w.currency = home), 0)),
      'currency', home,
      'other_currencies', coalesce(json_agg(json_build_object('currency', w.currency, 'deals', w.deals, 'value', trim_scale(w.value))
        order by w.currency) filter (where w.currency <> home), '[]'))
    from won w);
end
$$;
comment on function private.won_deals(uuid, boolean, private.kpi_range) is
  'Deals won in the range: how many and their value in the workspace''s currency; those in others are listed apart.';

create function private.time_summary(seconds numeric[]) returns json
language plpgsql immutable
set search_path = ''
as $$
begin
  return (
    select json_build_object('count', count(s),
      'average_seconds', trim_scale(round(avg(s), 3)),
      'median_seconds', trim_scale(round(percentile_cont(0.5) within group (order by s)::numeric, 3)))
    from unnest(seconds) s);
end
$$;
comment on function private.time_summary(numeric[]) is 'How many, average and median; nulls are none, and of none both are null.';

create function private.session_times(workspace uuid, include_test boolean, asked private.kpi_range) returns json
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    with opened as (
      select extract(epoch from s.answered_at - s.opened_at) as response,
        -- Somebody's clock may have been ahead of ours.
        greatest(extract(epoch from s.resolved_at - s.opened_at), case when s.resolved_at is not null then 0 end) as resolution
      from private.conversation_sessions s
      where s.workspace_id = workspace and s.opened_at is not null
        and (asked.starts_at is null or s.opened_at >= asked.starts_at) and (asked.ends_at is null or s.opened_at < asked.ends_at)
        and (include_test or s.conversation_id not in (
          select v.id from public.contacts c join public.conversations v on v.contact_id = c.id
          where c.workspace_id = workspace and c.is_mystery_shopper))
    )
    select json_build_object('opened_conversations', count(*),
      'first_response', private.time_summary(array_agg(o.response)),
      'resolution', private.time_summary(array_agg(o.resolution)))
    from opened o);
end
$$;
comment on function private.session_times(uuid, boolean, private.kpi_range) is
  'How often conversations were opened in the range, and how long it took until they were first answered and resolved, also if that was after it.';

create function private.range_kpis(workspace uuid, include_test boolean, asked private.kpi_range) returns json
language plpgsql stable
set search_path = ''
as $$
declare
  kpis json := private.status_kpis(private.contact_groups('status',
    private.created_condition(workspace, include_test, asked), asked.time_zone));
begin
  return private.join_json(
    json_build_object('from', asked.starts_at, 'to', asked.ends_at, 'new_contacts', kpis -> 'total_contacts'),
    kpis,
    json_build_object('won', private.won_deals(workspace, include_test, asked)),
    private.session_times(workspace, include_test, asked));
end
$$;
comment on function private.range_kpis(uuid, boolean, private.kpi_range) is
  'What the contacts created in the range are today, what was won in it, and how long those who wrote in it waited.';

create function private.kpi_figures(kpis json) returns table (name text, figure numeric, n bigint)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select f.name, (kpis #>> f.path::text[])::numeric, f.n
  from unnest(
    array['new_contacts', 'total_contacts', 'qualified_leads', 'conversion_rate', 'lost_leads', 'won_deals', 'won_value',
      'opened_conversations', 'first_response_average', 'first_response_median', 'resolution_average', 'resolution_median'],
    array['{new_contacts}', '{total_contacts}', '{qualified_leads}', '{conversion_rate}', '{lost_leads}', '{won,deals}', '{won,value}',
      '{opened_conversations}', '{first_response,average_seconds}', '{first_response,median_seconds}', '{resolution,average_seconds}',
      '{resolution,median_seconds}'])
    with ordinality as f (name, path, n);
end
$$;
comment on function private.kpi_figures(json) is 'The figures of private.range_kpis that can be compared; null where there was nothing to measure.';

create function private.kpi_change(kpis json, previous json) returns json
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select json_object_agg(a.name, json_build_object(
      'difference', trim_scale(a.figure - b.figure),
      'percent', trim_scale(round(100 * (a.figure - b.figure) / nullif(b.figure, 0), 2))) order by a.n)
    from private.kpi_figures(kpis) a join private.kpi_figures(previous) b using (name));
end
$$;
comment on function private.kpi_change(json, json) is
  '{ figure: { difference, percent } } from the second to the first; percent is null where there was nothing before.';

create function private.range_report(args jsonb, workspace uuid, include_test boolean) returns json
language plpgsql stable
set search_path = ''
as $$
declare
  asked private.kpi_range := private.given_kpi_range(args, workspace);
  kpis json := private.range_kpis(workspace, include_test, asked);
  previous json;
begin
  if (args ->> 'compare')::boolean then
    previous := private.range_kpis(workspace, include_test, private.previous_kpi_range(args, asked));
    previous := json_build_object('previous', previous, 'change', private.kpi_change(kpis, previous));
  end if;
  return private.join_json(kpis, private.named_groups(args -> 'by', workspace, include_test, asked), previous);
end
$$;
comment on function private.range_report(jsonb, uuid, boolean) is '{ from?, to?, compare?, by? } → the KPIs of a range.';

-- Now, and then ----------------------------------------------------------------------------------

create function private.kpis_now(workspace uuid, include_test boolean) returns json
language plpgsql stable
set search_path = ''
as $$
begin
  return private.status_kpis((
    select jsonb_object_agg(c.status, c.contacts) from private.contact_counts(workspace, include_test) c));
end
$$;
comment on function private.kpis_now(uuid, boolean) is 'The four KPIs of all contacts, from the counts that are kept.';

create function private.kpis_then(args jsonb, workspace uuid, include_test boolean) returns json
language plpgsql stable
set search_path = ''
as $$
declare
  moment timestamptz := args ->> 'as_of';
  statuses jsonb;
  stages json;
begin
  with counts as materialized (
    select * from private.contact_counts_at(workspace, include_test, moment)
  ), by_status as (
    select status, sum(contacts) as contacts from counts group by 1
  ), by_stage as (
    select stage, sum(contacts) as contacts from counts group by 1 having sum(contacts) <> 0
  )
  select (select jsonb_object_agg(status, contacts) from by_status),
    (select json_build_object('by_stage', coalesce(json_object_agg(stage, contacts order by stage), '{}')) from by_stage)
  into statuses, stages;
  return private.join_json(json_build_object('as_of', moment), private.status_kpis(coalesce(statuses, '{}')),
    case when args -> 'by' ? 'stage' then stages end);
end
$$;
comment on function private.kpis_then(jsonb, uuid, boolean) is
  '{ as_of, by? } → what a reader of the KPIs was told at that moment; all zero before there was anybody.';

create function api.contact_kpis(args jsonb) returns private.answer
language plpgsql stable
-- Definer: the counts are kept in a service table.
security definer set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('contacts:read');
  include_test boolean := coalesce((args ->> 'include_test')::boolean, false);
begin
  perform private.refuse_kpi_question(args);
  return row(200, private.data(case
    when args ? 'as_of' then private.kpis_then(args, workspace, include_test)
    when args ?| '{from,to}' or (args ->> 'compare')::boolean then private.range_report(args, workspace, include_test)
    when args ? 'by' then private.join_json(private.kpis_now(workspace, include_test),
      private.named_groups(args -> 'by', workspace, include_test, private.given_kpi_range(args, workspace)))
    else private.kpis_now(workspace, include_test) end), null)::private.answer;
end
$$;
comment on function api.contact_kpis(jsonb) is
  '{ include_test?, by?: [status, source, stage, grade, assignee, day], from?, to? (times or the workspace''s days; to is not in the range), compare?, as_of? } → the KPIs; mystery shoppers are left out unless asked for.';
