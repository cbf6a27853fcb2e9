-- How a text is looked through for the keywords of all signals of a workspace at once.

-- What is looked for -------------------------------------------------------------------------------

create table private.signal_queries (
  signal_id uuid not null references public.scoring_signals (id) on delete cascade,
  language text not null check (language in ('en', 'es', 'pt', 'fr', 'de', 'any')),
  phrases tsquery[] not null,
  words jsonb not null,
  substrings text[] not null,
  primary key (signal_id, language)
);
alter table private.signal_queries enable row level security;
comment on table private.signal_queries is
  'What a message of a language is looked through for, a row a signal of kind keyword and language: its own, or else all; any is for those that are not known.';
-- One query of all keywords could not be kept in a row: tsquery is never stored apart from it.
comment on column private.signal_queries.phrases is 'What finds its keywords, as far as they have words that are parted by spaces.';
comment on column private.signal_queries.words is 'Of each keyword the longest word: a text without it need not be asked for the keyword.';
comment on column private.signal_queries.substrings is 'Keywords that are looked for as they are: see private.keyword_substring.';

create function private.signal_query_rows(s public.scoring_signals) returns setof private.signal_queries
language plpgsql immutable
set search_path = ''
as $$
begin
  if s.kind = 'keyword' then
    return query
    select s.id, l.language, coalesce(array_agg(distinct k.query) filter (where k.query is not null), '{}'),
      coalesce(jsonb_agg(distinct k.longest) filter (where k.longest is not null), '[]'),
      coalesce(array_agg(distinct w.as_is) filter (where w.as_is is not null), '{}')
    from unnest(case when s.language is null then '{en,es,pt,fr,de,any}' else array[s.language] end) as l (language)
    cross join (select u.word, private.keyword_substring(u.word) as as_is from unnest(s.keywords) as u (word)) as w
    left join lateral (
      select private.keyword_query(w.word, l.language) as query, (
        select v from unnest(tsvector_to_array(private.keyword_vector(w.word, l.language))) v
        order by char_length(v) desc, v limit 1) as longest
    ) as k on w.as_is is null
    group by l.language;
  end if;
end
$$;
comment on function private.signal_query_rows(public.scoring_signals) is 'A signal → its rows of private.signal_queries, also if it is not stored; none if it has no keywords.';

create function private.with_overviews(queries private.signal_queries[]) returns private.signal_queries[]
language plpgsql immutable
set search_path = ''
as $$
declare
  plain private.signal_queries[] := array(
    select q from unnest(queries) q where q.signal_id is not null order by q.language, q.signal_id);
  languages int := (select count(distinct q.language) from unnest(plain) q);
begin
  return array(
    select row(null, l.language, '{}', (
        select coalesce(jsonb_object_agg(n.word, n.places), '{}')
        from (
          select w.word, jsonb_agg(q.n + languages) as places
          from unnest(plain) with ordinality as q (signal_id, language, phrases, words, substrings, n)
          cross join lateral jsonb_array_elements_text(q.words) as w (word)
          where q.language = l.language group by w.word
        ) as n),
      array(select distinct u from unnest(plain) q cross join unnest(q.substrings) u where q.language = l.language)
    )::private.signal_queries
    from (select distinct q.language from unnest(plain) q) as l order by l.language
  ) || plain;
end
$$;
comment on function private.with_overviews(private.signal_queries[]) is
  'The queries of several signals as private.signal_matches wants them: first one a language that has no signal, its words { word: [places in this array of the queries that go by it] }, its substrings those of all.';

create table private.signal_matchers (
  workspace_id uuid primary key references public.workspaces (id) on delete cascade,
  queries private.signal_queries[] not null
);
alter table private.signal_matchers enable row level security;
-- Read for every batch of messages: unpacking would cost more than reading.
alter table private.signal_matchers alter column queries set storage external;
comment on table private.signal_matchers is
  'The queries of a workspace''s active signals with their overviews (private.with_overviews), ready for private.signal_matches. No row: nothing to look for.';

create function private.workspace_queries(workspace uuid) returns private.signal_queries[]
language plpgsql stable
set search_path = '' set plan_cache_mode = force_generic_plan
as $$
begin
  return coalesce((select m.queries from private.signal_matchers m where m.workspace_id = workspace), '{}');
end
$$;
comment on function private.workspace_queries(uuid) is
  'What the messages of a workspace are looked through for: the third argument of private.signal_matches, to be read once a batch.';

create function private.renew_matchers(workspaces uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  delete from private.signal_matchers m where m.workspace_id = any (workspaces);
  insert into private.signal_matchers (workspace_id, queries)
  select s.workspace_id, private.with_overviews(array_agg(q))
  from public.scoring_signals s join private.signal_queries q on q.signal_id = s.id
  where s.workspace_id = any (workspaces) and s.is_active
  group by s.workspace_id;
end
$$;
comment on function private.renew_matchers(uuid[]) is 'Puts the queries of the workspaces together anew; their rows are locked.';

create function private.prepare_signals() returns trigger
language plpgsql
-- Definer: nobody but triggers writes queries.
security definer set search_path = ''
as $$
declare
  concerned uuid[] := array(select distinct c.workspace_id from changed c);
begin
  -- One after the other, or each would count, and put together, without the other's.
  perform from public.workspaces w where w.id = any (concerned) order by w.id for no key update;
  -- Keywords are read for every message that comes in.
  if tg_op <> 'DELETE' and exists (
      select from public.scoring_signals s where s.workspace_id = any (concerned)
      group by s.workspace_id having count(*) > 500 or sum(cardinality(s.keywords)) > 5000) then
    perform private.refuse(409, 'too_many_signals', 'A workspace has 500 scoring signals at most, with 5,000 keywords together.');
  end if;
  if tg_op <> 'DELETE' then
    delete from private.signal_queries q using changed c where q.signal_id = c.id;
    insert into private.signal_queries
    select r.* from changed c join public.scoring_signals s on s.id = c.id cross join lateral private.signal_query_rows(s) r;
  end if;
  perform private.renew_matchers(array(select w.id from public.workspaces w where w.id = any (concerned)));
  return null;
end
$$;
comment on function private.prepare_signals() is
  'Trigger, its transition table named changed: what the signals are found by, one statement a batch. 409 too_many_signals.';

create trigger scoring_signals_600_prepare_insert after insert on public.scoring_signals
  referencing new table as changed for each statement execute function private.prepare_signals();
create trigger scoring_signals_600_prepare_update after update on public.scoring_signals
  referencing new table as changed for each statement execute function private.prepare_signals();
create trigger scoring_signals_600_prepare_delete after delete on public.scoring_signals
  referencing old table as changed for each statement execute function private.prepare_signals();

-- Looking ------------------------------------------------------------------------------------------

create function private.holds_any(body text, substrings text[]) returns boolean
language plpgsql immutable
set search_path = ''
as $$
declare
  s text;
begin
  foreach s in array substrings loop
    if strpos(body, s) > 0 then
      return true;
    end if;
  end loop;
  return false;
end
$$;
comment on function private.holds_any(text, text[]) is 'Whether one of the substrings is in the text.';

create function private.substring_matches(plain text, overview private.signal_queries, queries private.signal_queries[]) returns uuid[]
language plpgsql immutable
set search_path = ''
as $$
begin
  return case when private.holds_any(plain, overview.substrings) then array(
    select q.signal_id from unnest(queries) q
    where q.signal_id is not null and q.language = overview.language and private.holds_any(plain, q.substrings)) end;
end
$$;
comment on function private.substring_matches(text, private.signal_queries, private.signal_queries[]) is
  'A text without variants of symbols, an overview and its queries → the signals with a substring that is in the text; null if there are none.';

create function private.signal_matches(body text, language text, queries private.signal_queries[]) returns uuid[]
language plpgsql immutable
set search_path = ''
as $$
declare
  folded text := private.fold(left(body, 2000));
  wanted text := case when language in ('en', 'es', 'pt', 'fr', 'de') then language when language is not null then 'any' end;
  overview private.signal_queries;
  vector tsvector;
  found uuid[] := '{}';
begin
  if queries[1].signal_id is not null then
    queries := private.with_overviews(queries);
  end if;
  -- Not foreach, which would copy all of them for the few that are looked at.
  for i in 1 .. cardinality(queries) loop
    overview := queries[i];
    exit when overview.signal_id is not null;
    -- What is found word by word is found by its stems too.
    continue when overview.language <> wanted or wanted is null and overview.language = 'any';
    vector := private.word_vector(folded, overview.language);
    if overview.words operator(pg_catalog.?|) tsvector_to_array(vector) then
      found := found || array(
        select queries[p.place].signal_id
        from (
          select distinct n::int as place from unnest(tsvector_to_array(vector)) as w (word)
          cross join lateral jsonb_array_elements_text(overview.words -> w.word) as n
        ) as p
        where vector @@ any (queries[p.place].phrases));
    end if;
    -- ASCII holds none of what is looked for as it is.
    if overview.substrings <> '{}' and octet_length(folded) > char_length(folded) then
      found := found || private.substring_matches(private.plain_symbols(folded), overview, queries);
    end if;
  end loop;
  return case when cardinality(found) > 1 then array(select distinct f from unnest(found) as f) else found end;
end
$$;
comment on function private.signal_matches(text, text, private.signal_queries[]) is
  'A message''s text, its language (null: not known, so that each of the five is tried) and private.workspace_queries of its workspace → the signals that it shows.';
