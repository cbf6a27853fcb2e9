-- Traces of deleted people where nothing refers to them: raw deliveries, which hold several people's
-- updates, events, links of ids. Batch by batch.

create function private.is_past(horizon xid8) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  return pg_snapshot_xmin(pg_current_snapshot()) > horizon;
end
$$;
comment on function private.is_past(xid8) is
  'Whether everything that began to write before that transaction has ended. A delivery that was being stored when people were deleted has left its traces then.';

create function private.owned_numbers(workspace uuid, used text[]) returns text[]
language plpgsql stable
set search_path = ''
as $$
begin
  return array(
    select w.phone_number_id from public.whatsapp_numbers w where w.workspace_id = workspace
    union
    -- Numbers that the workspace has had, unless they are somebody else's now.
    select u from unnest(used) u
    where not exists (select from public.whatsapp_numbers w where w.phone_number_id = u and w.workspace_id <> workspace));
end
$$;
comment on function private.owned_numbers(uuid, text[]) is
  'The numbers whose deliveries are the workspace''s: its own, and of the given ones those that nobody else has.';

create function private.other_ids(keys text[], numbers text[]) returns text[]
language plpgsql immutable
set search_path = ''
as $$
declare
  ours text[] := array(select v from unnest(numbers) n cross join lateral private.phone_variants(private.digits(n)) v);
begin
  return case when keys && ours then array(select k from unnest(keys) k where k <> all (ours)) else keys end;
end
$$;
comment on function private.other_ids(text[], text[]) is
  'The ids but for numbers of the business (in any notation): somebody may have entered one as a contact''s, and all that is said with others names it.';

create function private.without_people(body jsonb, keys text[], numbers text[], accounts text[]) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  if jsonb_typeof(body -> 'entry') is distinct from 'array' then
    return body;
  end if;
  return body || jsonb_build_object('entry', (
    select coalesce(jsonb_agg(case when jsonb_typeof(e -> 'changes') = 'array' then e || jsonb_build_object('changes', (
        select coalesce(jsonb_agg(case when o.looked_for <> '{}' then private.without_items(c, o.looked_for) else c end order by m), '[]')
        from jsonb_array_elements(e -> 'changes') with ordinality as k (c, m)
        cross join lateral (select c #- '{value,metadata}' as told offset 0) as t
        cross join lateral (
          select case
            -- One delivery may be about several workspaces.
            when coalesce(c #>> '{value,metadata,phone_number_id}' = any (numbers), e ->> 'id' = any (accounts)) and private.may_name(t.told, keys)
            then private.other_ids(keys, array[c #>> '{value,metadata,display_phone_number}']) else '{}' end as looked_for offset 0) as o
        where not (o.looked_for <> '{}' and private.names_itself(t.told, o.looked_for)))) else e end order by n), '[]')
    from jsonb_array_elements(body -> 'entry') with ordinality as a (e, n)));
end
$$;
comment on function private.without_people(jsonb, text[], text[], text[]) is
  'A delivery without the updates that hold one of the ids, as far as they are about these numbers or, naming none, these business accounts.';

create function private.erasure_needles(receipt uuid) returns text[]
language plpgsql stable
set search_path = ''
as $$
declare
  -- Looking for each of a few takes a hundredth of cutting a text into tokens; of many, as long.
  most constant int := 60;
  keys text[] := array(select k.key from private.erasure_keys k where k.receipt_id = receipt limit most + 1);
begin
  return case when cardinality(keys) <= most then array(
    select k from unnest(keys) k
    union
    -- As WhatsApp spells a slash in JSON.
    select replace(k, '/', '\/') from unnest(keys) k) end;
end
$$;
comment on function private.erasure_needles(uuid) is
  'What of the ids of a deletion a JSON text would have to contain; null: they are too many to look for one by one.';

create function private.may_hold(body text, needles text[]) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return needles is null or private.holds_any(body, needles);
end
$$;
comment on function private.may_hold(text, text[]) is
  'Whether private.json_tokens of a text is worth looking at for what private.erasure_needles names.';

create function private.held_keys(receipt uuid, body text, needles text[]) returns text[]
language plpgsql stable
set search_path = ''
as $$
begin
  if not private.may_hold(body, needles) then
    return '{}';
  end if;
  return array(
    select k.key from private.erasure_keys k
    where k.receipt_id = receipt and k.key = any (array(select t from private.json_tokens(body) t)));
end
$$;
comment on function private.held_keys(uuid, text, text[]) is
  'The ids of a deletion that a JSON text holds. needles: private.erasure_needles of it.';

create function private.redact_delivery(receipt uuid, delivery uuid, keys text[], numbers text[], accounts text[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  d private.webhook_deliveries;
  parsed jsonb;
  rest jsonb;
  gone private.update_name[];
begin
  select * into d from private.webhook_deliveries w where w.id = delivery for update;
  if d.body is null then
    -- No JSON that could be cut.
    if exists (select from private.json_tokens(encode(d.raw, 'escape')) t where t = any (numbers || accounts)) then
      update private.webhook_deliveries w set raw = '', detail = '{"redacted": true}' where w.id = d.id;
    end if;
    return;
  end if;
  parsed := d.body::jsonb;
  rest := private.without_people(parsed, keys, numbers, accounts);
  if rest = parsed then
    return;
  end if;
  gone := array(
    select row(g.phone_number_id, g.id)::private.update_name
    from (select * from private.update_names(parsed) except select * from private.update_names(rest)) as g
    -- Somebody else's message that only quotes one of theirs is still there.
    where not exists (
      select from public.messages m where m.wa_message_id = g.id and m.phone_number_id = g.phone_number_id
      union all
      select from public.messages m
      where m.id = case when g.id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then g.id::uuid end));
  perform private.forget_updates(gone), private.keep_erasure_keys(receipt, array(select g.id from unnest(gone) g));
  update private.webhook_deliveries w
  set body = rest::text, detail = (w.detail - 'batch_error') || '{"redacted": true}' where w.id = d.id;
  delete from private.webhook_failures f
  where f.delivery_id = d.id and private.without_people(f.item, keys, numbers, accounts) <> f.item;
end
$$;
comment on function private.redact_delivery(uuid, uuid, text[], text[], text[]) is
  'Takes people out of a kept delivery that holds these ids, and out of its failures, and has the same updates left out should they come again.';

create function private.redact_deliveries(job private.batch_jobs, at_most int, time_limit interval) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  begun timestamptz := clock_timestamp();
  needles text[] := private.erasure_needles(job.id);
  numbers text[] := private.owned_numbers(job.workspace_id,
    array(select jsonb_array_elements_text(private.json_list(job.state -> 'numbers'))));
  accounts text[] := array(
    select distinct w.waba_id from public.whatsapp_numbers w where w.workspace_id = job.workspace_id and w.waba_id is not null);
  delivery record;
  held text[];
  looked_at int := 0;
begin
  for delivery in
    -- Put together it is uncompressed once, not by everything that looks at it.
    select d.id, d.received_at, coalesce(d.body, encode(d.raw, 'escape')) || '' as body
    from private.webhook_deliveries d
    where (d.received_at, d.id) > (coalesce((job.state ->> 'after_at')::timestamptz, '-infinity'),
        coalesce((job.state ->> 'after_id')::uuid, '00000000-0000-0000-0000-000000000000'))
      and d.received_at <= (job.state ->> 'until')::timestamptz
    order by d.received_at, d.id limit at_most
  loop
    -- Others' deliveries, most of them on a shared server, are none of ours whomever they name.
    held := case when private.holds_any(delivery.body, numbers || accounts) then private.held_keys(job.id, delivery.body, needles) end;
    if cardinality(held) > 0 then
      perform private.redact_delivery(job.id, delivery.id, held, numbers, accounts);
    end if;
    looked_at := looked_at + 1;
    if looked_at = at_most or clock_timestamp() > begun + time_limit then
      return job.state || jsonb_build_object('after_at', delivery.received_at, 'after_id', delivery.id);
    end if;
  end loop;
  return job.state - '{after_at,after_id}'::text[] || '{"phase": "events"}';
end
$$;
comment on function private.redact_deliveries(private.batch_jobs, int, interval) is
  'Looks through the next kept deliveries for people of a deletion, at least one, until the time is over; the new state of its job.';

create function private.erase_events(job private.batch_jobs, at_most int) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  needles text[] := private.erasure_needles(job.id);
  ours text[] := array(select w.display_phone_number from public.whatsapp_numbers w where w.workspace_id = job.workspace_id);
  looked uuid[] := array(
    select e.id from public.whatsapp_events e
    where e.workspace_id = job.workspace_id and e.id > coalesce((job.state ->> 'after_id')::uuid, '00000000-0000-0000-0000-000000000000')
      and e.created_at <= (job.state ->> 'until')::timestamptz
    order by e.id limit at_most);
begin
  delete from public.whatsapp_events e
  where e.id = any (looked) and private.other_ids(private.held_keys(job.id, e.payload::text, needles), ours) <> '{}';
  return case when cardinality(looked) < at_most then job.state - 'after_id' || '{"phase": "rest"}'
    else job.state || jsonb_build_object('after_id', looked[cardinality(looked)]) end;
end
$$;
comment on function private.erase_events(private.batch_jobs, int) is
  'Looks through the next events of the workspace for people of a deletion; the new state of its job.';

create function private.is_empty_delivery(body jsonb) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return not coalesce(jsonb_path_exists(body,
    'strict $.entry[*].changes[*].value.** ? (@.type() == "array" && @.size() > 0)', silent => true), false);
end
$$;
comment on function private.is_empty_delivery(jsonb) is 'Whether no list of a delivery''s changes holds anything any more.';

create function private.redact_unclaimed(receipt uuid, numbers text[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  needles text[] := private.erasure_needles(receipt);
begin
  with held as materialized (
    select u.id, u.body, private.held_keys(receipt, u.body::text, needles) as keys
    from private.unclaimed_updates u where u.phone_number_id = any (numbers)
  ), cut as materialized (
    select h.id, h.body, private.without_people(h.body, h.keys, numbers, '{}') as rest from held h where h.keys <> '{}'
  ), emptied as (
    delete from private.unclaimed_updates u using cut c
    where u.id = c.id and c.rest <> c.body and private.is_empty_delivery(c.rest)
  )
  -- The key stays: the same delivered again is known by it.
  update private.unclaimed_updates u
  set body = c.rest, countries = private.countries_in(c.rest, u.countries)
  from cut c
  where u.id = c.id and c.rest <> c.body and not private.is_empty_delivery(c.rest);
end
$$;
comment on function private.redact_unclaimed(uuid, text[]) is
  'Takes people of a deletion out of updates that wait for their number to be registered; those of which nothing is left go.';

create function private.erase_loose_ends(job private.batch_jobs) returns void
language plpgsql
set search_path = ''
as $$
declare
  numbers text[] := private.owned_numbers(job.workspace_id,
    array(select jsonb_array_elements_text(private.json_list(job.state -> 'numbers'))));
begin
  delete from private.identity_links l
  using private.erasure_keys k
  where k.receipt_id = job.id and l.workspace_id = job.workspace_id and k.key in (l.external_id, l.other_id);
  delete from public.whatsapp_pending_statuses p
  using private.erasure_keys k
  where k.receipt_id = job.id and p.wa_message_id = k.key and p.phone_number_id = any (numbers);
  -- Of the business: those of the person went with the contact.
  delete from public.message_changes h
  using private.erasure_keys k
  where k.receipt_id = job.id and h.workspace_id = job.workspace_id and h.contact_id is null and h.target_wa_message_id = k.key;
  perform private.redact_unclaimed(job.id, numbers);
  -- A tag that nobody else has is in the changes of its count until they are added up.
  perform private.fold_contact_tags(job.workspace_id, 1000000);
  delete from private.erasure_keys k where k.receipt_id = job.id;
end
$$;
comment on function private.erase_loose_ends(private.batch_jobs) is
  'What refers to people of a deletion by their ids alone: links of ids, waiting statuses, changes of messages, updates of numbers that nobody has. The ids themselves last.';
