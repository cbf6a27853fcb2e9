-- Rows written as they were, from their images.

create function private.restorable(relation text, image jsonb) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  return image - case relation
    when 'public.contacts' then '{id,workspace_id,version,updated_at,completeness,phone_key,whatsapp_contact_id,search_text,facets,ranges,deals_value,
      sentiment,sentiment_sum,sentiment_count,sentiment_score,last_sentiment_score,last_sentiment_at,
      score,grade,auto_status,is_at_risk,last_inbound_at,converted_at,shows_intent,due_at,contact_created_at}'
    -- What a bot was told must never become true again.
    when 'public.conversations' then '{id,workspace_id,updated_at,control_epoch}'
    when 'public.contact_activity' then '{contact_id,workspace_id,contact_created_at,facets,ranges,
      sentiment_sum,sentiment_count,sentiment_score,last_sentiment_score,last_sentiment_at,
      last_inbound_at,converted_at,shows_intent,auto_status,is_at_risk,due_at}' else '{}' end::text[];
end
$$;
comment on function private.restorable(text, jsonb) is
  'Of a row what an undo writes: not what triggers make of the rest, nor versions, which only rise.';

create function private.insert_image(relation regclass, image jsonb) returns void
language plpgsql
set search_path = ''
as $$
declare
  -- Columns that are younger than the image have their defaults.
  columns text := (
    select string_agg(format('%I', a.attname), ', ') from pg_catalog.pg_attribute a
    where a.attrelid = relation and a.attnum > 0 and a.attgenerated = '' and not a.attisdropped and image ? a.attname);
begin
  execute format('insert into %1$s (%2$s) overriding system value select %2$s from jsonb_populate_record(null::%1$s, $1)',
    relation, columns) using image;
end
$$;
comment on function private.insert_image(regclass, jsonb) is 'Inserts a row as it was.';

create function private.row_image(relation regclass, key uuid) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  image jsonb;
begin
  execute format('select to_jsonb(t) from %s t where t.%I = $1', relation, (select k.attribute from private.key_columns(relation) k))
    into image using key;
  return image;
end
$$;
comment on function private.row_image(regclass, uuid) is 'A row as it is; null if there is none.';

create function private.write_image(relation regclass, key uuid, image jsonb) returns void
language plpgsql
set search_path = ''
as $$
declare
  columns text;
begin
  -- A trigger answers when its column is written, e.g. assigned_by follows assigned_to: what it made
  -- of other columns is put right in another round, which names those alone.
  for round in 1..3 loop
    select string_agg(format('%I', w.key), ', ') into columns
    from jsonb_each(image) w
    where w.value is distinct from private.row_image(relation, write_image.key) -> w.key;
    exit when columns is null;
    execute format('update %1$s t set (%2$s) = (select %2$s from jsonb_populate_record(null::%1$s, $2)) where t.%3$I = $1',
      relation, columns, (select k.attribute from private.key_columns(relation) k)) using key, image;
  end loop;
end
$$;
comment on function private.write_image(regclass, uuid, jsonb) is 'Writes columns of a row: { column: value }.';

create function private.column_group(relation text, name text) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return case
    when relation = 'public.conversations' and name in ('status', 'ai_enabled', 'bot_status', 'resolved_at', 'escalated_at')
      then 'phase'
    else coalesce('{"name_source": "name", "value_source": "value", "vip_source": "is_vip", "assigned_by": "assigned_to", "assigned_at": "assigned_to", "country": "phone",
      "phonebook_name_at": "phonebook_name", "profile_name_at": "profile_name", "username_at": "username",
      "phone_number_id": "last_inbound_at"}'::jsonb ->> name, name) end;
end
$$;
comment on function private.column_group(text, text) is 'Columns that say one thing together have one name: all of them are restored or none.';

create function private.restored_columns(relation text, before jsonb, after jsonb, now_ jsonb) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  return (
    with columns as (
      select b.key as name, b.value as before, after -> b.key as after, now_ -> b.key as now_,
        b.key in ('message_count', 'call_count') as is_counter, private.column_group(relation, b.key) as together
      from jsonb_each(private.restorable(relation, before)) b where now_ ? b.key
    ), touched as (
      select distinct c.together from columns c where not c.is_counter and c.now_ not in (c.after, c.before)
    )
    select coalesce(jsonb_object_agg(c.name, case
        -- What has been counted since stays counted.
        when c.is_counter then to_jsonb(greatest(c.now_::bigint - (c.after::bigint - c.before::bigint), 0))
        when c.together in (select t.together from touched t) then c.now_ else c.before end), '{}')
    from columns c);
end
$$;
comment on function private.restored_columns(text, jsonb, jsonb, jsonb) is
  'A row before and after a merge and as it is now → { column: value } as an undo leaves it: as before, unless somebody has touched it since.';

create function private.touched_columns(relation text, before jsonb, after jsonb, now_ jsonb) returns text[]
language plpgsql stable
set search_path = ''
as $$
begin
  return array(
    select distinct private.column_group(relation, n.key) from jsonb_each(private.restorable(relation, now_)) n
    where n.value not in (after -> n.key, before -> n.key)
      and has_column_privilege('authenticated', relation, n.key, 'update')
    order by 1);
end
$$;
comment on function private.touched_columns(text, jsonb, jsonb, jsonb) is
  'What that people can write has been changed of a row since a merge.';
