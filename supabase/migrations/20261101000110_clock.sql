-- The time that rules go by: one place reads it, so that a whole stack can be taken to another day.

create table private.clock (
  is_set boolean primary key default true check (is_set),
  shift interval not null
);
alter table private.clock enable row level security;
comment on table private.clock is
  'Empty, or how far the rules'' time is from the real one. For tests: what is due by rules (statuses, decay, staleness) follows it, what is recorded as written does not.';

create function private.now() returns timestamptz
language plpgsql stable
-- Definer: rules go by it whatever rights the caller has.
security definer set search_path = ''
as $$
begin
  return pg_catalog.now() + coalesce((select c.shift from private.clock c), interval '0');
end
$$;
comment on function private.now() is 'The time that rules go by: the transaction''s, moved by private.clock.';
