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

-- Which number --------------------------------------------------------------------------------

create function private.usable_number(workspace uuid, wanted text, usual text) returns text
language plpgsql stable
-- Definer: who may send need not be allowed to read settings, and nobody reads tokens.
security definer set search_path = ''
as $$
declare
  able text[] := array(
    select n.phone_number_id from public.whatsapp_numbers n join private.whatsapp_tokens t using (phone_number_id)
    where n.workspace_id = workspace);
begin
  return case
    when coalesce(wanted, usual) = any (able) then coalesce(wanted, usual)
    when wanted is null and cardinality(able) = 1 then able[1]
  end;
end
$$;
comment on function private.usable_number(uuid, text, text) is
  'The number of the workspace to send from: the wanted one, else the usual one, else the only one, of those that have an access token. Null: none, or one has to be named.';

create function private.heard_on(conversation uuid, number text) returns timestamptz
language plpgsql stable
-- Definer: who may send need not be allowed to read messages.
security definer set search_path = '' set plan_cache_mode = force_generic_plan
as $$
begin
  return greatest((
    select max(m.sent_at) from public.messages m
    where m.conversation_id = conversation and m.sent_at > now() - interval '24 hours'
      and m.phone_number_id = number and m.direction = 'inbound' and not m.from_history
  ), (
    select max(greatest(k.started_at, k.accepted_at, k.ended_at)) from public.calls k
    where k.conversation_id = conversation and k.started_at > now() - interval '24 hours'
      and k.phone_number_id = number and k.direction = 'inbound'
  ));
end
$$;
comment on function private.heard_on(uuid, text) is
  'When the person of a conversation last wrote to that number of ours, or called it, in the last 24 hours; null: not in these.';

-- The guard -----------------------------------------------------------------------------------

create function private.send_facts(contact uuid, conversation uuid, wanted text, usual text) returns jsonb
language plpgsql stable
-- Definer: who may send need not be allowed to read settings, and nobody reads tokens.
security definer set search_path = '' set plan_cache_mode = force_generic_plan
as $$
begin
  return (
    select jsonb_build_object('opted_out', c.opted_out, 'do_not_call', c.do_not_call, 'time_zone', w.time_zone,
      'quiet_hours_start', w.quiet_hours_start, 'quiet_hours_end', w.quiet_hours_end,
      'channel', v.channel,
      -- Each number has its own window. The conversation knows that of the number written to last.
      'last_inbound_at', case when n.number <> v.phone_number_id then private.heard_on(v.id, n.number) else v.last_inbound_at end,
      'has_whatsapp', c.phone is not null or exists (
        select from public.contact_identities i where i.contact_id = c.id and i.channel in ('whatsapp', 'whatsapp_bsuid')),
      'has_number', n.number is not null or wanted is null and exists (
        select from public.whatsapp_numbers o join private.whatsapp_tokens t using (phone_number_id)
        where o.workspace_id = c.workspace_id))
    from public.contacts c
    join public.workspaces w on w.id = c.workspace_id
    left join public.conversations v on v.contact_id = c.id
      and case when conversation is null then v.channel = 'whatsapp' else v.id = conversation end
    cross join lateral (
      select private.usable_number(c.workspace_id, wanted, coalesce(usual, v.phone_number_id)) as number offset 0) as n
    where c.id = contact
      and (private.claims() is null or c.workspace_id in (
        select private.workspaces_allowing('conversations:read', 'conversations:write')))
  );
end
$$;
comment on function private.send_facts(uuid, uuid, text, text) is
  'What the guard has to know of a contact and a conversation with it (null: its WhatsApp thread), from the wanted number, else the usual one (null: the conversation''s); null for a contact of another workspace.';

create function private.send_guard(contact uuid, conversation uuid, automated boolean, kind text default 'message',
  wanted text default null, usual text default null) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  facts jsonb := private.send_facts(contact, conversation, wanted, usual);
begin
  if facts is null then
    perform private.refuse(404, 'contact_not_found', 'There is no such contact.');
  end if;
  return private.send_verdict(facts || jsonb_build_object('automated', automated, 'kind', kind), now());
end
$$;
comment on function private.send_guard(uuid, uuid, boolean, text, text, text) is
  'May a message (free-form), template or call go to the contact now? { allowed, reasons (weightiest first: opted_out, do_not_call, quiet_hours, window_closed, no_whatsapp, no_number, group_thread), window_expires_at, template_required, retry_at: end of the quiet hours that forbid it }. conversation null: the contact''s WhatsApp thread; wanted, usual: the number to send from, see private.usable_number.';
