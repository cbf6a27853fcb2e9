-- Media that somebody else sent: what is to be fetched from WhatsApp, and what has become of it.

create table public.message_media (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  message_id uuid not null unique references public.messages (id) on delete cascade,
  phone_number_id text not null,
  whatsapp_media_id text not null,
  mime_type text,
  sha256 text,
  file_name text,
  size_bytes bigint,
  status text not null default 'pending' check (status in ('pending', 'stored', 'failed')),
  attempts int not null default 0,
  mismatches smallint not null default 0,
  next_attempt_at timestamptz not null default now(),
  error jsonb,
  -- Of our own ids: nothing that came with a message names a file.
  storage_path text not null generated always as (workspace_id::text || '/' || id::text) stored,
  stored_at timestamptz,
  created_at timestamptz not null default now()
);
create index message_media_workspace_id_idx on public.message_media (workspace_id);
create index message_media_due_idx on public.message_media (next_attempt_at) where status = 'pending';
alter table public.message_media enable row level security;
comment on table public.message_media is
  'The file of a message that somebody else wrote: fetched by the media worker after the delivery was acknowledged.';
comment on column public.message_media.sha256 is 'As WhatsApp told it, hex or base64; of what is stored, in hex.';
comment on column public.message_media.next_attempt_at is
  'When it is due; while it is being fetched, when whoever fetches it counts as dead; infinity: its number has no token.';
comment on column public.message_media.mismatches is 'How often the bytes had another hash than WhatsApp told.';
comment on column public.message_media.error is '{ code, title } of the last attempt; null once stored.';
comment on column public.message_media.storage_path is 'Where the bytes are in the store, once status is stored.';

create table private.media_removals (
  storage_path text primary key,
  receipt_id uuid,
  next_attempt_at timestamptz not null default now()
);
create index media_removals_due_idx on private.media_removals (next_attempt_at);
create index media_removals_receipt_id_idx on private.media_removals (receipt_id);
alter table private.media_removals enable row level security;
comment on table private.media_removals is 'Files whose message is gone; the media worker removes them.';
comment on column private.media_removals.receipt_id is 'The deletion of a contact that the file goes with.';

create function private.queue_files(messages uuid[]) returns void
language plpgsql
-- Definer: whoever may store a message need not be allowed to queue its file.
security definer set search_path = ''
as $$
begin
  insert into public.message_media (workspace_id, message_id, phone_number_id, whatsapp_media_id, mime_type, sha256, file_name)
  select m.workspace_id, m.id, m.phone_number_id, m.media ->> 'id', left(m.media ->> 'mime_type', 200),
    left(m.media ->> 'sha256', 200), nullif(left(m.media ->> 'filename', 240), '')
  from public.messages m
  where m.id = any (messages)
    -- What we send ourselves is where it came from; the id becomes part of an address.
    and m.media ->> 'id' ~ '^[A-Za-z0-9_.-]{1,200}$' and m.phone_number_id is not null
    and (m.direction = 'inbound' or m.sender_type = 'business')
  on conflict (message_id) do nothing;
end
$$;
comment on function private.queue_files(uuid[]) is 'The files of those messages that somebody else wrote are to be fetched.';

create function private.queue_media() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  -- Nearly every batch is text: one look through its rows is all it pays.
  messages uuid[] := array(select i.id from inserted i where i.media is not null);
begin
  if cardinality(messages) > 0 then
    perform private.queue_files(messages);
  end if;
  return null;
end
$$;
comment on function private.queue_media() is 'Trigger: the files of new messages are to be fetched.';

create trigger messages_730_media after insert on public.messages
  referencing new table as inserted for each statement execute function private.queue_media();

create function private.replace_media() returns trigger
language plpgsql
-- Definer, as private.queue_files.
security definer set search_path = ''
as $$
begin
  delete from public.message_media f
  where f.message_id = new.id and f.whatsapp_media_id is distinct from new.media ->> 'id';
  perform private.queue_files(array[new.id]);
  return null;
end
$$;
comment on function private.replace_media() is 'Trigger: an edit has another file, or none.';

create trigger messages_730_media_update after update of media on public.messages
  for each row when (old.media ->> 'id' is distinct from new.media ->> 'id') execute function private.replace_media();

create function private.queue_media_removal() returns trigger
language plpgsql
-- Definer: whoever may delete a contact need not know where its files are.
security definer set search_path = ''
as $$
begin
  insert into private.media_removals (storage_path, receipt_id)
  values (old.storage_path, nullif(current_setting('leadbase.receipt', true), '')::uuid) on conflict do nothing;
  return null;
end
$$;
comment on function private.queue_media_removal() is 'Trigger: the file goes with its row.';

-- A pending one may be half fetched by now: its file is removed as well.
create trigger message_media_700_removal after delete on public.message_media
  for each row execute function private.queue_media_removal();

create function private.wake_media() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update public.message_media m set next_attempt_at = now(), status = 'pending'
  where m.phone_number_id = new.phone_number_id
    -- WhatsApp says of a file that a token may not see what it says of one that is gone.
    and (m.status = 'pending' or m.status = 'failed' and m.error ->> 'code' = 'media_gone'
      and m.created_at > now() - interval '7 days');
  return null;
end
$$;
comment on function private.wake_media() is 'Trigger: a number with a new token can fetch what waits for it, and what another token did not see.';

create trigger whatsapp_tokens_700_media after insert or update of sealed on private.whatsapp_tokens
  for each row execute function private.wake_media();

create function private.claim_media(at_most int, lease interval default '2 minutes')
returns table (id uuid, storage_path text, phone_number_id text, sealed_token bytea, whatsapp_media_id text, sha256 text, attempt int)
language plpgsql
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  due uuid[];
begin
  due := array(
    select m.id from public.message_media m
    where m.status = 'pending' and m.next_attempt_at <= now()
    order by m.next_attempt_at limit at_most for update skip locked);
  -- In a second statement, which sees a token that came while the rows were being locked; one that
  -- comes later waits for our lock and wakes them.
  update public.message_media m set next_attempt_at = 'infinity'
  where m.id = any (due)
    and not exists (
      select from private.whatsapp_tokens t join public.whatsapp_numbers w using (phone_number_id)
      where t.phone_number_id = m.phone_number_id and w.workspace_id = m.workspace_id);
  return query
  update public.message_media m
  set attempts = m.attempts + 1, next_attempt_at = now() + lease
  from private.whatsapp_tokens t
  -- The number may be another workspace's by now, and the token theirs.
  join public.whatsapp_numbers w using (phone_number_id)
  where m.id = any (due) and t.phone_number_id = m.phone_number_id and w.workspace_id = m.workspace_id
  returning m.id, m.storage_path, m.phone_number_id, t.sealed, m.whatsapp_media_id, m.sha256, m.attempts;
end
$$;
comment on function private.claim_media(int, interval) is
  'Files to fetch now, for the caller alone until the lease ends. What a number without a token received waits for one.';

create function private.finish_media(id uuid, outcome jsonb) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  media public.message_media;
  final boolean := outcome ? 'failed';
begin
  select * into media from public.message_media m where m.id = finish_media.id for update;
  if not found then
    return false;
  elsif media.status <> 'pending' then
    return true;
  elsif outcome ? 'stored' then
    update public.message_media m
    set status = 'stored', stored_at = now(), error = null, sha256 = outcome #>> '{stored,sha256}',
      size_bytes = (outcome #>> '{stored,size_bytes}')::bigint,
      mime_type = coalesce(m.mime_type, left(outcome #>> '{stored,mime_type}', 200))
    where m.id = media.id;
  -- Of an attempt whose lease has ended only success counts: somebody else is at it.
  elsif (outcome ->> 'attempt')::int = media.attempts then
    media.mismatches := media.mismatches + (outcome #>> '{retry,code}' is not distinct from 'hash_mismatch')::int;
    -- WhatsApp keeps a file for seven days.
    final := final or media.mismatches >= 3 or media.created_at < now() - interval '7 days';
    update public.message_media m
    set status = case when final then 'failed' else 'pending' end, mismatches = media.mismatches,
      error = coalesce(outcome -> 'failed', outcome -> 'retry'),
      next_attempt_at = now() + make_interval(secs => case
        when outcome ->> 'after_seconds' is not null then least((outcome ->> 'after_seconds')::double precision, 86400)
        -- 1 s, 4 s, 16 s, … an hour.
        else least(power(4, least(media.attempts - 1, 6)), 3600) end)
    where m.id = media.id;
  end if;
  return true;
end
$$;
comment on function private.finish_media(uuid, jsonb) is
  'What came of a claim: { attempt } and { stored: { sha256, size_bytes, mime_type } }, { failed: { code, title } } for good, or { retry: { code, title }, after_seconds }. False if the message is gone: its file is not wanted.';

create function private.claim_media_removals(at_most int) returns setof text
language plpgsql
set search_path = ''
as $$
begin
  return query
  update private.media_removals r set next_attempt_at = now() + interval '2 minutes'
  where r.storage_path in (
    select d.storage_path from private.media_removals d
    where d.next_attempt_at <= now() order by d.next_attempt_at limit at_most for update skip locked)
  returning r.storage_path;
end
$$;
comment on function private.claim_media_removals(int) is
  'Paths of files to remove; each comes again after two minutes unless private.finish_media_removals is told.';

create function private.finish_media_removals(paths text[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  delete from private.media_removals r where r.storage_path = any (paths);
end
$$;
comment on function private.finish_media_removals(text[]) is 'These files are gone.';

create function private.media_due() returns boolean
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
begin
  return exists (select from public.message_media m where m.status = 'pending' and m.next_attempt_at <= now())
    or exists (select from private.media_removals r where r.next_attempt_at <= now());
end
$$;
comment on function private.media_due() is 'Whether the media worker has anything to do; two looks into an index.';

create function private.message_media(message_id uuid) returns json
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select json_build_object(
      'id', f.id, 'whatsapp_media_id', m.media ->> 'id', 'mime_type', coalesce(f.mime_type, m.media ->> 'mime_type'),
      'sha256', coalesce(f.sha256, m.media ->> 'sha256'), 'file_name', coalesce(f.file_name, m.media ->> 'filename'),
      'size_bytes', f.size_bytes, 'status', f.status,
      'url', case when f.status = 'stored' then '/functions/v1/media/' || f.id end)
    from public.messages m
    left join public.message_media f on f.message_id = m.id
    where m.id = message_media.message_id and m.media is not null
  );
end
$$;
comment on function private.message_media(uuid) is
  'The media object of a message as the API shows it; null for a message without. id, status and url are null for what we sent ourselves.';

-- On Supabase the bytes are in a bucket that only the functions reach; elsewhere in a folder.
do $$
begin
  if to_regclass('storage.buckets') is not null then
    insert into storage.buckets (id, name, public) values ('whatsapp-media', 'whatsapp-media', false)
    on conflict (id) do nothing;
  end if;
end
$$;
