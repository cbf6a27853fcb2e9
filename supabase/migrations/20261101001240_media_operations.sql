-- Media as the API gives them out; the bytes themselves come from the store.

create function api.get_media(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
declare
  media public.message_media;
begin
  select m.* into media from public.message_media m
  -- What was taken back is kept, but no longer shown.
  join public.messages o on o.id = m.message_id and o.revoked_at is null
  where m.id = (args ->> 'media_id')::uuid;
  if not found then
    perform private.refuse(404, 'media_not_found', 'There is no such media.');
  elsif media.status <> 'stored' then
    perform private.refuse(409, 'media_not_stored',
      case media.status when 'pending' then 'The file has not been fetched from WhatsApp yet.'
        else 'The file could not be fetched from WhatsApp.' end,
      jsonb_build_object('media_status', media.status, 'media_error', media.error));
  end if;
  return row(200, private.data(json_build_object(
    'id', media.id, 'storage_path', media.storage_path, 'mime_type', media.mime_type, 'sha256', media.sha256,
    'size_bytes', media.size_bytes, 'file_name', media.file_name)), null)::private.answer;
end
$$;
comment on function api.get_media(jsonb) is
  '{ media_id } → where the bytes are and what they are. 404 media_not_found, 409 media_not_stored.';
