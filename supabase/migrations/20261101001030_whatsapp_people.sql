-- Who the people of a delivery are: ids → contacts.
--
-- Ids that some update named together are one person's, whichever update came first: what decides
-- is how the ids hang together, never the order in which we heard of it. The usual batch is about
-- people whose ids are all known, and costs one look-up an id. The rest goes the slow way.

create function private.whatsapp_contact(workspace uuid, wa_id text, bsuid text, parent_bsuid text) returns uuid
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  found_id uuid;
  other_id uuid;
begin
  if wa_id is not null then
    found_id := (select i.contact_id from public.contact_identities i
      where i.workspace_id = workspace and i.channel = 'whatsapp' and i.external_id = whatsapp_contact.wa_id);
    if found_id is null then
      return null;
    end if;
  end if;
  if bsuid is not null then
    other_id := (select i.contact_id from public.contact_identities i
      where i.workspace_id = workspace and i.channel = 'whatsapp_bsuid' and i.external_id = whatsapp_contact.bsuid);
    if other_id is null or other_id <> found_id then
      return null;
    end if;
    found_id := other_id;
  end if;
  if parent_bsuid is not null then
    other_id := (select i.contact_id from public.contact_identities i
      where i.workspace_id = workspace and i.channel = 'whatsapp_parent_bsuid' and i.external_id = whatsapp_contact.parent_bsuid);
    if other_id is null or other_id <> found_id then
      return null;
    end if;
    found_id := other_id;
  end if;
  return found_id;
end
$$;
comment on function private.whatsapp_contact(uuid, text, text, text) is
  'The contact that has all of the ids given; null if one of them is unknown or another contact''s.';

-- Writing to a person: one of their ids; the other is null.
create type private.whatsapp_address as (wa_id text, bsuid text);

create function private.whatsapp_recipient(conversation uuid, about uuid default null) returns private.whatsapp_address
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v public.conversations := (select t from public.conversations t where t.id = conversation);
  sender text;
  heard timestamptz;
  used text;
begin
  select m.contact_external_id, m.sent_at into sender, heard from public.messages m
  where m.id = about and m.contact_external_id is not null;
  if not found then
    heard := v.last_inbound_at;
    sender := (
      select m.contact_external_id from public.messages m
      where m.conversation_id = v.id and m.sent_at = heard and m.direction = 'inbound' and not m.from_history
      order by m.contact_external_id limit 1);
  end if;
  used := (select i.channel from public.contact_identities i where i.contact_id = v.contact_id and i.external_id = sender limit 1);
  return (
    select row(
      case when i.channel is distinct from 'whatsapp_bsuid' then coalesce(i.external_id, c.whatsapp_contact_id) end,
      case when i.channel = 'whatsapp_bsuid' then i.external_id end)::private.whatsapp_address
    from public.contacts c
    left join lateral (
      select i.channel, i.external_id
      from public.contact_identities i
      where i.contact_id = c.id and i.channel in ('whatsapp', 'whatsapp_bsuid')
      order by
        coalesce(i.channel = used, false) desc,
        -- A merge leaves a contact with the ids of two: the window is open to the one that wrote,
        -- unless that person has another since.
        coalesce(i.external_id = sender, false) and not exists (
          select from public.contact_identities j
          where j.contact_id = c.id and j.channel = i.channel and j.external_id <> i.external_id
            and j.moved_at >= heard) desc,
        i.channel, i.moved_at desc nulls last, i.phone_key = c.phone_key desc nulls last, i.external_id
      limit 1
    ) as i on true
    where c.id = v.contact_id
  );
end
$$;
comment on function private.whatsapp_recipient(uuid, uuid) is
  'Where to write to in a conversation: the id that wrote the message that it is about, else the one that wrote last, or what took its place, else the newest WhatsApp id, else the business-scoped user id, else the digits of the phone. Both null where there is none.';

create type private.identity_node as (
  workspace_id uuid, channel text, external_id text, country text, moved_at timestamptz, creates boolean,
  profile_name text, named_at timestamptz, person bigint, label bigint, contact_id uuid);

create function private.identity_nodes(people private.whatsapp_person[], countries jsonb) returns private.identity_node[]
language plpgsql stable
set search_path = ''
as $$
begin
  return array(
    select row(p.workspace_id, id.channel, id.external_id, id.country, id.moved_at, p.creates, p.profile_name, p.named_at,
      p.n, null, null)::private.identity_node
    from unnest(people) with ordinality as p (workspace_id, wa_id, bsuid, parent_bsuid, previous_wa_id, previous_bsuid, moved_at,
      creates, profile_name, named_at, n)
    cross join lateral (
      values
        -- A number that comes alone and makes nobody is found by its key, and is no id for that.
        ('whatsapp', case when p.creates or num_nonnulls(p.bsuid, p.parent_bsuid, p.previous_wa_id, p.previous_bsuid) > 0 then p.wa_id end,
          countries ->> p.wa_id, case when p.previous_wa_id is not null then p.moved_at end),
        ('whatsapp', p.previous_wa_id, countries ->> p.previous_wa_id, null),
        ('whatsapp_bsuid', p.bsuid, null, case when p.previous_bsuid is not null then p.moved_at end),
        ('whatsapp_bsuid', p.previous_bsuid, null, null),
        ('whatsapp_parent_bsuid', p.parent_bsuid, null, null),
        -- What variants of one number have in common: no id of its own, but it links.
        ('', private.phone_key(p.wa_id), null, null),
        ('', private.phone_key(p.previous_wa_id), null, null)
    ) as id (channel, external_id, country, moved_at)
    where id.external_id is not null);
end
$$;
comment on function private.identity_nodes(private.whatsapp_person[], jsonb) is
  'The ids of people, a line an id and person. countries: { wa_id: ISO country }.';

create function private.linked_nodes(nodes private.identity_node[]) returns private.identity_node[]
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  return nodes || array(
    with recursive heard as (
      select distinct n.workspace_id, n.channel, n.external_id, null::text as from_channel, null::text as from_id,
        null::text as country, null::timestamptz as moved_at
      from unnest(nodes) n
      union
      select l.workspace_id, l.other_channel, l.other_id, l.channel, l.external_id, b.country, b.moved_at
      from heard h
      -- Looked up one by one: joined, all links of everybody may be read.
      cross join lateral (
        select * from private.identity_links l
        where l.workspace_id = h.workspace_id and l.channel = h.channel and l.external_id = h.external_id
        offset 0) as l
      cross join lateral (
        select b.country, b.moved_at from private.identity_links b
        where b.workspace_id = l.workspace_id and b.channel = l.other_channel and b.external_id = l.other_id
          and b.other_channel = l.channel and b.other_id = l.external_id
        offset 0) as b
    ), links as (
      select h.*, -row_number() over () as n from heard h where h.from_id is not null
    )
    select row(l.workspace_id, end_.channel, end_.external_id, end_.country, end_.moved_at, false, null, null, l.n, null, null)
      ::private.identity_node
    from links l
    cross join lateral (
      values (l.channel, l.external_id, l.country, l.moved_at), (l.from_channel, l.from_id, null, null),
        ('', case when l.channel = 'whatsapp' then private.phone_key(l.external_id) end, null, null)
    ) as end_ (channel, external_id, country, moved_at)
    where end_.external_id is not null);
end
$$;
comment on function private.linked_nodes(private.identity_node[]) is
  'The ids and all that earlier updates linked them with.';

create function private.label_nodes(nodes private.identity_node[]) returns private.identity_node[]
language plpgsql stable
-- A thousand new people at once are no reason for a million comparisons.
set search_path = '' set enable_hashjoin = on set enable_mergejoin = off set enable_nestloop = off
as $$
begin
  return array(
    with recursive given as (
      select n.*, dense_rank() over (order by n.workspace_id, n.channel, n.external_id) as id
      from unnest(nodes) n
    ), pairs as (
      select distinct a.id, b.id as other from given a join given b using (workspace_id, person)
    ), reached as (
      select distinct id as root, id from given
      union
      select r.root, p.other from reached r join pairs p on p.id = r.id
    ), labels as (
      select id, min(root) as label from reached group by id
    )
    select row(g.workspace_id, g.channel, g.external_id, max(g.country), max(g.moved_at), bool_or(g.creates),
      (array_agg(g.profile_name order by g.named_at desc nulls last, g.profile_name) filter (where g.profile_name is not null))[1],
      max(g.named_at) filter (where g.profile_name is not null), null, l.label, null)::private.identity_node
    from given g join labels l using (id)
    group by g.workspace_id, g.channel, g.external_id, l.label);
end
$$;
comment on function private.label_nodes(private.identity_node[]) is
  'Each id once, ids of one person with one label: persons that share an id are one.';

create function private.lock_identities(nodes private.identity_node[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtext('identity'), bucket)
  from (
    select distinct hashtext(n.workspace_id || n.channel || n.external_id) & 255 as bucket from unnest(nodes) n order by 1
  ) as buckets;
end
$$;
comment on function private.lock_identities(private.identity_node[]) is
  'Who makes, links or merges contacts by their ids holds these until the end of the transaction; taken before any row is locked.';

create function private.locate_nodes(nodes private.identity_node[]) returns private.identity_node[]
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  return array(
    select row(n.workspace_id, n.channel, n.external_id, n.country, n.moved_at, n.creates, n.profile_name, n.named_at, n.person,
      n.label, coalesce(
        (select i.contact_id from public.contact_identities i
          where i.workspace_id = n.workspace_id and i.channel = n.channel and i.external_id = n.external_id),
        case when n.channel = 'whatsapp' then private.contact_by_phone(n.workspace_id, n.external_id) end))::private.identity_node
    from unnest(nodes) n);
end
$$;
comment on function private.locate_nodes(private.identity_node[]) is 'The ids with the contacts that they belong to now.';

create function private.contacts_of_nodes(nodes private.identity_node[]) returns uuid[]
language plpgsql stable
set search_path = ''
as $$
begin
  return array(select distinct n.contact_id from unnest(private.locate_nodes(nodes)) n where n.contact_id is not null);
end
$$;
comment on function private.contacts_of_nodes(private.identity_node[]) is 'The contacts that the ids belong to now.';

create function private.merge_whatsapp_people(nodes private.identity_node[]) returns private.identity_node[]
language plpgsql
set search_path = ''
as $$
declare
  located private.identity_node[] := private.locate_nodes(nodes);
  several record;
  contact_ids uuid[];
  is_merged boolean := false;
begin
  for several in
    select n.label, array_agg(n) as nodes from unnest(located) n
    group by n.label having count(distinct n.contact_id) > 1 order by n.label
  loop
    loop
      -- Looked up again: the last merge may have been of one of these, and while we waited for their
      -- locks another delivery may have merged one of them with somebody else.
      contact_ids := private.contacts_of_nodes(several.nodes);
      exit when coalesce(cardinality(contact_ids), 0) < 2;
      perform private.merge_contacts(contact_ids);
      is_merged := true;
    end loop;
  end loop;
  return case when is_merged then private.locate_nodes(nodes) else located end;
end
$$;
comment on function private.merge_whatsapp_people(private.identity_node[]) is
  'Merges contacts whose ids turned out to be one person''s; returns the ids, each with its contact.';

create function private.create_whatsapp_contacts(nodes private.identity_node[]) returns private.identity_node[]
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  result private.identity_node[];
begin
  with people as materialized (
    select n.workspace_id, n.label, private.uuid_v7() as id,
      (array_agg(n.external_id order by n.moved_at desc nulls last, n.external_id) filter (where n.channel = 'whatsapp'
        and n.external_id ~ '^[1-9][0-9]{5,14}$'))[1] as wa_id,
      (array_agg(n.country order by n.moved_at desc nulls last, n.external_id) filter (where n.channel = 'whatsapp'
        and n.external_id ~ '^[1-9][0-9]{5,14}$'))[1] as country,
      (array_agg(n.profile_name order by n.named_at desc nulls last, n.profile_name) filter (where n.profile_name is not null))[1]
        as profile_name
    from unnest(nodes) n
    group by n.workspace_id, n.label
    having bool_or(n.creates) and count(n.contact_id) = 0
  ), made as (
    -- In the order of the key and `on conflict do nothing`: whoever adds the same number by hand
    -- waits for us, or we for them, and the contact is one.
    insert into public.contacts
      (id, workspace_id, phone, country, profile_name, source, channels)
    select p.id, p.workspace_id, '+' || p.wa_id, p.country, p.profile_name, 'chat', array['whatsapp']
    from people p
    order by p.workspace_id, private.phone_key(p.wa_id), p.id
    on conflict (workspace_id, phone_key) do nothing
    returning id
  )
  select array_agg(row(p.workspace_id, 'whatsapp', p.wa_id, p.country, null, true, null, null, null, p.label, made.id)::private.identity_node)
  into result
  from people p left join made using (id);
  return coalesce(result, '{}');
end
$$;
comment on function private.create_whatsapp_contacts(private.identity_node[]) is
  'Makes the contacts of the people who need one and have none; a line each with its label, and contact_id unless somebody else made it meanwhile.';

create function private.attach_identities(nodes private.identity_node[], made private.identity_node[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  touched uuid[];
begin
  with owners as (
    select n.label, coalesce((array_agg(n.contact_id) filter (where n.contact_id is not null))[1],
      (select coalesce(m.contact_id, private.contact_by_phone(m.workspace_id, m.external_id))
        from unnest(made) m where m.label = n.label)) as contact_id
    from unnest(nodes) n group by n.label
  ), linked as (
    insert into public.contact_identities as i (workspace_id, contact_id, channel, external_id, country, moved_at)
    select n.workspace_id, o.contact_id, n.channel, n.external_id, n.country, n.moved_at
    from unnest(nodes) n join owners o using (label)
    where n.channel <> '' and o.contact_id is not null
    order by n.workspace_id, n.channel, n.external_id
    on conflict (workspace_id, channel, external_id) do update
    set moved_at = greatest(i.moved_at, excluded.moved_at), country = coalesce(i.country, excluded.country)
    where excluded.moved_at > coalesce(i.moved_at, '-infinity') or i.country is null and excluded.country is not null
    -- Of rows that were there, xmax is the transaction that has just written over them.
    returning i.id, i.workspace_id, i.channel, i.external_id, i.contact_id, i.xmax = 0 as is_new
  ), fresh as (
    select l.id, n.label
    from linked l join unnest(nodes) n using (workspace_id, channel, external_id)
    where l.is_new and exists (
      select from public.contact_merges m where m.primary_id = l.contact_id and m.undone_at is null)
  ), noted as (
    insert into private.identities_together (identity_id, other_id)
    select f.id, o.id
    from fresh f join unnest(nodes) n using (label)
    cross join lateral (
      select l.id from linked l
      where (l.workspace_id, l.channel, l.external_id) = (n.workspace_id, n.channel, n.external_id)
      union
      select i.id from public.contact_identities i
      where (i.workspace_id, i.channel, i.external_id) = (n.workspace_id, n.channel, n.external_id)) as o
    where o.id <> f.id
  ), settled as (
    -- What had to wait for a contact need not wait any more. Looked up id by id: joined, all links of
    -- everybody may be read.
    delete from private.identity_links l
    where l.ctid = any (array(
      select waiting.ctid
      from unnest(nodes) n join owners o using (label)
      cross join lateral (
        select w.ctid from private.identity_links w
        where w.workspace_id = n.workspace_id and w.channel = n.channel and w.external_id = n.external_id
        offset 0) as waiting
      where o.contact_id is not null))
  )
  select array_agg(distinct contact_id) into touched from linked
  where not contact_id in (select m.contact_id from unnest(made) m where m.contact_id is not null);
  return coalesce(touched, '{}');
end
$$;
comment on function private.attach_identities(private.identity_node[], private.identity_node[]) is
  'Gives every id to the contact of its label, found or just made; returns the contacts found that got or moved one.';

create function private.keep_identity_links(asserted private.identity_node[], nodes private.identity_node[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.identity_links as l
    (workspace_id, channel, external_id, other_channel, other_id, country, moved_at)
  select a.workspace_id, a.channel, a.external_id, b.channel, b.external_id, max(a.country), max(a.moved_at)
  from unnest(asserted) a
  join unnest(asserted) b on b.person = a.person and (b.channel, b.external_id) <> (a.channel, a.external_id)
  join unnest(nodes) n on n.workspace_id = a.workspace_id and n.channel = a.channel and n.external_id = a.external_id
  where n.label in (
      select o.label from unnest(nodes) o group by o.label having count(o.contact_id) = 0 and not bool_or(o.creates))
  group by 1, 2, 3, 4, 5
  order by 1, 2, 3, 4, 5
  on conflict (workspace_id, channel, external_id, other_channel, other_id) do update
  set country = coalesce(l.country, excluded.country), moved_at = greatest(l.moved_at, excluded.moved_at);
end
$$;
comment on function private.keep_identity_links(private.identity_node[], private.identity_node[]) is
  'Remembers which ids belong together of people who are no contacts yet. The key of a number is one of them: later updates may name another variant of it.';

create function private.follow_moved_numbers(contact_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.contacts c
  set phone = '+' || newest.external_id, country = coalesce(newest.country, case when c.phone is null then c.country end)
  from unnest(contact_ids) as given (id)
  cross join lateral (
    select i.external_id, i.country, i.phone_key from public.contact_identities i
    where i.contact_id = given.id and i.channel = 'whatsapp' and i.external_id ~ '^[1-9][0-9]{5,14}$'
    order by i.moved_at desc nulls last, i.external_id limit 1) as newest
  where c.id = given.id
    and (c.phone is null or c.whatsapp_contact_id <> newest.external_id
      -- A number that a person has entered and WhatsApp never named stays.
      and exists (select from public.contact_identities i where i.contact_id = c.id and i.phone_key = c.phone_key)
      -- So does a person's spelling of the only number. Of WhatsApp's spellings arrival must not choose.
      and (exists (select from public.contact_identities i where i.contact_id = c.id and i.phone_key <> c.phone_key)
        or c.source = 'chat' and exists (
          select from public.contact_identities i where i.contact_id = c.id and i.external_id = c.whatsapp_contact_id)))
    and not exists (
      select from public.contacts o
      where o.workspace_id = c.workspace_id and o.phone_key = newest.phone_key and o.id <> c.id);
end
$$;
comment on function private.follow_moved_numbers(uuid[]) is
  'The phone of contacts becomes the number that they have changed to last.';

create function private.show_identities(contact_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform from public.contacts c where c.id = any (contact_ids) order by c.id for no key update;
  update public.contacts c set channels = array(select distinct unnest(c.channels || 'whatsapp'::text) order by 1)
  where c.id = any (contact_ids) and not c.channels @> array['whatsapp'];
  perform private.follow_moved_numbers(contact_ids);
end
$$;
comment on function private.show_identities(uuid[]) is
  'Brings channels and phone of contacts up to date with the identities that they have now.';

create function private.resolve_whatsapp_people(
  people private.whatsapp_person[], countries jsonb, messages private.whatsapp_message[], further uuid[], out created uuid[], out held uuid[])
language plpgsql
set search_path = ''
as $$
declare
  asserted private.identity_node[] := private.identity_nodes(people, countries);
  nodes private.identity_node[] := private.linked_nodes(asserted);
  locked int;
  involved uuid[];
  made private.identity_node[];
  merged uuid[];
begin
  loop
    perform private.lock_identities(nodes);
    locked := cardinality(nodes);
    nodes := private.linked_nodes(asserted);
    -- What is linked may have grown while we waited for the locks; more locks then, seldom.
    exit when cardinality(nodes) <= locked;
  end loop;
  nodes := private.label_nodes(nodes);
  -- Before their identities, as by those who merge, or each would wait for the other; and all of the
  -- batch, since whoever locks some of it may have to lock the others.
  involved := private.contacts_of_nodes(nodes);
  held := private.lock_senders(messages, involved || further, cardinality(involved) > 0);
  if cardinality(involved) > 0 and not private.contacts_of_nodes(nodes) <@ involved then
    perform private.start_over();
  end if;
  nodes := private.merge_whatsapp_people(nodes);
  merged := array(select distinct n.contact_id from unnest(nodes) n where n.contact_id is not null);
  made := private.create_whatsapp_contacts(nodes);
  perform private.show_identities(private.attach_identities(nodes, made) || merged);
  perform private.keep_identity_links(asserted, nodes);
  created := array(select m.contact_id from unnest(made) m where m.contact_id is not null order by 1);
end
$$;
comment on function private.resolve_whatsapp_people(private.whatsapp_person[], jsonb, private.whatsapp_message[], uuid[]) is
  'Makes, links and merges contacts until every person''s ids are one contact''s; returns the new contacts, and all that are locked besides. countries: { wa_id: ISO country }; messages: what the batch says, also of people who are known; further: contacts that it changes besides.';
