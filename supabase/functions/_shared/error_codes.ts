/**
 * Every error code there is: HTTP status, title, and what it means to the caller. Codes are part of
 * the contract: they are added, never renamed. `docs/errors.md` is made from this list.
 */

interface ErrorKind {
  readonly status: number;
  readonly title: string;
  readonly meaning: string;
}

function kind(status: number, title: string, meaning: string): ErrorKind {
  return { status, title, meaning };
}

export const ERROR_CODES = {
  bad_request: kind(400, "Bad request", "The request cannot be understood."),
  malformed_json: kind(400, "Malformed JSON", "The body is not JSON in UTF-8."),
  incomplete_body: kind(400, "Incomplete body", "The connection ended before the body did."),
  invalid_cursor: kind(
    400,
    "Invalid cursor",
    "The cursor was not issued for this list, or was altered. Start again without one.",
  ),
  workspace_required: kind(
    400,
    "Workspace required",
    "The user belongs to several workspaces. Name one in `X-Workspace-Id`.",
  ),

  credentials_missing: kind(
    401,
    "Credentials missing",
    "Send `Authorization: Bearer <API key or member's token>`.",
  ),
  invalid_credentials: kind(
    401,
    "Invalid credentials",
    "The API key is unknown, revoked or expired, or the token is not a valid one of this project.",
  ),
  invalid_signature: kind(
    401,
    "Invalid signature",
    "`X-Hub-Signature-256` is missing or does not fit the body. Nothing was stored.",
  ),

  forbidden: kind(403, "Forbidden", "The credentials do not allow this."),
  insufficient_scope: kind(
    403,
    "Insufficient scope",
    "The API key lacks the scope named in `required_scope`.",
  ),
  insufficient_role: kind(
    403,
    "Insufficient role",
    "This needs the token of a member with a higher role; API keys cannot manage keys.",
  ),
  no_workspace: kind(403, "No workspace", "The user is not a member of any workspace."),
  not_filter_owner: kind(
    403,
    "Not the owner",
    "A member's saved filter is changed by that member, a shared one also by owners and admins.",
  ),
  not_note_author: kind(
    403,
    "Not the author",
    "Agents delete their own notes only; owners and admins delete any.",
  ),
  verification_failed: kind(
    403,
    "Verification failed",
    "The webhook handshake did not name the right verify token.",
  ),

  not_found: kind(404, "Not found", "There is nothing at this address."),
  contact_not_found: kind(404, "Contact not found", "The workspace has no such contact."),
  conversation_not_found: kind(
    404,
    "Conversation not found",
    "The workspace has no such conversation.",
  ),
  job_not_found: kind(404, "Job not found", "The workspace has no such job."),
  filter_not_found: kind(404, "Filter not found", "The caller sees no such saved filter."),
  entity_not_found: kind(
    404,
    "Entity not found",
    "The workspace has no entity of this id and type.",
  ),
  merge_not_found: kind(404, "Merge not found", "There is no such merge in the workspace."),
  note_not_found: kind(404, "Note not found", "The workspace has no such note."),
  signal_not_found: kind(
    404,
    "Signal not found",
    "The workspace has no such scoring signal.",
  ),
  simulation_not_found: kind(
    404,
    "Simulation not found",
    "The workspace has no such simulation; it is kept for some days.",
  ),
  deal_not_found: kind(
    404,
    "Deal not found",
    "The workspace has no such deal.",
  ),
  pipeline_not_found: kind(
    404,
    "Pipeline not found",
    "The workspace has no such pipeline.",
  ),
  meeting_not_found: kind(
    404,
    "Meeting not found",
    "The workspace, or the contact, has no such meeting.",
  ),
  survey_not_found: kind(
    404,
    "Survey not found",
    "The workspace has no such survey.",
  ),
  call_not_found: kind(
    404,
    "Call not found",
    "The workspace has no such call.",
  ),
  media_not_found: kind(404, "Media not found", "The workspace has no such media."),
  message_not_found: kind(
    404,
    "Message not found",
    "The conversation has no message of the person that this could be about.",
  ),
  receipt_not_found: kind(404, "Receipt not found", "The workspace has no such receipt."),
  number_not_found: kind(404, "Number not found", "The workspace has no such WhatsApp number."),
  import_not_found: kind(404, "Import not found", "The workspace has no such import."),
  api_key_not_found: kind(404, "API key not found", "The workspace has no such API key."),
  workspace_not_found: kind(
    404,
    "Workspace not found",
    "There is no such workspace, or the user is not a member of it.",
  ),

  method_not_allowed: kind(
    405,
    "Method not allowed",
    "The address exists, the method does not. `Allow` names those that do.",
  ),

  conflict: kind(409, "Conflict", "Something with the same unique value exists already."),
  filter_exists: kind(
    409,
    "Filter exists",
    "The caller has a saved filter of that name already.",
  ),
  contact_exists: kind(
    409,
    "Contact exists",
    "A contact with this phone number exists; `contact_id` names it. " +
      "`?on_conflict=update` writes the given fields to it instead.",
  ),
  already_merged: kind(
    409,
    "Already merged",
    "The two ids are one contact already: `contact_id`. `merge_id` names the merge that made it so.",
  ),
  merge_undone: kind(409, "Merge undone", "The merge has been undone already."),
  merge_not_latest: kind(
    409,
    "Not the latest merge",
    "The contact was merged again since. Undo that first: `merge_id`.",
  ),
  already_accepted: kind(
    409,
    "Already accepted",
    "Somebody else talks to the contact already; `assigned_to` says who.",
  ),
  conversation_resolved: kind(
    409,
    "Conversation resolved",
    "The conversation is resolved. Reopen it first.",
  ),
  contractor_conversation: kind(
    409,
    "Contractor's conversation",
    "Contractors talk to a person, never to the bot.",
  ),
  send_refused: kind(
    409,
    "Send refused",
    "The message may not be sent now: `reasons` says why, weightiest first, `template_required` " +
      "whether a template could be, `retry_at` when quiet hours end.",
  ),
  stale_control: kind(
    409,
    "Stale control",
    "The bot is not in control of the conversation any more, or was told an older " +
      "`control_epoch`. `control_epoch` and `phase` say how it stands.",
  ),
  deal_closed: kind(
    409,
    "Deal closed",
    "The deal ended the other way; `deal_status` says how. Reopen it first.",
  ),
  stage_in_use: kind(
    409,
    "Stage in use",
    "Deals are in what would be removed. Move them first.",
  ),
  default_pipeline: kind(
    409,
    "Default pipeline",
    "A workspace always has a default pipeline. Make another one the default.",
  ),
  too_many_pipelines: kind(
    409,
    "Too many pipelines",
    "A workspace has 50 pipelines at most.",
  ),
  too_many_signals: kind(
    409,
    "Too many signals",
    "A workspace has 500 scoring signals at most, with 5,000 keywords together.",
  ),
  survey_answered: kind(
    409,
    "Survey answered",
    "Contacts have answered the survey. Make it inactive instead.",
  ),
  survey_inactive: kind(
    409,
    "Survey inactive",
    "The survey takes no answers.",
  ),
  number_taken: kind(
    409,
    "Number taken",
    "The WhatsApp number or business account is registered in another workspace.",
  ),
  import_running: kind(
    409,
    "Import running",
    "The import has not ended yet. Ask again when it has.",
  ),
  import_not_revertible: kind(
    409,
    "Import not revertible",
    "A dry run changed nothing, and what contacts were before an import is kept for 30 days.",
  ),
  idempotency_in_progress: kind(
    409,
    "Request in progress",
    "A request with this `Idempotency-Key` is still running. Ask again in a moment.",
  ),
  media_not_stored: kind(
    409,
    "Media not stored",
    "The file is not here: `media_status` is `pending` until it is fetched from WhatsApp, or " +
      "`failed` if that is given up; `media_error` tells what the last attempt met.",
  ),

  precondition_failed: kind(
    412,
    "Precondition failed",
    "It has changed since the `ETag` sent in `If-Match`. Read it again.",
  ),
  body_too_large: kind(413, "Body too large", "The body is larger than this endpoint takes."),
  unsupported_media_type: kind(
    415,
    "Unsupported media type",
    "Send the body as `Content-Type: application/json`, uncompressed.",
  ),
  range_not_satisfiable: kind(
    416,
    "Range not satisfiable",
    "The file ends before the part that `Range` asks for; `Content-Range` tells its size.",
  ),

  validation_failed: kind(
    422,
    "Validation failed",
    "`errors` lists what is wrong and where (see the table below).",
  ),
  unreadable_file: kind(
    422,
    "Unreadable file",
    "The file's text is neither UTF-8 nor UTF-16 nor Windows-1252, or it cannot be told.",
  ),
  invalid_value: kind(422, "Invalid value", "The database cannot hold a value as it was sent."),
  invalid_header: kind(422, "Invalid header", "A request header has a value that it cannot have."),
  idempotency_key_reused: kind(
    422,
    "Idempotency key reused",
    "The `Idempotency-Key` was sent before with another request. Use a new one.",
  ),

  invalid_access_token: kind(
    422,
    "Invalid access token",
    "WhatsApp does not let this access token use the number; `graph_error` is its answer.",
  ),

  rate_limited: kind(
    429,
    "Too many requests",
    "The credential's calls for this minute are used up. Wait for `Retry-After` seconds.",
  ),

  internal_error: kind(
    500,
    "Internal error",
    "A fault on our side. Quote `request_id` when asking about it.",
  ),
  graph_unavailable: kind(
    502,
    "WhatsApp unavailable",
    "WhatsApp's Graph API does not answer or has a fault. Try again later.",
  ),
  not_configured: kind(503, "Not configured", "The server lacks a setting that this needs."),
  database_unavailable: kind(
    503,
    "Database unavailable",
    "The database cannot be reached, or was lost on the way: a write may have been carried out. Ask " +
      "again after `Retry-After` seconds, a write with its `Idempotency-Key`.",
  ),
  too_many_exports: kind(
    503,
    "Too many exports",
    "As many exports are running as the server streams at once. Ask again after `Retry-After` seconds.",
  ),
  timeout: kind(503, "Timeout", "The database took too long and the call was called off."),
  try_again: kind(
    503,
    "Try again",
    "Many writers changed the same thing at once. Nothing was changed by this call; send it again.",
  ),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The codes in `errors[].code` of a `validation_failed` problem. */
export const FIELD_ERROR_CODES = {
  required: "The field or parameter is missing.",
  unknown_field: "There is no such field.",
  unknown_parameter: "There is no such query parameter.",
  read_only: "The field is computed and cannot be written.",
  repeated: "The parameter or item may be given once only.",
  invalid_type: "The value is of another JSON type.",
  invalid_value: "The value is not one of those allowed.",
  invalid_format: "The text is not in the format asked for.",
  invalid_encoding: "The query is not percent-encoded UTF-8.",
  invalid_text: "The text holds U+0000 or half of a surrogate pair, which cannot be stored.",
  too_short: "The text or number is shorter than allowed.",
  too_long: "The text or number is longer than allowed.",
  too_small: "The number is below the range.",
  too_big: "The number is above the range.",
  too_few: "The list has fewer items than needed.",
  too_many: "The list has more items than allowed.",
  too_deep: "The object is nested deeper than allowed.",
  too_large: "The object takes more bytes than allowed.",
  too_many_decimals: "The number has more decimals than are kept.",
  not_a_number: "A phone number was asked for.",
  invalid_country: "The phone number's country code does not exist.",
  invalid_length: "No phone number of that country has that length.",
  has_extension: "A phone number with an extension cannot be stored; leave the extension out.",
  unknown_stage: "The stage is not one of the workspace's, or the pipeline's.",
  unknown_time_zone: "The time zone is no name of the IANA list.",
  unknown_currency: "The currency is no code of ISO 4217.",
  contradictory: "The value does not go with another one; the message says which and why.",
  not_a_member: "The user is not a member of the workspace.",
  same_contact: "A contact cannot be merged with itself.",
  exclusive: "Exactly one of several fields has to be given.",
  unknown_question: "The survey has no such question.",
  in_the_future: "The time is yet to come.",
  in_the_past: "The time has passed.",
  unknown_number: "The workspace has no such WhatsApp number.",
  unknown_message: "The conversation or contact has no such message.",
  unknown_note: "There is no such note.",
  unknown_call: "The contact has no such call.",
  unknown_signal: "There is no such active scoring signal.",
  unknown_column: "The file has no such column.",
  unclosed_quote: "A quote in the row is not closed.",
  ambiguous_number: "The number may be read in two ways, such as 1,234.",
  not_sent: "WhatsApp does not know the message, since it has not been sent.",
} as const satisfies Record<string, string>;

export type FieldErrorCode = keyof typeof FIELD_ERROR_CODES;
