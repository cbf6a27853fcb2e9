-- The one guard that every send asks: consent, Do Not Call, quiet hours, the 24-hour window.

create function private.quiet_until(at timestamptz, time_zone text, quiet_start time, quiet_end time) returns timestamptz
language plpgsql immutable strict
set search_path = ''
as $$
declare
  clock timestamp := at at time zone time_zone;
  overnight boolean := quiet_start > quiet_end;
  ends timestamptz;
begin
  if clock::time < quiet_end and (overnight or clock::time >= quiet_start) then
    ends := (clock::date + quiet_end) at time zone time_zone;
  elsif overnight and clock::time >= quiet_start then
    ends := (clock::date + 1 + quiet_end) at time zone time_zone;
  end if;
  -- An end in the hour that a changing clock leaves out may fall into the next quiet hours.
  return coalesce(private.quiet_until(ends, time_zone, quiet_start, quiet_end), ends);
end
$$;
comment on function private.quiet_until(timestamptz, text, time, time) is
  'When the quiet hours (local, start included, end not, perhaps over midnight) that hold at a time end; null: none hold.';

create function private.send_verdict(facts jsonb, at timestamptz) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  automated boolean := (facts ->> 'automated')::boolean;
  calling boolean := facts ->> 'kind' = 'call';
  expires timestamptz := (facts ->> 'last_inbound_at')::timestamptz + interval '24 hours';
  closed boolean := not calling and not coalesce(at < expires, false);
  quiet timestamptz := case when automated then private.quiet_until(at, facts ->> 'time_zone',
    (facts ->> 'quiet_hours_start')::time, (facts ->> 'quiet_hours_end')::time) end;
  reasons text[];
begin
  reasons := array_remove(array[
    case when automated and not calling and (facts ->> 'opted_out')::boolean then 'opted_out' end,
    case when calling and (facts ->> 'do_not_call')::boolean then 'do_not_call' end,
    case when quiet is not null then 'quiet_hours' end,
    case when closed and facts ->> 'kind' = 'message' then 'window_closed' end,
    case when not calling and not (facts ->> 'has_whatsapp')::boolean then 'no_whatsapp' end,
    case when not calling and not (facts ->> 'has_number')::boolean then 'no_number' end,
    case when not calling and facts ->> 'channel' = 'whatsapp_group' then 'group_thread' end], null);
  return jsonb_build_object('allowed', cardinality(reasons) = 0, 'reasons', reasons, 'window_expires_at', expires,
    'template_required', closed, 'retry_at', quiet);
end
$$;
comment on function private.send_verdict(jsonb, timestamptz) is
  'The guard without the database: { kind, automated, opted_out, do_not_call, time_zone, quiet_hours_start, quiet_hours_end, last_inbound_at, has_whatsapp, has_number, channel } at a time → see private.send_guard.';

create function private.send_facts(contact uuid, conversation uuid) returns jsonb
language plpgsql stable
-- Definer: who may send need not be allowed to read settings, and nobody reads tokens.
security definer set search_path = '' set plan_cache_mode = force_generic_plan
as $$
begin
  return (
    select jsonb_build_object('opted_out', c.opted_out, 'do_not_call', c.do_not_call, 'time_zone', w.time_zone,
      'quiet_hours_start', w.quiet_hours_start, 'quiet_hours_end', w.quiet_hours_end,
      'channel', v.channel, 'last_inbound_at', v.last_inbound_at,
      'has_whatsapp', c.phone is not null or exists (
        select from public.contact_identities i where i.contact_id = c.id and i.channel in ('whatsapp', 'whatsapp_bsuid')),
      'has_number', exists (
        select from public.whatsapp_numbers n join private.whatsapp_tokens t using (phone_number_id)
        where n.workspace_id = c.workspace_id))
    from public.contacts c
    join public.workspaces w on w.id = c.workspace_id
    left join public.conversations v on v.contact_id = c.id
      and case when conversation is null then v.channel = 'whatsapp' else v.id = conversation end
    where c.id = contact
      and (private.claims() is null or c.workspace_id in (
        select private.workspaces_allowing('conversations:read', 'conversations:write')))
  );
end
$$;
comment on function private.send_facts(uuid, uuid) is
  'What the guard has to know of a contact and a conversation with it (null: its WhatsApp thread); null for a contact of another workspace.';

create function private.send_guard(
  contact uuid, conversation uuid, automated boolean, kind text default 'message') returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  facts jsonb := private.send_facts(contact, conversation);
begin
  if facts is null then
    perform private.refuse(404, 'contact_not_found', 'There is no such contact.');
  end if;
  return private.send_verdict(facts || jsonb_build_object('automated', automated, 'kind', kind), now());
end
$$;
comment on function private.send_guard(uuid, uuid, boolean, text) is
  'May a message (free-form), template or call go to the contact now? { allowed, reasons (weightiest first: opted_out, do_not_call, quiet_hours, window_closed, no_whatsapp, no_number, group_thread), window_expires_at, template_required, retry_at: end of the quiet hours that forbid it }. conversation null: the contact''s WhatsApp thread.';
