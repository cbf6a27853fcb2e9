-- What holds of contacts whoever writes them.

-- Triggers, in the order of their names ------------------------------------------------------

create function private.contact_phone_digits() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.whatsapp_contact_id := private.digits(new.phone);
  new.phone_key := private.phone_key(new.whatsapp_contact_id);
  return new;
end
$$;
comment on function private.contact_phone_digits() is 'Trigger: whatsapp_contact_id and phone_key follow phone.';

create function private.contact_name_source() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' or new.name is distinct from old.name then
    new.name_source := case when new.name is null then 'profile' else 'person' end;
  end if;
  if new.name_source = 'profile' then
    new.name := coalesce(new.phonebook_name, new.profile_name);
  end if;
  return new;
end
$$;
comment on function private.contact_name_source() is
  'Trigger: the name follows the WhatsApp profile until a person sets one, and again after a person clears it.';

create function private.with_tag(tags text[], tag text, wanted boolean) returns text[]
language plpgsql immutable
set search_path = ''
as $$
begin
  return case
    when wanted and not tag = any (tags) then tags || tag
    when not wanted then array_remove(tags, tag)
    else tags
  end;
end
$$;
comment on function private.with_tag(text[], text, boolean) is 'The tags with or without one of them.';

create function private.clean_tags(tags text[]) returns text[]
language plpgsql immutable
set search_path = ''
as $$
declare
  clean text[] := '{}';
  tag text;
begin
  foreach tag in array coalesce(tags, '{}') loop
    tag := btrim(tag);
    tag := case lower(tag) when 'opt-out' then 'opt-out' when 'do not call' then 'Do Not Call' else tag end;
    if tag <> '' and tag <> all (clean) then
      clean := clean || tag;
    end if;
  end loop;
  return clean;
end
$$;
comment on function private.clean_tags(text[]) is
  'Tags trimmed, without blanks and repetitions, in their order; the two consent tags in their one spelling.';

create function private.consent_tags(tags text[], opted_out boolean, do_not_call boolean) returns text[]
language plpgsql immutable
set search_path = ''
as $$
begin
  return private.with_tag(private.with_tag(tags, 'opt-out', opted_out), 'Do Not Call', do_not_call);
end
$$;
comment on function private.consent_tags(text[], boolean, boolean) is 'The tags with the two consent tags as the flags say.';

create function private.contact_consent_tags() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.tags := private.clean_tags(new.tags);
  if tg_op = 'INSERT' then
    new.opted_out := new.opted_out or 'opt-out' = any (new.tags);
    new.do_not_call := new.do_not_call or 'Do Not Call' = any (new.tags);
  else
    if new.opted_out = old.opted_out then
      new.opted_out := 'opt-out' = any (new.tags);
    end if;
    if new.do_not_call = old.do_not_call then
      new.do_not_call := 'Do Not Call' = any (new.tags);
    end if;
  end if;
  new.tags := private.consent_tags(new.tags, new.opted_out, new.do_not_call);
  return new;
end
$$;
comment on function private.contact_consent_tags() is
  'Trigger: the tags opt-out and Do Not Call and the flags opted_out and do_not_call say the same, whichever was written.';

create function private.contact_channels() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.channels := array(
    select u.channel from unnest(new.channels) with ordinality as u (channel, n) group by u.channel order by min(u.n));
  return new;
end
$$;
comment on function private.contact_channels() is 'Trigger: a contact has each channel once.';

create function private.contact_derived() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' and (new.name, new.phone, new.email, new.company, new.notes, new.avatar_url)
      is not distinct from (old.name, old.phone, old.email, old.company, old.notes, old.avatar_url) then
    return new;
  end if;
  new.completeness := 20 * num_nonnulls(
    nullif(new.name, ''), new.phone, nullif(new.email, ''), nullif(new.company, ''), nullif(new.avatar_url, ''));
  new.search_text := private.search_text(new.name, new.email, new.company, new.whatsapp_contact_id, new.notes);
  return new;
end
$$;
comment on function private.contact_derived() is 'Trigger: completeness and search_text.';

create function private.contact_stage() returns trigger
language plpgsql
-- Definer: keys that may write contacts have no right to read workspaces.
security definer set search_path = ''
as $$
declare
  stages text[];
begin
  -- A stage that has left the list stays where it is until somebody changes it.
  if tg_op = 'UPDATE' and new.stage = old.stage then
    return new;
  end if;
  stages := (select w.stages from public.workspaces w where w.id = new.workspace_id);
  new.stage := coalesce(new.stage, stages[1]);
  if not new.stage = any (stages) then
    perform private.refuse_outsider(new.workspace_id);
    perform private.refuse_field('/stage', 'unknown_stage',
      format('The workspace''s stages are %s.', array_to_string(stages, ', ')));
  end if;
  return new;
end
$$;
comment on function private.contact_stage() is 'Trigger: a stage is one of the workspace''s list; the first one unless given.';

create function private.contact_facets_follow() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.facets := private.contact_facets(new);
  new.ranges := private.contact_ranges(new.score, new.value, new.call_count);
  return new;
end
$$;
comment on function private.contact_facets_follow() is 'Trigger: facets and ranges.';

create function private.contact_touch() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  before public.contacts := old;
begin
  -- What messages, scores and time alone make of a contact is nobody's edit: who has read it may still
  -- write it, and an import that made it may take it back.
  before.sentiment := new.sentiment;
  before.auto_status := new.auto_status;
  before.is_at_risk := new.is_at_risk;
  before.score := new.score;
  before.grade := new.grade;
  before.facets := new.facets;
  before.ranges := new.ranges;
  if new is distinct from before then
    -- A merge may ask for more, since it is of two contacts.
    new.version := greatest(old.version + 1, case when private.is_merging() then new.version end);
    new.updated_at := now();
  end if;
  return new;
end
$$;
comment on function private.contact_touch() is
  'Trigger: version and updated_at rise when anything changed but mood, automatic status, risk, score and grade.';

create trigger contacts_100_phone_digits before insert or update of phone on public.contacts
  for each row execute function private.contact_phone_digits();
create trigger contacts_200_name_source before insert or update of name, profile_name, phonebook_name on public.contacts
  for each row execute function private.contact_name_source();
create trigger contacts_300_consent_tags before insert or update of tags, opted_out, do_not_call on public.contacts
  for each row execute function private.contact_consent_tags();
create trigger contacts_350_channels before insert or update of channels on public.contacts
  for each row when (cardinality(new.channels) > 1) execute function private.contact_channels();
create trigger contacts_400_derived
  before insert or update of name, profile_name, phonebook_name, phone, email, company, notes, avatar_url on public.contacts
  for each row execute function private.contact_derived();
create trigger contacts_500_stage before insert or update of stage on public.contacts
  for each row execute function private.contact_stage();
create trigger contacts_850_facets before insert or update on public.contacts
  for each row execute function private.contact_facets_follow();
create trigger contacts_900_touch before update on public.contacts
  for each row execute function private.contact_touch();

-- Audit ---------------------------------------------------------------------------------------

create function private.merging(going boolean) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform set_config('leadbase.merging', going::text, true);
end
$$;
comment on function private.merging(boolean) is
  'Says that what this transaction writes from now on is (true) or is not any more a merge, or the undoing of one.';

create function private.is_merging() returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce(current_setting('leadbase.merging', true) = 'true', false);
end
$$;
comment on function private.is_merging() is 'What private.merging has said.';

create function private.log_contact_changes() returns trigger
language plpgsql
-- Definer: nobody but this trigger writes the log.
-- A session plans this once, perhaps for a single row: a nested loop would then take minutes over
-- ten thousand. Joins are set here because callers' settings hold in triggers as well.
security definer set search_path = '' set enable_nestloop = off set enable_hashjoin = on
as $$
declare
  actor private.actor := private.current_actor();
begin
  -- What two contacts are together has a line that names neither's data (private.merging): after the
  -- undo one's would else stand in the log of the other, where no erasure looks for it.
  if private.is_merging() then
    return null;
  end if;
  insert into public.activity_log (workspace_id, actor_type, actor_id, action, entity_type, entity_id, changes)
  select n.workspace_id, actor.type, actor.id, 'contact.updated', 'contact', n.id, changed
  from inserted n
  join deleted o on o.id = n.id
  -- Cheap comparison first: many updates are computed ones, which are no news.
  join lateral private.row_changes(to_jsonb(o), to_jsonb(n), array[
    'updated_at', 'version', 'search_text', 'facets', 'ranges', 'phone_key', 'whatsapp_contact_id', 'completeness', 'country',
    'name_source', 'value_source', 'vip_source', 'deals_value', 'profile_name', 'phonebook_name', 'phonebook_name_at', 'call_count',
    'assigned_by', 'assigned_at', 'auto_status', 'score', 'grade', 'sentiment', 'is_at_risk'
  ]) as changed on true
  where (o.name, o.phone, o.email, o.company, o.source, o.channels, o.status, o.sale_status, o.stage, o.value,
      o.tags, o.notes, o.custom, o.assigned_to, o.is_vip, o.is_mystery_shopper, o.is_contractor, o.opted_out,
      o.do_not_call, o.avatar_url)
    is distinct from
      (n.name, n.phone, n.email, n.company, n.source, n.channels, n.status, n.sale_status, n.stage, n.value,
      n.tags, n.notes, n.custom, n.assigned_to, n.is_vip, n.is_mystery_shopper, n.is_contractor, n.opted_out,
      n.do_not_call, n.avatar_url);
  return null;
end
$$;
comment on function private.log_contact_changes() is 'Trigger: what people changed of contacts goes into the activity log, one statement a batch; a merge has a line of its own.';

create trigger contacts_700_log_insert after insert on public.contacts
  referencing new table as changed for each statement execute function private.log_rows('contact.created', 'contact');
create trigger contacts_700_log_update after update on public.contacts
  referencing old table as deleted new table as inserted for each statement execute function private.log_contact_changes();
create trigger contacts_700_log_delete after delete on public.contacts
  referencing old table as changed for each statement execute function private.log_rows('contact.deleted', 'contact');
