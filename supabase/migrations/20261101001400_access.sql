-- Who may do what: row level security, policies and grants, table by table. Nothing to anon.
--
-- A policy names the scopes that allow it. Members have the scopes of their role
-- (private.role_scopes), API keys their own; private.workspaces_allowing knows both.

-- Default grants that older projects still have are taken back first.
revoke all on all tables in schema public from anon, authenticated;
revoke all on all tables in schema private, api from public, anon, authenticated;
revoke execute on all functions in schema private, api from public, anon, authenticated;
grant all on all tables in schema public to service_role;
revoke update, delete, truncate on public.activity_log, public.contact_consents, public.contact_history from service_role;

alter table public.workspaces enable row level security;
alter table public.workspace_settings enable row level security;
alter table public.profiles enable row level security;
alter table public.workspace_members enable row level security;
alter table public.member_presence enable row level security;
alter table public.api_keys enable row level security;
alter table public.activity_log enable row level security;
alter table public.contacts enable row level security;
alter table public.contact_activity enable row level security;
alter table public.contact_identities enable row level security;
alter table public.contact_assignments enable row level security;
alter table public.pipelines enable row level security;
alter table public.pipeline_stages enable row level security;
alter table public.scoring_signals enable row level security;
alter table public.score_events enable row level security;
alter table public.meetings enable row level security;
alter table public.surveys enable row level security;
alter table public.survey_responses enable row level security;
alter table public.deals enable row level security;
alter table public.contact_history enable row level security;
alter table public.contact_consents enable row level security;
alter table public.whatsapp_numbers enable row level security;
alter table public.conversations enable row level security;
alter table public.messages enable row level security;
alter table public.whatsapp_pending_statuses enable row level security;
alter table public.message_changes enable row level security;
alter table public.calls enable row level security;
alter table public.contact_merges enable row level security;
alter table public.whatsapp_events enable row level security;
alter table public.internal_notes enable row level security;
alter table public.saved_filters enable row level security;
alter table public.contact_imports enable row level security;
alter table public.deletion_receipts enable row level security;
alter table public.retained_conversations enable row level security;
alter table public.retained_messages enable row level security;

-- Workspaces and members ----------------------------------------------------------------------

grant select, update (name, default_country, stages, routing, time_zone, quiet_hours_start, quiet_hours_end,
    deletion_history)
  on public.workspaces to authenticated;
create policy workspaces_select_member on public.workspaces for select to authenticated
  using (id in (select private.workspaces_allowing('settings:read', 'settings:write')));
create policy workspaces_update_admin on public.workspaces for update to authenticated
  using (id in (select private.workspaces_allowing('settings:write')))
  with check (id in (select private.workspaces_allowing('settings:write')));

grant select,
  insert (workspace_id, currency, inactive_after_days, churned_after_days, hot_lead_days, stale_deal_days, active_min_messages,
    active_window_days, grade_a, grade_b, grade_c, grade_d, grade_e, score_weights, vip_min_value, vip_min_score, auto_create_deals, auto_close_won,
    task_on_topic_exhaustion),
  update (currency, inactive_after_days, churned_after_days, hot_lead_days, stale_deal_days, active_min_messages,
    active_window_days, grade_a, grade_b, grade_c, grade_d, grade_e, score_weights, vip_min_value, vip_min_score, auto_create_deals, auto_close_won,
    task_on_topic_exhaustion) on public.workspace_settings to authenticated;
create policy workspace_settings_select_member on public.workspace_settings for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('settings:read', 'settings:write')));
create policy workspace_settings_insert_admin on public.workspace_settings for insert to authenticated
  with check (workspace_id in (select private.workspaces_allowing('settings:write')));
create policy workspace_settings_update_admin on public.workspace_settings for update to authenticated
  using (workspace_id in (select private.workspaces_allowing('settings:write')))
  with check (workspace_id in (select private.workspaces_allowing('settings:write')));

grant select, update (name, avatar_url) on public.profiles to authenticated;
create policy profiles_select_colleague on public.profiles for select to authenticated
  using (user_id = (select auth.uid()) or user_id in (
    select m.user_id from public.workspace_members m));
create policy profiles_update_self on public.profiles for update to authenticated
  using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));

grant select, delete, insert (workspace_id, user_id, role, handle, capacity), update (role, handle, capacity)
  on public.workspace_members to authenticated;
create policy workspace_members_select_colleague on public.workspace_members for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('settings:read')));
-- Owners are made and unmade in the project's SQL console only, so that no admin can take over.
create policy workspace_members_insert_admin on public.workspace_members for insert to authenticated
  with check (role <> 'owner' and workspace_id in (select private.workspaces_allowing('admin')));
create policy workspace_members_update_admin on public.workspace_members for update to authenticated
  using (role <> 'owner' and workspace_id in (select private.workspaces_allowing('admin')))
  with check (role <> 'owner' and workspace_id in (select private.workspaces_allowing('admin')));
create policy workspace_members_delete_admin on public.workspace_members for delete to authenticated
  using (role <> 'owner' and workspace_id in (select private.workspaces_allowing('admin')));

grant select, insert, update (state, last_seen_at), delete on public.member_presence to authenticated;
create policy member_presence_select_colleague on public.member_presence for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('settings:read')));
create policy member_presence_insert_self on public.member_presence for insert to authenticated
  with check (user_id = (select auth.uid()) and workspace_id in (select private.workspaces_allowing('settings:read')));
create policy member_presence_update_self on public.member_presence for update to authenticated
  using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
create policy member_presence_delete_self on public.member_presence for delete to authenticated
  using (user_id = (select auth.uid()));

-- API keys: the hash is written and never read ------------------------------------------------

grant select (id, workspace_id, name, prefix, scopes, rate_limit, created_by, expires_at, revoked_at, last_used_at, created_at),
  insert (workspace_id, name, prefix, key_hash, scopes, created_by, expires_at),
  update (name, revoked_at) on public.api_keys to authenticated;
create policy api_keys_select_admin on public.api_keys for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('admin')));
create policy api_keys_insert_admin on public.api_keys for insert to authenticated
  with check (workspace_id in (select private.workspaces_allowing('admin')) and created_by = (select auth.uid()));
-- What is revoked stays revoked; how much a key may be used is for whoever runs the service.
create policy api_keys_update_admin on public.api_keys for update to authenticated
  using (revoked_at is null and workspace_id in (select private.workspaces_allowing('admin')))
  with check (workspace_id in (select private.workspaces_allowing('admin')));

-- Contacts. Whoever works with contacts or conversations sees the contact itself ---------------

-- No delete: a person's traces are not in their own rows only (api.delete_contacts).
grant select,
  insert (workspace_id, name, phone, email, company, source, channels, status, sale_status, stage, value, tags, notes,
    custom, assigned_to, is_vip, is_mystery_shopper, is_contractor, opted_out, do_not_call, avatar_url, country),
  update (name, phone, email, company, source, channels, status, sale_status, stage, value, tags, notes,
    custom, assigned_to, is_vip, is_mystery_shopper, is_contractor, opted_out, do_not_call, avatar_url, country)
  on public.contacts to authenticated;
create policy contacts_select_member on public.contacts for select to authenticated
  using (workspace_id in (select private.workspaces_allowing(
    'contacts:read', 'contacts:write', 'contacts:delete', 'conversations:read', 'conversations:write')));
create policy contacts_insert_member on public.contacts for insert to authenticated
  with check (workspace_id in (select private.workspaces_allowing('contacts:write')));
create policy contacts_update_member on public.contacts for update to authenticated
  using (workspace_id in (select private.workspaces_allowing('contacts:write')))
  with check (workspace_id in (select private.workspaces_allowing('contacts:write')));

-- A private one is its owner's alone; one without an owner is the workspace's.
grant select, delete, insert (workspace_id, name, filter, shared), update (name, filter, shared)
  on public.saved_filters to authenticated;
create policy saved_filters_select_member on public.saved_filters for select to authenticated
  using ((shared or owner_id = (select auth.uid()))
    and workspace_id in (select private.workspaces_allowing('contacts:read', 'contacts:write')));
create policy saved_filters_insert_member on public.saved_filters for insert to authenticated
  with check (workspace_id in (select private.workspaces_allowing('contacts:write')));
create policy saved_filters_update_owner on public.saved_filters for update to authenticated
  using ((owner_id is null or owner_id = (select auth.uid())
      or (shared and workspace_id in (select private.workspaces_allowing('admin'))))
    and workspace_id in (select private.workspaces_allowing('contacts:write')))
  with check (workspace_id in (select private.workspaces_allowing('contacts:write')));
create policy saved_filters_delete_owner on public.saved_filters for delete to authenticated
  using ((owner_id is null or owner_id = (select auth.uid())
      or (shared and workspace_id in (select private.workspaces_allowing('admin'))))
    and workspace_id in (select private.workspaces_allowing('contacts:write')));

-- Written by triggers; read by whoever reads the contact, of which it is a part.
grant select on public.contact_activity to authenticated;
create policy contact_activity_select_member on public.contact_activity for select to authenticated
  using (workspace_id in (select private.workspaces_allowing(
    'contacts:read', 'contacts:write', 'contacts:delete', 'conversations:read', 'conversations:write')));

grant select on public.contact_identities, public.contact_assignments, public.contact_history to authenticated;
create policy contact_identities_select_member on public.contact_identities for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('contacts:read', 'contacts:write')));
create policy contact_assignments_select_member on public.contact_assignments for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('contacts:read')));
create policy contact_history_select_member on public.contact_history for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('contacts:read')));

-- Evidence: written by triggers and the service, by nobody else, and never changed.
grant select on public.contact_consents to authenticated;
create policy contact_consents_select_member on public.contact_consents for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('contacts:read')));

-- Pipelines are written by their operations only: there always is a default, and stages are whole.
grant select on public.pipelines, public.pipeline_stages to authenticated;
create policy pipelines_select_member on public.pipelines for select to authenticated
  using (workspace_id in (select private.workspaces_allowing(
    'contacts:read', 'contacts:write', 'settings:read', 'settings:write')));
create policy pipeline_stages_select_member on public.pipeline_stages for select to authenticated
  using (workspace_id in (select private.workspaces_allowing(
    'contacts:read', 'contacts:write', 'settings:read', 'settings:write')));

grant select, delete,
  insert (workspace_id, contact_id, stage_id, title, value, currency, own_probability, expected_close_on, assigned_to),
  update (stage_id, title, value, currency, status, own_probability, expected_close_on, lost_reason, assigned_to)
  on public.deals to authenticated;
create policy deals_select_member on public.deals for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('contacts:read', 'contacts:write')));
create policy deals_insert_member on public.deals for insert to authenticated
  with check (workspace_id in (select private.workspaces_allowing('contacts:write')));
create policy deals_update_member on public.deals for update to authenticated
  using (workspace_id in (select private.workspaces_allowing('contacts:write')))
  with check (workspace_id in (select private.workspaces_allowing('contacts:write')));
create policy deals_delete_member on public.deals for delete to authenticated
  using (workspace_id in (select private.workspaces_allowing('contacts:write')));

grant select, delete,
  insert (workspace_id, name, kind, category, points, keywords, language, action, description, buying_intent, cap,
    half_life_days, cooldown_hours, is_active),
  update (name, kind, category, points, keywords, language, action, description, buying_intent, cap,
    half_life_days, cooldown_hours, is_active)
  on public.scoring_signals to authenticated;
create policy scoring_signals_select_member on public.scoring_signals for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('settings:read', 'settings:write')));
create policy scoring_signals_insert_admin on public.scoring_signals for insert to authenticated
  with check (workspace_id in (select private.workspaces_allowing('settings:write')));
create policy scoring_signals_update_admin on public.scoring_signals for update to authenticated
  using (workspace_id in (select private.workspaces_allowing('settings:write')))
  with check (workspace_id in (select private.workspaces_allowing('settings:write')));
create policy scoring_signals_delete_admin on public.scoring_signals for delete to authenticated
  using (workspace_id in (select private.workspaces_allowing('settings:write')));

grant select, delete,
  insert (workspace_id, contact_id, host_user_id, title, status, starts_at, ends_at, location, url),
  update (host_user_id, title, status, starts_at, ends_at, location, url) on public.meetings to authenticated;
create policy meetings_select_member on public.meetings for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('contacts:read', 'contacts:write')));
create policy meetings_insert_member on public.meetings for insert to authenticated
  with check (workspace_id in (select private.workspaces_allowing('contacts:write')));
create policy meetings_update_member on public.meetings for update to authenticated
  using (workspace_id in (select private.workspaces_allowing('contacts:write')))
  with check (workspace_id in (select private.workspaces_allowing('contacts:write')));
create policy meetings_delete_member on public.meetings for delete to authenticated
  using (workspace_id in (select private.workspaces_allowing('contacts:write')));

-- Surveys and their answers are written by their operations only: answers are answers to questions.
grant select on public.surveys, public.survey_responses to authenticated;
create policy surveys_select_member on public.surveys for select to authenticated
  using (workspace_id in (select private.workspaces_allowing(
    'contacts:read', 'contacts:write', 'settings:read', 'settings:write')));
create policy survey_responses_select_member on public.survey_responses for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('contacts:read', 'contacts:write')));

-- The ledger is written by functions only.
grant select on public.score_events to authenticated;
create policy score_events_select_member on public.score_events for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('contacts:read', 'contacts:write')));

grant select on public.contact_merges to authenticated;
create policy contact_merges_select_member on public.contact_merges for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('contacts:read')));

-- Written by the operations and their batches only.
grant select on public.contact_imports to authenticated;
create policy contact_imports_select_member on public.contact_imports for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('contacts:write')));
-- Of those who may delete: a key that deletes follows its own requests.
grant select on public.deletion_receipts to authenticated;
create policy deletion_receipts_select_deleter on public.deletion_receipts for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('contacts:delete')));

-- What deleted people said: of owners and admins in person, of no key.
grant select on public.retained_conversations, public.retained_messages to authenticated;
create policy retained_conversations_select_admin on public.retained_conversations for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('admin')));
create policy retained_messages_select_admin on public.retained_messages for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('admin')));

grant select on public.activity_log to authenticated;
create policy activity_log_select_member on public.activity_log for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('contacts:read')));

-- Conversations -------------------------------------------------------------------------------

grant select on public.whatsapp_numbers to authenticated;
create policy whatsapp_numbers_select_member on public.whatsapp_numbers for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('settings:read')));

grant select, insert (workspace_id, contact_id, channel),
  update (status, phase, ai_enabled, bot_status, control_epoch, assigned_to)
  on public.conversations to authenticated;
create policy conversations_select_member on public.conversations for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('conversations:read', 'conversations:write', 'contacts:read')));
create policy conversations_insert_member on public.conversations for insert to authenticated
  with check (workspace_id in (select private.workspaces_allowing('conversations:write'))
    -- A reference alone would accept the id of another workspace's contact.
    and exists (
      select from public.contacts c
      where c.id = conversations.contact_id and c.workspace_id = conversations.workspace_id));
create policy conversations_update_member on public.conversations for update to authenticated
  using (workspace_id in (select private.workspaces_allowing('conversations:write')))
  with check (workspace_id in (select private.workspaces_allowing('conversations:write')));
grant select on public.whatsapp_conversations to authenticated;

grant select on public.messages to authenticated;
create policy messages_select_member on public.messages for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('conversations:read')));

grant select on public.message_changes to authenticated;
create policy message_changes_select_member on public.message_changes for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('conversations:read')));

grant select on public.calls to authenticated;
create policy calls_select_member on public.calls for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('conversations:read')));

grant select on public.message_media to authenticated;
create policy message_media_select_member on public.message_media for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('conversations:read')));

grant select on public.whatsapp_events to authenticated;
create policy whatsapp_events_select_member on public.whatsapp_events for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('conversations:read')));

-- Notes ---------------------------------------------------------------------------------------

grant select, delete, insert (workspace_id, contact_id, conversation_id, deal_id, content) on public.internal_notes to authenticated;
create policy internal_notes_select_member on public.internal_notes for select to authenticated
  using (workspace_id in (select private.workspaces_allowing('notes:read', 'notes:write')));
create policy internal_notes_insert_member on public.internal_notes for insert to authenticated
  with check (workspace_id in (select private.workspaces_allowing('notes:write')));
create policy internal_notes_delete_author on public.internal_notes for delete to authenticated
  using (workspace_id in (select private.workspaces_allowing('admin'))
    or (workspace_id in (select private.workspaces_allowing('notes:write'))
      and coalesce(author_user_id, author_api_key_id) = (select (private.current_actor()).id)));

-- Functions and views of the API: the call runs as authenticated --------------------------------

grant execute on all functions in schema api to authenticated;
grant select on private.scoring_signal_records, private.contact_records, private.conversation_records, private.note_records, private.api_key_records,
  private.message_records, private.saved_filter_records, private.whatsapp_number_records, private.import_records,
  private.pipeline_records, private.deal_records,
  private.meeting_records, private.survey_records, private.survey_response_records, private.call_records, private.score_event_records to authenticated;
grant execute on function
  -- rights and refusals
  private.claims(), private.current_actor(), private.workspaces_allowing(text[]), private.current_workspace(text[]),
  private.role_scopes(public.member_role), private.refuse(int, text, text, jsonb), private.refuse_field(text, text, text),
  -- pure helpers
  private.uuid_v7(), private.fold(text), private.search_text(text, text, text, text, text), private.search_grams(text),
  private.facet(text, text), private.facets(text, text[]), private.contact_facets(public.contacts),
  private.range_bit(text, numeric), private.contact_ranges(int, numeric, int), private.digits(text), private.phone_key(text), private.json_list(jsonb),
  private.data(json), private.data_list(text, text, text), private.etag(int), private.with_tag(text[], text, boolean),
  private.clean_tags(text[]), private.consent_tags(text[], boolean, boolean),
  private.matches_etag(text, text), private.redirect_url(text, text), private.sentiment_level(numeric), private.is_merging(),
  -- what operations are made of
  private.contact_answer(int, uuid), private.contact_by_phone(uuid, text), private.contact_by_phone_key(uuid, text),
  private.require_contact(jsonb, text[]), private.lock_contact(jsonb, text[]),
  private.neutral_contact(), private.without_nulls(jsonb), private.given_contact(jsonb, public.contacts), private.write_contact(public.contacts, jsonb),
  private.refuse_existing_contact(uuid), private.insert_contacts(uuid, jsonb), private.created_answers(uuid[]),
  private.current_contact(uuid, uuid), private.current_conversation(uuid), private.merged_ids(uuid, uuid),
  private.with_saved_filter(uuid, jsonb),
  private.saved_filter_answer(int, uuid), private.require_writable_filter(uuid), private.write_saved_filter(uuid, jsonb),
  private.open_conversation(uuid), private.lock_conversation(uuid), private.take_control(uuid, text),
  private.reopen_conversation(uuid), private.reopen_conversations(uuid[]), private.bot_in_control(public.conversations),
  private.send_guard(uuid, uuid, boolean, text, text, text), private.send_facts(uuid, uuid, text, text),
  private.send_verdict(jsonb, timestamptz), private.usable_number(uuid, text, text), private.refuse_foreign_number(text, uuid),
  private.quiet_until(timestamptz, text, time, time),
  private.refuse_unseen_conversation(uuid), private.require_conversation(jsonb, boolean),
  private.conversation_answer(uuid), private.close_lead(uuid), private.refuse_non_member(uuid, uuid),
  -- sending
  private.refuse_stale_bot(public.conversations, jsonb), private.refuse_unsendable(public.conversations, jsonb, text), private.is_automated(jsonb),
  private.refuse_other_number(public.conversations, text, public.messages),
  private.sending_number(public.conversations, text, text), private.refuse_from_here(public.conversations, text, text),
  private.named_message(public.conversations, text, text),
  private.store_outbound(public.conversations, jsonb, text, text), private.message_answer(int, uuid),
  private.store_reaction(public.conversations, jsonb, text, public.messages),
  private.mark_conversation_read(public.conversations, boolean), private.show_typing(public.conversations, timestamptz),
  private.can_send_from(text, uuid), private.store_number(jsonb), private.delete_number(text), private.number_answer(int, text),
  -- imports
  private.require_import(jsonb), private.import_answer(int, uuid), private.revert_status(uuid), private.store_import(jsonb, uuid),
  private.first_import_errors(uuid, boolean), private.import_errors_page(uuid, jsonb), private.start_revert(uuid),
  -- deals
  private.pipeline_answer(int, uuid), private.require_pipeline(jsonb, uuid), private.deal_answer(int, uuid),
  private.lock_deal(jsonb), private.lock_deal_of(uuid, uuid), private.given_deal(jsonb, public.deals),
  -- scoring signals
  private.scoring_signal_conditions(uuid, jsonb), private.scoring_signal_answer(int, uuid), private.refuse_unknown_signal(),
  private.lock_signal(jsonb), private.given_signal(jsonb, public.scoring_signals), private.add_signals(uuid, jsonb),
  private.template_signals(text),
  -- the timeline
  private.timeline_actor(text, uuid), private.timeline_changes(), private.timeline_dealings(), private.timeline_talks(),
  private.timeline_branches(text[]), private.timeline_after(text, text, jsonb), private.allowed_branches(uuid, text[]),
  private.timeline_query(uuid, private.timeline_branch[], jsonb, int),
  -- lists, meetings, surveys, calls
  private.keyset_page(text, text, text[], text, boolean, text, jsonb), private.assignee_condition(text, text),
  private.filter_conditions(uuid, jsonb, jsonb), private.contact_filter(jsonb, text),
  private.meeting_conditions(uuid, jsonb), private.meeting_answer(int, uuid), private.require_survey(jsonb, uuid),
  private.survey_answer(int, uuid), private.call_conditions(uuid, jsonb),
  -- settings
  private.effective_settings(public.workspace_settings), private.workspace_settings(uuid), private.weight_errors(jsonb),
  private.settings_errors(public.workspace_settings), private.workspace_errors(public.workspaces), private.refuse_fields(jsonb),
  private.refuse_settings(public.workspaces, public.workspace_settings), private.given_settings(jsonb),
  private.write_workspace(public.workspaces), private.write_settings(public.workspace_settings),
  private.settings_record(uuid), private.settings_answer(uuid),
  -- scoring
  private.word_vector(text, text), private.keyword_vector(text, text), private.keyword_query(text, text),
  private.plain_symbols(text), private.keyword_substring(text), private.signal_errors(public.scoring_signals),
  private.is_vip(numeric, int, public.workspace_settings), private.signal_of(uuid), private.score_event_conditions(uuid, jsonb),
  private.check_evidence(uuid, jsonb), private.add_score_event(uuid, jsonb, timestamptz), private.now(),
  private.start_simulation(uuid, jsonb), private.simulation_answer(uuid, uuid), private.rescoring_answer(uuid),
  private.signal_evidence(uuid, uuid), private.explained_signals(uuid, uuid), private.explained_status(uuid),
  private.require_entity(jsonb, text), private.author(uuid, uuid),
  -- what is held on a contact
  private.contact_sections(), private.contact_links(), private.contact_section_page(uuid, text, jsonb, int), private.require_scope(text),
  private.message_media(uuid), private.cursor_signature(text), private.encode_cursor(text, text, uuid), private.decode_cursor(text, text)
  to authenticated;
grant execute on all functions in schema private to service_role;
