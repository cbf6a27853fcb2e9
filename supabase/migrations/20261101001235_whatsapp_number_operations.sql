-- The API's operations on WhatsApp numbers and their tokens.

create view private.whatsapp_number_records with (security_invoker = true) as
select n.phone_number_id, n.waba_id, n.display_phone_number, n.verified_name,
  private.can_send_from(n.phone_number_id, n.workspace_id) as can_send, n.messages_per_second,
  n.history_phase, n.history_progress, n.created_at
from public.whatsapp_numbers n;
comment on view private.whatsapp_number_records is 'The number as the API shows it: never its token.';

create function api.list_whatsapp_numbers(args jsonb) returns private.answer
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select row(200, private.data_list(json_agg(row_to_json(n) order by n.created_at, n.phone_number_id)::text), null)::private.answer
    from private.whatsapp_number_records n
  );
end
$$;
comment on function api.list_whatsapp_numbers(jsonb) is '{} → the workspace''s numbers, oldest first.';

create function private.refuse_taken_number(workspace uuid, number text) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if exists (select from public.whatsapp_numbers n where n.phone_number_id = number and n.workspace_id <> workspace) then
    perform private.refuse(409, 'number_taken', 'The number is registered in another workspace.');
  end if;
end
$$;
comment on function private.refuse_taken_number(uuid, text) is 'Raises 409 number_taken if another workspace has the number.';

create function private.store_number(args jsonb) returns boolean
language plpgsql
-- Definer: numbers and their tokens are written here only.
security definer set search_path = ''
as $$
declare
  workspace uuid := private.current_workspace('settings:write');
  number text := args ->> 'phone_number_id';
  -- What is known stays, unless WhatsApp says that it is more: a number once upgraded is not told to be slow.
  faster int := case when args ->> 'throughput' = 'HIGH' then 1000 end;
  created boolean;
begin
  perform private.refuse_taken_number(workspace, number);
  insert into public.whatsapp_numbers as n (phone_number_id, workspace_id, display_phone_number, verified_name, messages_per_second)
  values (number, workspace, args ->> 'display_phone_number', args ->> 'verified_name', coalesce(faster, 80))
  on conflict (phone_number_id) do update
  set display_phone_number = excluded.display_phone_number, verified_name = excluded.verified_name,
    messages_per_second = coalesce(faster, n.messages_per_second)
  where n.workspace_id = excluded.workspace_id
  returning n.xmax = 0 into created;
  if created is null then
    -- Two at the same moment: the other one was first.
    perform private.refuse(409, 'number_taken', 'The number is registered in another workspace.');
  end if;
  insert into private.whatsapp_tokens (phone_number_id, sealed) values (number, decode(args ->> 'sealed_token', 'base64'))
  on conflict (phone_number_id) do update set sealed = excluded.sealed, created_at = now();
  return created;
end
$$;
comment on function private.store_number(jsonb) is
  'A number with its sealed token, or the new token of one that the workspace has; whether it is new. 409 number_taken.';

create function private.number_answer(status int, number text) returns private.answer
language plpgsql stable
-- Definer: who may only write sees what they wrote.
security definer set search_path = ''
as $$
begin
  return (
    select row(number_answer.status, private.data(row_to_json(n)), null)::private.answer
    from private.whatsapp_number_records n where n.phone_number_id = number
  );
end
$$;
comment on function private.number_answer(int, text) is 'A number as an answer.';

create function api.register_whatsapp_number(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  created boolean := private.store_number(args);
begin
  return private.number_answer(case when created then 201 else 200 end, args ->> 'phone_number_id');
end
$$;
comment on function api.register_whatsapp_number(jsonb) is
  '{ phone_number_id, display_phone_number, verified_name?, throughput?: WhatsApp''s level, sealed_token: base64 } → 201 the number, 200 if the workspace has it already. 409 number_taken. That the caller may use it was asked of WhatsApp.';

create function private.delete_number(number text) returns boolean
language plpgsql
-- Definer: numbers and their tokens are written here only.
security definer set search_path = ''
as $$
begin
  delete from public.whatsapp_numbers n where n.phone_number_id = number and n.workspace_id = private.current_workspace('settings:write');
  return found;
end
$$;
comment on function private.delete_number(text) is 'Removes a number of the caller''s workspace with its token; whether there was one.';

create function api.remove_whatsapp_number(args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
begin
  if not private.delete_number(args ->> 'phone_number_id') then
    perform private.refuse(404, 'number_not_found', 'There is no such WhatsApp number.');
  end if;
  return row(204, null, null)::private.answer;
end
$$;
comment on function api.remove_whatsapp_number(jsonb) is
  '{ phone_number_id } → 204; its messages stay, what waits to be sent from it fails, what comes for it is kept until somebody registers it. 404 number_not_found.';
