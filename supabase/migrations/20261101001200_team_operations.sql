-- The API's operations on conversations, notes, keys and the log.

create view private.conversation_records with (security_invoker = true) as
select v.id, v.channel, json_build_object('id', c.id, 'name', c.name, 'phone', c.phone) as contact,
  c.whatsapp_contact_id as contact_id, coalesce(c.name, c.phone) as contact_name, v.status, v.phase, v.ai_enabled,
  v.bot_status, v.control_epoch, v.assigned_to, v.unread_count, v.last_message_at,
  v.last_inbound_at + interval '24 hours' as window_expires_at, v.created_at, v.resolved_at
from public.conversations v join public.contacts c on c.id = v.contact_id;
comment on view private.conversation_records is 'The conversation as the API shows it.';

create function private.author(user_id uuid, api_key_id uuid) returns json
language plpgsql stable
-- Definer: who may read notes may read their authors' names, also those of keys.
security definer set search_path = ''
as $$
begin
  return coalesce(
    (select json_build_object('name', p.name, 'avatar_url', p.avatar_url) from public.profiles p where p.user_id = author.user_id),
    (select json_build_object('name', k.name, 'avatar_url', null) from public.api_keys k where k.id = author.api_key_id),
    json_build_object('name', null, 'avatar_url', null));
end
$$;
comment on function private.author(uuid, uuid) is 'A member or an API key as { name, avatar_url }.';

create view private.note_records with (security_invoker = true) as
select n.id, n.content, n.entity_type, n.entity_id, n.author_user_id, n.created_at,
  private.author(n.author_user_id, n.author_api_key_id) as author, n.mentions
from public.internal_notes n;
comment on view private.note_records is 'The note as the API shows it.';

create function private.redirect_url(dashboard_url text, query text) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return rtrim(coalesce(dashboard_url, ''), '/') || '/dashboard/whatsapp/inbox?' || query;
end
$$;
comment on function private.redirect_url(text, text) is 'Where the inbox of the dashboard is.';

create function private.open_conversation(contact uuid, out id uuid, out created boolean)
language plpgsql
set search_path = ''
as $$
begin
  select v.id into id from public.conversations v where v.contact_id = contact and v.channel = 'whatsapp';
  if id is null then
    -- Before the thread, for which whoever opens the same one waits.
    contact := private.lock_contact(jsonb_build_object('contact_id', contact), array['conversations:write']);
    insert into public.conversations (workspace_id, contact_id)
    select private.current_workspace('conversations:write'), contact
    on conflict (contact_id, channel) do nothing
    returning conversations.id into id;
    created := id is not null;
    if created then
      return;
    end if;
    select v.id into id from public.conversations v where v.contact_id = contact and v.channel = 'whatsapp';
  end if;
  created := false;
  if id is not null then
    perform private.reopen_conversation(id);
  end if;
end
$$;
comment on function private.open_conversation(uuid) is
  'The contact''s WhatsApp conversation, made or reopened; ten callers at once get the same one and one of them created = true.';

create function api.handoff(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  contact uuid := private.require_contact(args, array['conversations:write']);
  opened record;
  url text;
begin
  begin
    opened := private.open_conversation(contact);
    if opened.id is null then
      raise exception 'no conversation';
    end if;
  exception
    -- As documented: an agent who cannot get the thread gets the search for it. What a second try
    -- may mend is tried again instead.
    when serialization_failure or deadlock_detected or query_canceled then raise;
    when others then
      url := private.redirect_url(args ->> 'dashboard_url',
        'search=' || coalesce((select c.whatsapp_contact_id from public.contacts c where c.id = contact), ''));
      return row(200, private.data(json_build_object(
          'conversation', null, 'created', false, 'fallback', true, 'redirect_url', url)),
        jsonb_build_object('Location', url))::private.answer;
  end;
  url := private.redirect_url(args ->> 'dashboard_url', 'chat=' || opened.id);
  return row(200, private.data(json_build_object(
      'conversation', (select row_to_json(v) from private.conversation_records v where v.id = opened.id),
      'created', opened.created, 'fallback', false, 'redirect_url', url)),
    jsonb_build_object('Location', url))::private.answer;
end
$$;
comment on function api.handoff(jsonb) is
  '{ contact_id | phone, dashboard_url? } → the contact''s open conversation and where the inbox shows it. 404 contact_not_found.';

-- Notes ---------------------------------------------------------------------------------------

create function private.require_entity(args jsonb, scope text, out contact_id uuid, out conversation_id uuid, out deal_id uuid)
language plpgsql stable
-- Definer: a key for notes alone need not be able to read contacts.
security definer set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace(scope);
  entity uuid := (args ->> 'entity_id')::uuid;
begin
  if args ->> 'entity_type' = 'lead' then
    contact_id := private.current_contact(workspace, entity);
  elsif args ->> 'entity_type' = 'conversation' then
    select v.id into conversation_id from public.conversations v
    where v.id = private.current_conversation(entity) and v.workspace_id = workspace;
  elsif args ->> 'entity_type' = 'deal' then
    select d.id into deal_id from public.deals d where d.id = entity and d.workspace_id = workspace;
  end if;
  if num_nonnulls(contact_id, conversation_id, deal_id) = 0 then
    perform private.refuse(404, 'entity_not_found', 'There is no such lead, conversation or deal.');
  end if;
end
$$;
comment on function private.require_entity(jsonb, text) is
  '{ entity_type, entity_id } → the id in its column, the present one of what was merged; 404 entity_not_found if it is not in the caller''s workspace.';

create function api.list_notes(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  entity record := private.require_entity(args, 'notes:read');
begin
  return row(200, (
    select private.data_list(json_agg(row_to_json(n) order by n.created_at, n.id)::text)
    from private.note_records n
    where n.entity_type = args ->> 'entity_type'
      and n.entity_id = coalesce(entity.contact_id, entity.conversation_id, entity.deal_id)), null)::private.answer;
end
$$;
comment on function api.list_notes(jsonb) is '{ entity_type, entity_id } → its notes, oldest first. 404 entity_not_found.';

create function api.create_note(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  entity record := private.require_entity(args, 'notes:write');
  note uuid;
begin
  insert into public.internal_notes (workspace_id, contact_id, conversation_id, deal_id, content)
  values (private.current_workspace('notes:write'), entity.contact_id, entity.conversation_id, entity.deal_id, args ->> 'content')
  returning id into note;
  return row(201, (select private.data(row_to_json(n)) from private.note_records n where n.id = note),
    jsonb_build_object('Location', '/functions/v1/internal-notes/' || note))::private.answer;
end
$$;
comment on function api.create_note(jsonb) is '{ content, entity_type, entity_id } → 201 the note. 404 entity_not_found.';

create function api.delete_note(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
begin
  delete from public.internal_notes n where n.id = (args ->> 'note_id')::uuid;
  if found then
    return row(204, null, null)::private.answer;
  end if;
  -- The policy lets through what the caller may delete; who sees the note is told why it stayed.
  if exists (select from public.internal_notes n where n.id = (args ->> 'note_id')::uuid) then
    perform private.refuse(403, 'not_note_author', 'Only its author or an admin may delete a note.');
  end if;
  perform private.refuse(404, 'note_not_found', 'There is no such note.');
end
$$;
comment on function api.delete_note(jsonb) is '{ note_id } → 204. 403 not_note_author, 404 note_not_found.';

-- API keys ------------------------------------------------------------------------------------

create view private.api_key_records with (security_invoker = true) as
select id, name, prefix, scopes, rate_limit, created_by, expires_at, last_used_at, created_at
from public.api_keys where revoked_at is null;
comment on view private.api_key_records is 'The API key as the API shows it: never its hash.';

create function api.list_api_keys(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select row(200, private.data_list(json_agg(row_to_json(k) order by k.created_at desc, k.id desc)::text), null)::private.answer
    from private.api_key_records k
  );
end
$$;
comment on function api.list_api_keys(jsonb) is '{} → the keys of the workspace that are not revoked, newest first.';

create function api.create_api_key(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  secret text := 'lb_' || translate(encode(extensions.gen_random_bytes(32), 'base64'), '+/=', '-_');
  key uuid;
begin
  insert into public.api_keys (workspace_id, name, prefix, key_hash, scopes, expires_at, created_by)
  values (private.current_workspace('admin'), args ->> 'name', left(secret, 11), sha256(convert_to(secret, 'UTF8')),
    array(select distinct jsonb_array_elements_text(args -> 'scopes') order by 1),
    (args ->> 'expires_at')::timestamptz, (private.claims() ->> 'sub')::uuid)
  returning id into key;
  return row(201, (
      select private.data((to_jsonb(k) || jsonb_build_object('key', secret))::json)
      from private.api_key_records k where k.id = key),
    null)::private.answer;
end
$$;
comment on function api.create_api_key(jsonb) is '{ name, scopes, expires_at? } → 201 the key, with `key` shown this once.';

create function api.delete_api_key(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
begin
  update public.api_keys set revoked_at = now() where id = (args ->> 'key_id')::uuid and revoked_at is null;
  if not found then
    perform private.refuse(404, 'api_key_not_found', 'There is no such API key.');
  end if;
  return row(204, null, null)::private.answer;
end
$$;
comment on function api.delete_api_key(jsonb) is '{ key_id } → 204; the key is refused from the next call on. 404 api_key_not_found.';

-- The rest ------------------------------------------------------------------------------------

create function api.list_activity(args jsonb) returns private.answer
language plpgsql stable
-- A plan for any filter and page could not use the index for what is left out or given.
set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  workspace uuid := private.current_workspace('contacts:read');
  page_size int := coalesce((args ->> 'limit')::int, 50);
  entity text := case args ->> 'entity_type' when 'lead' then 'contact' else args ->> 'entity_type' end;
  query text := concat_ws(' ', 'list_activity', workspace, entity, args ->> 'entity_id');
  after jsonb := private.decode_cursor(args ->> 'cursor', query);
  rows json[];
begin
  rows := array(
    select json_build_object('id', a.id, 'actor', json_build_object('type', a.actor_type, 'id', a.actor_id),
      'action', a.action, 'entity_type', a.entity_type, 'entity_id', a.entity_id, 'changes', a.changes,
      'created_at', a.created_at)
    -- A merged contact's history stands under each of its ids; a page of each, and then the page of all.
    from unnest(case when args ->> 'entity_id' is null then '{null}'
      else private.merged_ids(workspace, (args ->> 'entity_id')::uuid) end) as ids (id)
    cross join lateral (
      select * from public.activity_log l
      where l.workspace_id = workspace
        and (entity is null or l.entity_type = entity)
        and (args ->> 'entity_id' is null or l.entity_id = ids.id)
        and (after is null or (l.created_at, l.id) < ((after ->> 0)::timestamptz, (after ->> 1)::uuid))
      order by l.created_at desc, l.id desc
      limit page_size + 1) as a
    order by a.created_at desc, a.id desc
    limit page_size + 1);
  return row(200, private.data_list(to_json(rows[:page_size])::text, case when cardinality(rows) > page_size then
      private.encode_cursor(query, rows[page_size] ->> 'created_at', (rows[page_size] ->> 'id')::uuid) end),
    null)::private.answer;
end
$$;
comment on function api.list_activity(jsonb) is '{ entity_type?, entity_id?, limit?, cursor? } → the audit trail, newest first. 400 invalid_cursor.';

create function api.workspace(args jsonb) returns private.answer
language plpgsql stable
-- Definer: keys have no right to read workspaces; this shows them their own.
security definer set search_path = ''
as $$
begin
  return (
    select row(200, private.data(json_build_object('id', w.id, 'name', w.name, 'default_country', w.default_country)), null)::private.answer
    from public.workspaces w where w.id = (private.claims() ->> 'workspace_id')::uuid
  );
end
$$;
comment on function api.workspace(jsonb) is '{} → the caller''s workspace; its country decides how a local phone number is read.';
