-- Contacts that may be one person: who shares a number or an e-mail address.
--
-- contacts.phone_key is unique, so two contacts never have the same phone. A number is shared where
-- an identity (channel whatsapp or phone) of one contact names the phone of another, or names, as
-- another variant or on the other channel, what an identity of another names: after numbers were
-- moved or identities written by hand or by an import, after a merge was undone, and where a contact
-- came to its phone past the API, which alone looks at identities before it accepts one.

create function private.shared_number(workspace uuid, one uuid, other uuid, out channel text, out external_id text)
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  select i.channel, i.external_id into channel, external_id
  from unnest(array[one, other], array[other, one]) as side (here, there)
  join public.contact_identities i on i.contact_id = side.here
  where i.workspace_id = workspace and i.phone_key is not null
    and (i.phone_key = (select c.phone_key from public.contacts c where c.id = side.there)
      or exists (
        select from public.contact_identities j where j.contact_id = side.there and j.phone_key = i.phone_key))
  order by i.channel, i.external_id limit 1;
end
$$;
comment on function private.shared_number(uuid, uuid, uuid) is
  'The first identity of two contacts whose number the other has as well, or nulls.';

create function private.contact_numbers(contact uuid) returns table (digits text, phone_key text)
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  return query
  select c.whatsapp_contact_id, c.phone_key from public.contacts c where c.id = contact and c.phone_key is not null
  union
  select i.external_id, i.phone_key from public.contact_identities i where i.contact_id = contact and i.phone_key is not null;
end
$$;
comment on function private.contact_numbers(uuid) is 'The numbers of a contact: its phone, and those that channels know it under.';

create function private.match_reasons(one uuid, other uuid) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    with shared as (
      select a.phone_key, bool_or(a.digits = b.digits) as is_same, min(a.digits) filter (where a.digits = b.digits) as same,
        min(b.digits) as variant
      from private.contact_numbers(one) a join private.contact_numbers(other) b on a.phone_key = b.phone_key
      group by a.phone_key
    ), reasons as (
      select case when s.is_same then 'phone' else 'phone_variant' end as type, coalesce(s.same, s.variant) as value from shared s
      union all
      select 'email', lower(a.email) from public.contacts a join public.contacts b on lower(b.email) = lower(a.email)
      where a.id = one and b.id = other
    )
    select coalesce(jsonb_agg(jsonb_build_object('type', r.type, 'value', r.value)
      order by array_position('{phone,phone_variant,email}', r.type), r.value), '[]') from reasons r);
end
$$;
comment on function private.match_reasons(uuid, uuid) is
  'Why two contacts may be one: [{ type: phone | phone_variant | email, value }], weightiest first.';

create function private.match_confidence(reasons jsonb) returns int
language plpgsql immutable
set search_path = ''
as $$
begin
  -- A number is one person's far more often than an address, which a company or family may share.
  return case reasons #>> '{0,type}' when 'phone' then 90 when 'phone_variant' then 80 when 'email' then 60 end
    + least(5 * (jsonb_array_length(reasons) - 1), 9);
end
$$;
comment on function private.match_confidence(jsonb) is
  'Reasons → 0 to 100: 90 a number, 80 a variant of one, 60 an address; five more for every further one, nine at most. For ranking, no probability.';

create function private.matching_contacts(workspace uuid, contact uuid) returns uuid[]
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  address text := (select lower(c.email) from public.contacts c where c.id = contact);
begin
  return array(
    select found.id
    from private.contact_numbers(contact) n
    cross join lateral (
      select c.id from (select * from public.contacts where contacts.phone_key = n.phone_key offset 0) as c
      where c.workspace_id = workspace
      union all
      select i.contact_id from (select * from public.contact_identities where contact_identities.phone_key = n.phone_key offset 0) as i
      where i.workspace_id = workspace
    ) as found where found.id <> contact
    union
    (select c.id from public.contacts c
      where c.workspace_id = workspace and lower(c.email) = address and c.id <> contact
      -- An address that thousands have says nothing about any two of them.
      order by c.id limit 1000));
end
$$;
comment on function private.matching_contacts(uuid, uuid) is
  'The contacts that share a number or an e-mail address with one (of the latter the first thousand).';

-- All of a workspace -----------------------------------------------------------------------------

-- Pairs are found on the way along an index: first the identities with numbers, then the addresses.
-- A page walks a bounded part of it, so it costs the same with a million contacts.
create type private.candidate_walk as (positions text[], ones uuid[], others uuid[], reached text, reached_id uuid, walked int);

create function private.walk_numbers(workspace uuid, along text, from_position text, after_other uuid, at_most int)
returns private.candidate_walk
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  walk private.candidate_walk;
begin
  with walked as materialized (
    select i.external_id, i.phone_key, i.contact_id from public.contact_identities i
    where i.workspace_id = workspace and i.channel = along and i.external_id >= from_position
    order by i.external_id limit at_most
  ), pairs as (
    select w.external_id as position, w.contact_id as one, f.id as other
    from walked w
    cross join lateral (
      select c.id from (select * from public.contacts where contacts.phone_key = w.phone_key offset 0) as c
      where c.workspace_id = workspace
      union
      select j.contact_id from (select * from public.contact_identities where contact_identities.phone_key = w.phone_key offset 0) as j
      where j.workspace_id = workspace
    ) as f
    where f.id <> w.contact_id and (w.external_id, f.id) > (from_position, after_other)
  ), first_met as (
    -- Two who share several numbers are met at each of them.
    select p.* from pairs p
    cross join lateral private.shared_number(workspace, p.one, p.other) as s
    where s.channel = along and s.external_id = p.position
  )
  select array_agg(p.position order by p.position, p.other), array_agg(p.one order by p.position, p.other),
    array_agg(p.other order by p.position, p.other), (select max(w.external_id) from walked w),
    'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid, (select count(*) from walked)
  into walk from first_met p;
  return walk;
end
$$;
comment on function private.walk_numbers(uuid, text, text, uuid, int) is
  'Contacts that share a number, met along the identities of a channel from one on: at_most identities are looked at.';

create function private.walk_emails(workspace uuid, from_position text, after_id uuid, at_most int) returns private.candidate_walk
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  walk private.candidate_walk;
begin
  with walked as materialized (
    select c.id, lower(c.email) as address from public.contacts c
    where c.workspace_id = workspace and c.email is not null and (lower(c.email), c.id) > (from_position, after_id)
    order by lower(c.email), c.id limit at_most
  ), pairs as (
    select w.address as position, w.id as other, (
      select c.id from public.contacts c
      where c.workspace_id = workspace and c.email is not null and lower(c.email) = w.address
      order by c.id limit 1) as one
    from walked w
  ), new_pairs as (
    -- Who shares a number as well was met there.
    select p.* from pairs p
    where p.one <> p.other and (private.shared_number(workspace, p.one, p.other)).channel is null
  )
  select array_agg(p.position order by p.position, p.other), array_agg(p.one order by p.position, p.other),
    array_agg(p.other order by p.position, p.other),
    (select w.address from walked w order by w.address desc, w.id desc limit 1),
    (select w.id from walked w order by w.address desc, w.id desc limit 1), (select count(*) from walked)
  into walk from new_pairs p;
  return walk;
end
$$;
comment on function private.walk_emails(uuid, text, uuid, int) is
  'Contacts that share an e-mail address, each with the first that has it, met along the addresses: at_most contacts are looked at.';
