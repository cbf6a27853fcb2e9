-- What has come since a merge, and whose it is when the merge is undone: told by its id, which is of its time.

create function private.recount_thread(conversation uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.conversations v
  set message_count = (select count(*) from public.messages g where g.conversation_id = v.id),
    last_message_at = (select max(g.sent_at) from public.messages g where g.conversation_id = v.id),
    unread_count = private.count_unread(v.id, v.read_until),
    (last_inbound_at, phone_number_id) = (
      select h.at, h.number
      from (
        select g.sent_at as at, g.phone_number_id as number from public.messages g
        where g.conversation_id = v.id and g.direction = 'inbound' and not g.from_history
        union all
        select greatest(k.started_at, k.accepted_at, k.ended_at), k.phone_number_id from public.calls k
        where k.conversation_id = v.id and k.direction = 'inbound'
      ) as h
      order by h.at desc, h.number desc limit 1)
  where v.id = recount_thread.conversation;
end
$$;
comment on function private.recount_thread(uuid) is
  'Counters, last message and window of a conversation, made of the messages and calls that are in it.';

create function private.return_arrivals(m public.contact_merges) returns void
language plpgsql
set search_path = ''
as $$
declare
  threads uuid[] := array(select v.id from public.conversations v where v.contact_id = m.duplicate_id);
  relation regclass;
  returned jsonb := '{}';
  n int;
begin
  for relation in
    select c.relation from private.references_to('public.contacts') c
    join private.references_to('public.conversations') v using (relation)
    where c.attribute = 'contact_id' and v.attribute = 'conversation_id'
  loop
    execute format('update %s t set contact_id = $1 where t.conversation_id = any ($2) and t.contact_id = $3', relation)
      using m.duplicate_id, threads, m.primary_id;
    get diagnostics n = row_count;
    returned := returned || jsonb_build_object(relation, n);
  end loop;
  n := coalesce((returned ->> 'public.messages')::int, 0);
  update public.contact_activity a
  set message_count = a.message_count + case a.contact_id when m.primary_id then -n else n end
  where n > 0 and a.contact_id in (m.primary_id, m.duplicate_id);
  n := coalesce((returned ->> 'public.calls')::int, 0);
  update public.contacts c set call_count = c.call_count + case c.id when m.primary_id then -n else n end
  where n > 0 and c.id in (m.primary_id, m.duplicate_id);
end
$$;
comment on function private.return_arrivals(public.contact_merges) is
  'What has come since in a conversation that only the duplicate had goes back with it.';

create function private.return_identities(m public.contact_merges) returns void
language plpgsql
set search_path = ''
as $$
declare
  returned int;
begin
  update public.contact_identities i set contact_id = m.duplicate_id
  where i.contact_id = m.primary_id and i.phone_key = private.phone_key(private.digits(m.duplicate ->> 'phone'))
    and i.id > m.id and uuid_extract_version(i.id) = 7;
  get diagnostics returned = row_count;
  -- Left behind, they would say at the next message that the two are one person after all. An id may
  -- have come with one that has itself come since.
  loop
    update public.contact_identities i set contact_id = m.duplicate_id
    where i.contact_id = m.primary_id and i.id > m.id and uuid_extract_version(i.id) = 7
      and exists (
        select from private.identities_together t join public.contact_identities d on d.id = t.other_id
        where t.identity_id = i.id and d.contact_id = m.duplicate_id);
    exit when not found;
    returned := returned + 1;
  end loop;
  if returned > 0 then
    perform private.show_identities(array[m.duplicate_id]);
  end if;
end
$$;
comment on function private.return_identities(public.contact_merges) is
  'The duplicate''s number is its own again where WhatsApp has used it since the merge, and so are the ids that WhatsApp has named since together with one of the duplicate''s.';

create type private.heard_name as (kind text, is_duplicates boolean, said text, at timestamptz);

create function private.names_heard_since(m public.contact_merges) returns private.heard_name[]
language plpgsql stable
set search_path = ''
as $$
begin
  return array(
    select row(k.kind, g.contact_id = m.duplicate_id, k.said, g.sent_at)::private.heard_name
    from public.messages g
    cross join lateral (values ('profile_name', g.sender_name), ('username', g.sender_username)) as k (kind, said)
    where g.contact_id in (m.primary_id, m.duplicate_id) and g.id > m.id and uuid_extract_version(g.id) = 7
      and g.direction = 'inbound' and not g.from_history and k.said is not null);
end
$$;
comment on function private.names_heard_since(public.contact_merges) is
  'What messages have called the two since the merge: kind profile_name or username, and whether the message is the duplicate''s.';

create function private.return_names(m public.contact_merges) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  heard private.heard_name[] := private.names_heard_since(m);
  one jsonb := (select to_jsonb(a) from public.contact_activity a where a.contact_id = m.primary_id);
  -- Since the primary goes by its duplicate's: what it was called, and has been since.
  before jsonb := (
    select r.before from private.merge_rows r
    where r.merge_id = m.id and r.relation = 'public.contact_activity' and r.before is not null and r.after is not null);
  own jsonb;
  theirs jsonb;
begin
  select jsonb_object_agg(k.kind, s.said) || jsonb_object_agg(k.kind || '_at', s.at) into own
  from unnest('{profile_name,username}'::text[]) as k (kind)
  left join lateral (
    select c.said, c.at
    from (
      select h.said, h.at from unnest(heard) h where h.kind = k.kind and not h.is_duplicates
      union all
      select before ->> k.kind, (before ->> (k.kind || '_at'))::timestamptz
    ) as c
    where c.said is not null order by c.at desc nulls last, c.said limit 1
  ) as s on true
  where exists (
    select from unnest(heard) h
    where h.is_duplicates and (h.kind, h.said, h.at) = (k.kind, one ->> k.kind, (one ->> (k.kind || '_at'))::timestamptz));
  select jsonb_object_agg(s.kind, s.said) || jsonb_object_agg(s.kind || '_at', s.at) into theirs
  from (
    select distinct on (h.kind) h.* from unnest(heard) h where h.is_duplicates order by h.kind, h.at desc, h.said
  ) as s
  join (select to_jsonb(a) as now_ from public.contact_activity a where a.contact_id = m.duplicate_id) as d
    on private.is_later(s.at, s.said, (d.now_ ->> (s.kind || '_at'))::timestamptz, d.now_ ->> s.kind);
  perform private.write_image('public.contact_activity', m.primary_id, own) where own is not null;
  perform private.write_image('public.contact_activity', m.duplicate_id, theirs) where theirs is not null;
  update public.contacts c set profile_name = a.profile_name
  from public.contact_activity a
  where c.id in (m.primary_id, m.duplicate_id) and a.contact_id = c.id and c.profile_name is distinct from a.profile_name
    and (a.profile_name is not null or c.id = m.primary_id and own ? 'profile_name');
  return coalesce(own ? 'profile_name', false);
end
$$;
comment on function private.return_names(public.contact_merges) is
  'What the duplicate''s messages have called it since the merge is the duplicate''s profile name and username; returns whether the primary had gone by that name.';

create function private.return_score_events(m public.contact_merges) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.score_events e set contact_id = s.belongs_to
  from (
    select t.id, coalesce(g.contact_id, k.contact_id) as belongs_to
    from public.score_events t
    left join public.messages g on g.id = t.message_id
    left join public.calls k on k.id = t.call_id
    where t.contact_id in (m.primary_id, m.duplicate_id)
  ) as s
  where e.id = s.id and s.belongs_to in (m.primary_id, m.duplicate_id) and s.belongs_to <> e.contact_id;
end
$$;
comment on function private.return_score_events(public.contact_merges) is
  'What counts by a message or a call counts for whose that is, also if it was found while both were one.';

create function private.follow_arrivals(m public.contact_merges) returns void
language plpgsql
set search_path = ''
as $$
declare
  concerned uuid[] := array[m.primary_id, m.duplicate_id];
  thread record;
begin
  update public.contact_activity a set last_contact_at = s.last_at
  from (
    select c.id, greatest(
      (select max(t.sent_at) from public.messages t where t.contact_id = c.id),
      (select max(greatest(k.started_at, k.accepted_at, k.ended_at)) from public.calls k where k.contact_id = c.id)) as last_at
    from unnest(concerned) c (id)
  ) as s
  -- What came in a conversation that has gone back is the duplicate's alone.
  where a.contact_id = any (concerned) and a.contact_id = s.id and a.last_contact_at is distinct from s.last_at;
  for thread in
    select v.id from public.conversations v
    where v.contact_id = any (concerned)
      and (exists (select from public.messages e where e.conversation_id = v.id and e.id > m.id and uuid_extract_version(e.id) = 7)
        or exists (
          select from private.merge_rows r
          where r.merge_id = m.id and r.relation = 'public.conversations' and r.before ->> 'id' = v.id::text
            and (r.before ->> 'read_until')::timestamptz is distinct from v.read_until))
    order by v.id
  loop
    perform private.recount_thread(thread.id);
  end loop;
end
$$;
comment on function private.follow_arrivals(public.contact_merges) is
  'Last contact and unread are those of the messages that are each one''s now.';

create function private.return_consents(m public.contact_merges) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.contact_consents s set contact_id = m.duplicate_id
  from public.messages g
  where s.contact_id = m.primary_id and s.id > m.id and uuid_extract_version(s.id) = 7
    and g.wa_message_id = s.wa_message_id and g.workspace_id = s.workspace_id and g.direction = 'inbound'
    and g.contact_id = m.duplicate_id
    and not exists (
      select from public.contact_consents d where d.contact_id = m.duplicate_id
        and (d.kind, d.happened_at, d.granted, d.source) = (s.kind, s.happened_at, s.granted, s.source));
  -- A stop may have been meant by either: nobody is written to against their word. A start is nobody's
  -- but its writer's.
  insert into public.contact_consents (workspace_id, contact_id, kind, granted, source, wa_message_id, detail, happened_at)
  select s.workspace_id, other.id, s.kind, s.granted, s.source, s.wa_message_id, s.detail, s.happened_at
  from public.contact_consents s
  cross join lateral (select case s.contact_id when m.primary_id then m.duplicate_id else m.primary_id end as id) as other
  where s.contact_id in (m.primary_id, m.duplicate_id) and s.id > m.id and uuid_extract_version(s.id) = 7 and not s.granted
  on conflict (contact_id, kind, happened_at, granted, source) do nothing;
  perform private.apply_consents(array[m.primary_id, m.duplicate_id]);
end
$$;
comment on function private.return_consents(public.contact_merges) is
  'What was said about consent since the merge: what the duplicate wrote is the duplicate''s, a refusal counts for both. The flags say what the latest consents say.';

create function private.arrived_since(m public.contact_merges) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  reference record;
  n bigint;
  arrived jsonb := '{}';
begin
  for reference in
    select r.* from private.references_to('public.contacts') r
    where exists (select from private.key_columns(r.relation) k having max(k.type) = 'uuid' and max(k.attribute) = 'id')
      and not r.relation::text in ('public.contact_assignments', 'public.contact_history', 'public.contact_merges')
  loop
    execute format('select count(*) from %s t where t.%I = $1 and (t.id > $2 and uuid_extract_version(t.id) = 7%s)',
      reference.relation, reference.attribute, (
        -- Ids that say nothing of their time: of a table of other ways.
        select ' or t.created_at > $3 and uuid_extract_version(t.id) is distinct from 7' from pg_catalog.pg_attribute a
        where a.attrelid = reference.relation and a.attname = 'created_at' and not a.attisdropped))
      into n using m.primary_id, m.id, m.merged_at;
    if n > 0 then
      arrived := arrived || jsonb_build_object(split_part(reference.relation::text, '.', 2), n);
    end if;
  end loop;
  return arrived;
end
$$;
comment on function private.arrived_since(public.contact_merges) is
  'How many rows the primary has that came after the merge: { table: rows }. What is known to be the duplicate''s has gone back.';
