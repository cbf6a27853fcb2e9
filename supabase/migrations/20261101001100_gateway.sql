-- The one way into the database for the HTTP API: private.call. One statement, one transaction.

create type private.answer as (status int, body text, headers jsonb);
comment on type private.answer is 'What an operation answers: HTTP status, the finished JSON text of the body, further headers.';

create table private.idempotency_keys (
  principal_id text not null,
  key_hash bytea not null,
  request_hash text not null,
  answer bytea not null,
  created_at timestamptz not null default now(),
  primary key (principal_id, key_hash)
);
create index idempotency_keys_created_idx on private.idempotency_keys (created_at);
alter table private.idempotency_keys enable row level security;
comment on table private.idempotency_keys is
  'First answers, kept 24 hours. An answer may hold a new API key or a person''s data, so it is encrypted with the caller''s Idempotency-Key, of which only the hash is kept.';

-- Unlogged: a crash may forget this minute's counts, and no call waits for a disk because of them.
create unlogged table private.rate_limits (
  principal_id text not null,
  window_minute bigint not null,
  calls int not null,
  primary key (principal_id, window_minute)
);
alter table private.rate_limits enable row level security;
comment on table private.rate_limits is 'Calls by principal and minute, summed over the processes that serve them.';

create function private.data(body json) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return '{"data":' || coalesce(body::text, 'null') || '}';
end
$$;
comment on function private.data(json) is 'A success body: {"data": …}.';

create function private.data_list(items text, next_cursor text default null, further text default '') returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return '{"data":' || coalesce(items, '[]') || ',"next_cursor":' || coalesce(to_json(next_cursor)::text, 'null') || further || '}';
end
$$;
comment on function private.data_list(text, text, text) is
  'The body of a list: {"data": […], "next_cursor": …}. Items as JSON text, not to be parsed again; further members likewise, beginning with a comma.';

create function private.etag(version int) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return '"' || version || '"';
end
$$;
comment on function private.etag(int) is 'The strong ETag of a version.';

create function private.run_operation(principal private.principal, operation text, args jsonb) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  answer private.answer;
begin
  -- From here on the call has the rights of a member: row level security holds for it, whatever
  -- the operation forgets. Both settings are taken back, and end with the transaction at the latest.
  perform set_config('request.jwt.claims', principal.claims::text, true), set_config('role', 'authenticated', true);
  execute format('select * from api.%I($1)', operation) into answer using args;
  -- What it had found went away while it waited for somebody.
  if answer.status is null then
    raise serialization_failure using message = 'the operation has to be made again';
  end if;
  perform set_config('role', 'none', true), set_config('request.jwt.claims', '', true);
  return answer;
end
$$;
comment on function private.run_operation(private.principal, text, jsonb) is 'Runs api.<operation>(args) as the principal. 40001: what it was about went away meanwhile; made again, it says so.';

create function private.run_idempotently(
  principal private.principal, operation text, args jsonb, idempotency_key text, request_hash text) returns private.answer
language plpgsql
set search_path = ''
as $$
declare
  hash bytea := sha256(convert_to(idempotency_key, 'UTF8'));
  stored private.idempotency_keys;
  answer private.answer;
  kept jsonb;
  refusal_code text;
  refusal_detail text;
  refusal_hint text;
begin
  -- A lock instead of a row that says "running": a killed process cannot leave it behind.
  if not pg_try_advisory_xact_lock(hashtextextended(principal.principal_id || ' ' || encode(hash, 'hex'), 0)) then
    perform private.refuse(409, 'idempotency_in_progress', 'The first request with this Idempotency-Key is still running.');
  end if;
  select * into stored from private.idempotency_keys k
  where k.principal_id = principal.principal_id and k.key_hash = hash and k.created_at > now() - interval '24 hours';
  if stored.request_hash <> request_hash then
    perform private.refuse(422, 'idempotency_key_reused', 'This Idempotency-Key belongs to another request.');
  elsif stored.request_hash = request_hash then
    kept := extensions.pgp_sym_decrypt(stored.answer, idempotency_key)::jsonb;
    return row((kept ->> 'status')::int, kept ->> 'body',
      coalesce(nullif(kept -> 'headers', 'null'), '{}') || '{"Idempotency-Replayed": "true"}')::private.answer;
  end if;
  begin
    answer := private.run_operation(principal, operation, args);
  exception when others then
    get stacked diagnostics refusal_code = message_text, refusal_detail = pg_exception_detail, refusal_hint = pg_exception_hint;
    -- A refusal for the request's own sake is an answer like any other; everything else may go
    -- better next time and is not kept.
    if sqlstate !~ '^PT4(04|09|12|22)$' then
      raise;
    end if;
    answer := row(right(sqlstate, 3)::int,
      jsonb_build_object('code', refusal_code, 'detail', refusal_detail)
        || coalesce(nullif(refusal_hint, '')::jsonb, '{}'), null)::private.answer;
  end;
  insert into private.idempotency_keys (principal_id, key_hash, request_hash, answer)
  values (principal.principal_id, hash, request_hash,
    -- The plain key derivation is enough: what protects is that the key itself is kept nowhere.
    extensions.pgp_sym_encrypt(jsonb_build_object('status', answer.status, 'body', answer.body, 'headers', answer.headers)::text,
      idempotency_key, 's2k-mode=1, s2k-digest-algo=sha256, cipher-algo=aes256, compress-algo=0'))
  on conflict (principal_id, key_hash) do update
    set request_hash = excluded.request_hash, answer = excluded.answer, created_at = now();
  return answer;
end
$$;
comment on function private.run_idempotently(private.principal, text, jsonb, text, text) is
  'Runs an operation once for an Idempotency-Key and answers the same ever after. A refusal comes back as an answer with status >= 400 and a body { code, detail, … }, because raising it would forget it.';

create function private.call(
  credential jsonb, scope text, operation text, args jsonb, idempotency_key text default null, request_hash text default null,
  follow_at_most int default null)
returns table (status int, body text, headers jsonb, rate_limit int, principal_id text)
language plpgsql
-- A session keeps its plans: what was tiny when it planned would be read whole when it no longer is.
set search_path = '' set timezone = 'UTC' set enable_seqscan = off
as $$
declare
  principal private.principal;
  answer private.answer;
  at_most constant int := coalesce(follow_at_most, 500);
  followed int;
begin
  if credential ->> 'type' = 'api_key' then
    principal := private.key_principal(decode(credential ->> 'hash', 'hex'), credential ->> 'workspace_id', scope);
  else
    principal := private.member_principal((credential ->> 'user_id')::uuid, credential ->> 'workspace_id', scope);
  end if;
  -- What time alone has changed is so at every read, whenever the worker came by last. Each part of it
  -- is a transaction of its own: nobody's contacts are locked for long, and the operation locks those
  -- that it is about in their order, with none in hand.
  followed := private.follow_due(at_most, (principal.claims ->> 'workspace_id')::uuid);
  if followed > 0 then
    return query select case when followed = at_most then 0 else 1 end, null::text, null::jsonb, principal.rate_limit,
      principal.principal_id;
    return;
  end if;
  if idempotency_key is null then
    answer := private.run_operation(principal, operation, args);
  else
    answer := private.run_idempotently(principal, operation, args, idempotency_key, request_hash);
  end if;
  return query select answer.status, answer.body, answer.headers, principal.rate_limit, principal.principal_id;
end
$$;
comment on function private.call(jsonb, text, text, jsonb, text, text, int) is
  'An API call. credential: {type: api_key, hash: hex SHA-256} or {type: member, user_id}, either with the workspace_id that the caller named; scope: what the operation needs; args: its validated request; follow_at_most: how many contacts whom time alone has changed are brought up to date first (null: 500, 0: none). Status 0 and 1: some were, and nothing was run yet; call again, with 1 following none, since there were no more. Errors: SQLSTATE PT<status>, see private.refuse.';

create function private.sync_rate_limits(counts jsonb) returns jsonb
language sql
set search_path = ''
as $$
  with given as (
    select c.principal_id, c."window", c.count
    from jsonb_to_recordset(counts) as c (principal_id text, "window" bigint, count int)
    order by 1, 2
  ), stamped as (
    update public.api_keys k set last_used_at = now()
    where k.id in (select substr(principal_id, 5)::uuid from given where principal_id like 'key:%')
      and (k.last_used_at is null or k.last_used_at < now() - interval '1 minute')
  ), added as (
    insert into private.rate_limits as r (principal_id, window_minute, calls)
    select principal_id, "window", count from given
    on conflict (principal_id, window_minute) do update set calls = r.calls + excluded.calls
    returning r.principal_id, r.window_minute, r.calls
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'principal_id', principal_id, 'window', window_minute, 'total', calls)), '[]')
  from added
$$;
comment on function private.sync_rate_limits(jsonb) is
  'Adds a process''s calls [{ principal_id, window: epoch minute, count }], one row a principal and window; returns the totals of all processes [{ principal_id, window, total }]. Stamps api_keys.last_used_at.';

-- Cursors -------------------------------------------------------------------------------------

create function private.cursor_signature(payload text) returns bytea
language plpgsql stable
-- Definer: only this function may read the key.
security definer set search_path = ''
as $$
begin
  return (
    select substring(extensions.hmac(convert_to(payload, 'UTF8'), s.value, 'sha256') from 1 for 16)
    from private.secrets s where s.name = 'cursor'
  );
end
$$;
comment on function private.cursor_signature(text) is 'The seal of a cursor.';

create function private.encode_cursor(query text, key text, id uuid) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select translate(encode(private.cursor_signature(query || payload) || convert_to(payload, 'UTF8'), 'base64'), E'+/=\n', '-_')
    from (select jsonb_build_array(key, id)::text as payload) as p
  );
end
$$;
comment on function private.encode_cursor(text, text, uuid) is
  'An opaque cursor after the row with that sort key and id; valid only for the same query text.';

create function private.decode_cursor(cursor text, query text) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  sealed bytea;
  payload text;
begin
  if cursor is null then
    return null;
  end if;
  begin
    sealed := decode(rpad(translate(cursor, '-_', '+/'), (char_length(cursor) + 3) / 4 * 4, '='), 'base64');
    payload := convert_from(substring(sealed from 17), 'UTF8');
  exception when others then
    payload := null;
  end;
  -- Compared as digests of digests, so that the time taken says nothing about the seal.
  if payload is null
    or sha256(substring(sealed from 1 for 16)) is distinct from sha256(private.cursor_signature(query || payload)) then
    perform private.refuse(400, 'invalid_cursor', 'The cursor is damaged or belongs to another query.');
  end if;
  return payload::jsonb;
end
$$;
comment on function private.decode_cursor(text, text) is 'cursor → [sort key, id], null → null; 400 invalid_cursor if it was not made for this query.';

-- Housekeeping --------------------------------------------------------------------------------

create function private.sweep() returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  idempotency int; limits int; deliveries int; statuses int; unclaimed int; forgotten int; tags bigint;
begin
  delete from private.idempotency_keys where created_at < now() - interval '24 hours';
  get diagnostics idempotency = row_count;
  delete from private.rate_limits where window_minute < floor(extract(epoch from now()) / 60) - 5;
  get diagnostics limits = row_count;
  delete from private.webhook_deliveries where received_at < now() - interval '30 days';
  get diagnostics deliveries = row_count;
  delete from public.whatsapp_pending_statuses where created_at < now() - interval '30 days';
  get diagnostics statuses = row_count;
  delete from private.unclaimed_updates u where u.received_at < now() - interval '30 days'
    and not exists (select from public.whatsapp_numbers w where w.phone_number_id = u.phone_number_id);
  get diagnostics unclaimed = row_count;
  delete from private.forgotten_updates where forgotten_at < now() - interval '31 days';
  get diagnostics forgotten = row_count;
  select coalesce(sum(private.fold_contact_tags(w.workspace_id, 100000)), 0) into tags
  from (select distinct workspace_id from private.contact_tag_deltas) as w;
  return jsonb_build_object('idempotency_keys', idempotency, 'rate_limits', limits,
    'webhook_deliveries', deliveries, 'pending_statuses', statuses, 'unclaimed_updates', unclaimed,
    'forgotten_updates', forgotten, 'kpi_deltas', private.sweep_contact_kpis(), 'tag_deltas', tags, 'outbox', private.sweep_outbox(),
    'batch_jobs', private.sweep_batch_jobs(), 'deletions', private.resume_deletions()) || private.sweep_imports();
end
$$;
comment on function private.sweep() is 'Removes what has expired and folds the deltas of KPIs and tags; returns how many rows of each. Safe to run at any time.';

create function private.analyze_grown() returns int
language plpgsql
set search_path = ''
as $$
declare
  -- Up to that many rows every plan is as good as another.
  few constant int := 50;
  grown regclass;
  analyzed int := 0;
begin
  for grown in
    select c.oid from pg_catalog.pg_class c
    where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind = 'r'
      and pg_catalog.pg_stat_get_live_tuples(c.oid) > 2 * greatest(c.reltuples, few)
    order by c.oid
  loop
    execute format('analyze (skip_locked) %s', grown);
    analyzed := analyzed + 1;
  end loop;
  return analyzed;
end
$$;
comment on function private.analyze_grown() is
  'Has the planner look at the tables that have more than doubled since it did; returns how many. Sessions keep their plans until then: those made while tables were empty make an import of 100,000 contacts quadratic, and autovacuum comes by once a minute.';

-- Supabase has pg_cron; the embedded stack's server calls these itself.
do $$
begin
  if exists (select from pg_available_extensions where name = 'pg_cron') then
    create extension if not exists pg_cron;
    perform cron.schedule('leadbase-sweep', '*/10 * * * *', 'select private.sweep()');
    -- Statuses that time changes, also where nobody calls anything.
    perform cron.schedule('leadbase-contacts', '10 seconds', 'select private.follow_due(500)');
    perform cron.schedule('leadbase-statistics', '10 seconds', 'select private.analyze_grown()');
  end if;
exception when others then
  -- Present but not preloaded: everything works without, only the sweeping is left to somebody else.
  raise warning 'pg_cron cannot be used (%): call private.sweep() every ten minutes by other means', sqlerrm;
end
$$;
