-- Everything on one contact by time: one query over branches, each of which is a range of an index
-- and ends after a page.

create type private.timeline_branch as (
  kind text, scope text, relation text, conditions text, at text, actor text, data text);
comment on type private.timeline_branch is
  'Where entries of a kind come from: who may read them, the rows (x) of the contact %1$L, their time, who made them, what is told of them.';

create function private.timeline_actor(type text, id uuid) returns json
language plpgsql stable
set search_path = ''
as $$
begin
  return json_build_object('type', type, 'id', id, 'name',
    private.author(case when type = 'member' then id end, case when type = 'api_key' then id end) ->> 'name');
end
$$;
comment on function private.timeline_actor(text, uuid) is 'Who did it, as { type, id, name }.';

create function private.timeline_changes() returns setof private.timeline_branch
language plpgsql immutable
set search_path = ''
as $$
begin
  return query
  select f.field || '_change', 'contacts:read', 'public.contact_history',
    format('x.contact_id = %%1$L::uuid and x.field = %L', f.field), 'x.changed_at',
    'private.timeline_actor(x.actor_type, x.actor_id)', $s$json_build_object('from', x.old_value, 'to', x.new_value)$s$
  from (values ('stage'), ('status'), ('sale_status')) as f (field)
  union all values
    ('assignment', 'contacts:read', 'public.contact_assignments', 'x.contact_id = %1$L::uuid', 'x.assigned_at',
      'private.timeline_actor(x.assigned_by_type, x.assigned_by)', $s$json_build_object('from', x.assigned_from, 'to', x.assigned_to)$s$),
    ('consent', 'contacts:read', 'public.contact_consents', 'x.contact_id = %1$L::uuid', 'x.happened_at', 'null::json',
      $s$json_build_object('kind', x.kind, 'granted', x.granted, 'source', x.source, 'detail', x.detail)$s$),
    ('merge', 'contacts:read', 'public.contact_merges', 'x.primary_id = %1$L::uuid and x.undone_at is null', 'x.merged_at',
      'private.timeline_actor(x.actor_type, x.actor_id)',
      $s$json_build_object('duplicate_id', x.duplicate_id, 'name', x.duplicate ->> 'name', 'phone', x.duplicate ->> 'phone')$s$);
end
$$;
comment on function private.timeline_changes() is 'The branches of what happened to the contact itself.';

create function private.timeline_dealings() returns setof private.timeline_branch
language plpgsql immutable
set search_path = ''
as $$
declare
  deal text := $s$json_build_object('title', x.title, 'value', trim_scale(x.value), 'currency', x.currency, 'status', x.status,
    'lost_reason', x.lost_reason, 'auto_reason', x.auto_reason)$s$;
begin
  return query values
    ('deal_opened', 'contacts:read', 'public.deals', 'x.contact_id = %1$L::uuid', 'x.created_at', 'null::json', deal),
    ('deal_closed', 'contacts:read', 'public.deals', 'x.contact_id = %1$L::uuid and x.closed_at is not null', 'x.closed_at',
      'null::json', deal),
    ('meeting', 'contacts:read', 'public.meetings', 'x.contact_id = %1$L::uuid', 'x.starts_at', 'null::json',
      $s$json_build_object('title', x.title, 'status', x.status, 'starts_at', x.starts_at, 'ends_at', x.ends_at,
        'location', x.location, 'url', x.url, 'host_user_id', x.host_user_id)$s$),
    ('survey_response', 'contacts:read', 'public.survey_responses', 'x.contact_id = %1$L::uuid', 'x.submitted_at', 'null::json',
      $s$json_build_object('survey_id', x.survey_id, 'survey', (select s.name from public.surveys s where s.id = x.survey_id),
        'meeting_id', x.meeting_id, 'answers', x.answers)$s$),
    ('score_event', 'contacts:read', 'public.score_events',
      'x.contact_id = %1$L::uuid and (x.points is not null or exists (select from private.signal_of(x.signal_id)))',
      'x.occurred_at', 'private.timeline_actor(x.actor_type, x.actor_id)',
      $s$(select json_build_object('signal_id', r.signal_id, 'signal', r.signal, 'kind', r.kind, 'category', r.category,
          'points', r.points, 'reason', r.reason, 'message_id', r.message_id, 'note_id', r.note_id, 'call_id', r.call_id)
        from private.score_event_records r where r.id = x.id)$s$);
end
$$;
comment on function private.timeline_dealings() is 'The branches of what is done with the contact.';

create function private.timeline_talks() returns setof private.timeline_branch
language plpgsql immutable
set search_path = ''
as $$
declare
  author text := $s$private.timeline_actor(case when x.author_api_key_id is null then 'member' else 'api_key' end,
    coalesce(x.author_user_id, x.author_api_key_id))$s$;
  note text := $s$json_build_object('content', x.content, 'entity_type', x.entity_type, 'entity_id', x.entity_id)$s$;
begin
  return query values
    ('message', 'conversations:read', 'public.messages', 'x.contact_id = %1$L::uuid', 'x.sent_at', 'null::json',
      -- What was taken back is kept, but no longer shown.
      $s$json_build_object('conversation_id', x.conversation_id, 'channel', x.channel, 'direction', x.direction,
        'sender_type', x.sender_type, 'sender_id', x.sender_id, 'type', x.type,
        'body', case when x.revoked_at is null then left(x.body, 500) end, 'status', x.status, 'sentiment', x.sentiment)$s$),
    ('call', 'conversations:read', 'public.calls', 'x.contact_id = %1$L::uuid', 'x.started_at', 'null::json',
      $s$json_build_object('conversation_id', x.conversation_id, 'channel', x.channel, 'direction', x.direction, 'status', x.status,
        'duration_seconds', x.duration_seconds, 'recording_url', x.recording_url, 'summary', x.summary)$s$),
    ('note', 'notes:read', 'public.internal_notes', 'x.entity_id = %1$L::uuid', 'x.created_at', author, note),
    ('note', 'notes:read', 'public.internal_notes',
      'x.deal_id in (select d.id from public.deals d where d.contact_id = %1$L::uuid)', 'x.created_at', author, note),
    ('note', 'notes:read', 'public.internal_notes',
      'x.conversation_id in (select v.id from public.conversations v where v.contact_id = %1$L::uuid)', 'x.created_at', author, note);
end
$$;
comment on function private.timeline_talks() is 'The branches of what is said with the contact and about it.';

create function private.timeline_branches(kinds text[]) returns private.timeline_branch[]
language plpgsql immutable
set search_path = ''
as $$
begin
  return array(
    select b
    from (
      select * from private.timeline_changes()
      union all select * from private.timeline_dealings()
      union all select * from private.timeline_talks()
    ) as b
    where kinds is null or b.kind = any (kinds));
end
$$;
comment on function private.timeline_branches(text[]) is 'The branches of the given kinds, of all for null.';

create function private.timeline_after(kind text, at text, after jsonb) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  last_kind text := split_part(after ->> 0, ' ', 1);
  last_at text := substr(after ->> 0, strpos(after ->> 0, ' ') + 1);
begin
  -- The order is (time, kind, id). Within a branch the kind is one, so that the cursor is a bound of
  -- its index, whichever kind it stands at.
  return case
    when after is null then ''
    when kind = last_kind then format(' and (%s, x.id) < (%L::timestamptz, %L::uuid)', at, last_at, after ->> 1)
    when kind collate "C" < last_kind collate "C" then format(' and %s <= %L::timestamptz', at, last_at)
    else format(' and %s < %L::timestamptz', at, last_at)
  end;
end
$$;
comment on function private.timeline_after(text, text, jsonb) is
  'A cursor ["kind time", id] → the condition on a branch of that kind; empty without one.';

create function private.timeline_query(contact uuid, branches private.timeline_branch[], after jsonb, entries int) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return (
    select format('select t.kind || '' '' || t.at as key, t.id, case t.kind %s end as entry from (%s) as t order by t.at desc, t.kind collate "C" desc, t.id desc limit %s',
      (select string_agg(format($s$when %L then (select json_build_object('kind', t.kind, 'id', x.id, 'at', t.at, 'actor', %s, 'data', %s)
          from %s x where x.id = t.id)$s$, k.kind, k.actor, k.data, k.relation), ' ')
        from (select distinct on (u.kind) * from unnest(branches) u) as k),
      string_agg(format('(select %L::text as kind, x.id, %s as at from %s x where %s%s order by %2$s desc, x.id desc limit %6$s)',
        b.kind, b.at, b.relation, format(b.conditions, contact), private.timeline_after(b.kind, b.at, after), entries), ' union all '),
      entries)
    from unnest(branches) b
  );
end
$$;
comment on function private.timeline_query(uuid, private.timeline_branch[], jsonb, int) is
  'The SQL of so many entries of a contact''s timeline after a cursor: { key, id, entry }, newest first.';

create function private.allowed_branches(workspace uuid, kinds text[]) returns private.timeline_branch[]
language plpgsql stable
set search_path = ''
as $$
declare
  branches private.timeline_branch[] := private.timeline_branches(kinds);
  scopes text[] := array(
    select s.scope from (select distinct b.scope from unnest(branches) b) s
    where workspace in (select private.workspaces_allowing(s.scope)));
  missing text := (select b.scope from unnest(branches) b where not b.scope = any (scopes) limit 1);
begin
  if kinds is not null and missing is not null then
    perform private.refuse(403, 'insufficient_scope', format('The API key lacks the scope %s.', missing),
      jsonb_build_object('required_scope', missing));
  end if;
  return array(select b from unnest(branches) b where b.scope = any (scopes));
end
$$;
comment on function private.allowed_branches(uuid, text[]) is
  'The branches that the caller may read: of all kinds for null; of kinds that were asked for all, or 403 insufficient_scope.';

create function api.contact_timeline(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  contact uuid := private.require_contact(args, array['contacts:read']);
  kinds text[] := case when args ? 'kinds' then array(select jsonb_array_elements_text(args -> 'kinds') order by 1) end;
  page_size int := coalesce((args ->> 'limit')::int, 50);
  query text := concat_ws(' ', 'contact_timeline', contact, kinds);
  branches private.timeline_branch[] := private.allowed_branches(private.current_workspace('contacts:read'), kinds);
  keys text[];
  ids uuid[];
  entries text[];
begin
  execute format('select array_agg(p.key), array_agg(p.id), array_agg(p.entry::text) from (%s) as p',
    private.timeline_query(contact, branches, private.decode_cursor(args ->> 'cursor', query), page_size + 1))
  into keys, ids, entries;
  return row(200, private.data_list(
      '[' || coalesce(array_to_string(entries[:page_size], ','), '') || ']',
      case when cardinality(ids) > page_size then private.encode_cursor(query, keys[page_size], ids[page_size]) end),
    null)::private.answer;
end
$$;
comment on function api.contact_timeline(jsonb) is
  '{ contact_id, kinds?, limit?, cursor? } → a page of everything on the contact that the caller may read, newest first. 400 invalid_cursor, 403 insufficient_scope for a kind that was asked for, 404 contact_not_found.';
