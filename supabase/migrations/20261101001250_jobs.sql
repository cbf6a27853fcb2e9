-- Work beside the requests: what is due of it.

create function private.updates_due() returns boolean
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
  set enable_nestloop = on set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  return exists (
    select from public.whatsapp_numbers w
    where exists (select from private.unclaimed_updates u where u.phone_number_id = w.phone_number_id and u.due_at <= now()));
end
$$;
comment on function private.updates_due() is 'Whether updates are due whose number has been registered since.';

create function private.due_jobs(sentiment_model boolean default false) returns text[]
language plpgsql stable
set search_path = ''
as $$
begin
  return array_remove(array[
    case when private.media_due() then 'media' end,
    case when private.updates_due() then 'updates' end,
    case when private.outbox_wait_ms() = 0 then 'outbox' end,
    case when private.batches_due() then 'batches' end,
    case when private.contacts_due() then 'contacts' end,
    case when private.sentiment_due(sentiment_model) then 'sentiment' end
  ], null);
end
$$;
comment on function private.due_jobs(boolean) is
  'Names of the workers that have something to do; asked several times a second. sentiment_model: whether whoever asks has a language model.';
