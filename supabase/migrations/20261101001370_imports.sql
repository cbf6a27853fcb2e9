-- Imports of contacts: what was asked for, the file while it is being read, what came of it.

create type public.import_status as enum ('pending', 'running', 'completed', 'failed', 'reverted');
create type public.import_conflict as enum ('update', 'skip');

create table public.contact_imports (
  id uuid primary key,
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  status public.import_status not null default 'pending',
  file_name text check (char_length(file_name) <= 255),
  size_bytes bigint not null check (size_bytes >= 0),
  on_conflict public.import_conflict not null,
  dry_run boolean not null,
  columns jsonb not null,
  rows int not null default 0,
  created int not null default 0,
  updated int not null default 0,
  skipped int not null default 0,
  failed int not null default 0,
  progress smallint not null default 0 check (progress between 0 and 100),
  error jsonb,
  actor_type text not null check (actor_type in ('member', 'api_key', 'system')),
  actor_id uuid,
  job_id uuid references private.batch_jobs (id) on delete set null,
  revert_job_id uuid references private.batch_jobs (id) on delete set null,
  deleted int not null default 0,
  restored int not null default 0,
  kept int not null default 0,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  reverted_at timestamptz,
  constraint contact_imports_counts check (created + updated + skipped + failed <= rows)
);
create index contact_imports_workspace_idx on public.contact_imports (workspace_id, created_at, id);
create index contact_imports_job_id_idx on public.contact_imports (job_id);
create index contact_imports_revert_job_id_idx on public.contact_imports (revert_job_id);
comment on table public.contact_imports is
  'Imports of CSV files. Once an import has ended, rows = created + updated + skipped + failed.';
comment on column public.contact_imports.columns is
  'How the file''s columns were read: [{ "column": its name, "field": of the contact, or null }].';
comment on column public.contact_imports.rows is 'Data rows read so far; rows without any value are none.';
comment on column public.contact_imports.updated is
  'Rows whose contact existed, or came from an earlier row of the file, and took the row''s values.';
comment on column public.contact_imports.skipped is 'Rows whose contact existed, with on_conflict skip.';
comment on column public.contact_imports.progress is 'Percent: reading is the first half, writing the second.';
comment on column public.contact_imports.error is '{ code, detail } of why it failed as a whole.';
comment on column public.contact_imports.deleted is 'Contacts that the revert removed; restored and kept likewise.';

-- No reference to the import: chunks are there before it is, and a reference would be checked for
-- every one of a million rows. private.sweep_imports() removes what nobody needs any more.
create table private.import_chunks (
  upload_id uuid not null,
  n int not null,
  bytes bytea not null,
  created_at timestamptz not null default now(),
  primary key (upload_id, n)
);
alter table private.import_chunks alter column bytes set storage external;
alter table private.import_chunks enable row level security;
comment on table private.import_chunks is
  'An uploaded file in pieces of one size, as it came; upload_id becomes the id of its import. Dropped when the import has ended.';

create table private.import_rows (
  import_id uuid not null,
  "row" int not null,
  phone text not null,
  phone_key text generated always as (private.phone_key(substr(phone, 2))) stored,
  data jsonb not null,
  custom jsonb,
  primary key (import_id, "row")
);
create index import_rows_phone_key_idx on private.import_rows (import_id, phone_key, "row");
alter table private.import_rows enable row level security;
comment on table private.import_rows is
  'The rows of a file that are valid, until they are written. Dropped when the import has ended.';
comment on column private.import_rows.data is
  'The given fields of public.contacts by their names, phone and custom apart.';

create table private.import_errors (
  import_id uuid not null references public.contact_imports (id) on delete cascade,
  is_revert boolean not null default false,
  "row" int not null,
  n smallint not null,
  column_name text,
  code text not null,
  message text not null,
  contact_id uuid,
  primary key (import_id, is_revert, "row", n)
);
alter table private.import_errors enable row level security;
comment on table private.import_errors is
  'What was wrong with which row of a file, in words that repeat no value; or, is_revert, what a revert left as it is. Kept for 30 days.';

create table private.import_changes (
  import_id uuid not null references public.contact_imports (id) on delete cascade,
  "row" int not null,
  -- Deleted with the contact, and moved by merges, as everything that refers to one.
  contact_id uuid not null references public.contacts (id) on delete cascade,
  created boolean not null,
  version int not null,
  changes jsonb,
  deals jsonb,
  primary key (import_id, "row")
);
create index import_changes_contact_id_idx on private.import_changes (contact_id);
create index import_changes_import_idx on private.import_changes (import_id, contact_id, "row");
alter table private.import_changes enable row level security;
comment on table private.import_changes is
  'What an import made of which contact, for its revert. Kept for 30 days, or until it is reverted.';
comment on column private.import_changes."row" is 'The first row of the file that the contact''s values came from.';
comment on column private.import_changes.version is
  'Of the contact after this was written; of before, if somebody has changed it since the import wrote it last.';
comment on column private.import_changes.changes is
  '{ field: { "from": …, "to": … } } of a contact that existed; with a field of private.sourced_fields its source.';
comment on column private.import_changes.deals is '{ id: version } of the deals that were closed by this, as it left them.';

-- What comes after an import -------------------------------------------------------------------

create function private.drop_import_file(import uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  delete from private.import_chunks c where c.upload_id = import;
  delete from private.import_rows r where r.import_id = import;
end
$$;
comment on function private.drop_import_file(uuid) is 'Removes the file of an import, and the rows that were read from it.';

create function private.fail_imports() returns trigger
language plpgsql
-- Definer: whoever ends a job need not be able to write imports.
security definer set search_path = ''
as $$
begin
  -- What was written stays written, and can be reverted; the other rows failed.
  update public.contact_imports i
  set status = 'failed', error = new.error, finished_at = new.finished_at,
    failed = i.rows - i.created - i.updated - i.skipped
  where i.job_id = new.id;
  perform private.drop_import_file(i.id) from public.contact_imports i where i.job_id = new.id;
  return null;
end
$$;
comment on function private.fail_imports() is 'Trigger: an import whose job has failed has failed, and its file is dropped.';

create trigger batch_jobs_800_fail_imports after update of status on private.batch_jobs
  for each row when (new.kind = 'import' and new.status = 'failed' and old.status <> 'failed')
  execute function private.fail_imports();

create function private.sweep_imports() returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  uploads int; changes int; errors int;
begin
  -- No upload takes an hour; one that did not become an import by then never will.
  delete from private.import_chunks c
  where c.created_at < now() - interval '1 hour'
    and not exists (select from public.contact_imports i where i.id = c.upload_id and i.finished_at is null);
  get diagnostics uploads = row_count;
  delete from private.import_rows r
  where not exists (select from public.contact_imports i where i.id = r.import_id and i.finished_at is null);
  delete from private.import_changes c using public.contact_imports i
  where i.id = c.import_id and i.finished_at < now() - interval '30 days';
  get diagnostics changes = row_count;
  delete from private.import_errors e using public.contact_imports i
  where i.id = e.import_id and i.finished_at < now() - interval '30 days';
  get diagnostics errors = row_count;
  return jsonb_build_object('import_chunks', uploads, 'import_changes', changes, 'import_errors', errors);
end
$$;
comment on function private.sweep_imports() is
  'Removes broken uploads after an hour, and what a revert would need 30 days after an import; returns how many rows of each.';
