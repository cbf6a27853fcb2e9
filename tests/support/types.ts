/** The shapes of the wire contract, as a caller would write them down. */

export interface Data<Item> {
  data: Item;
}

export interface Page<Item> {
  data: Item[];
  next_cursor: string | null;
  total?: number;
}

export interface Contact {
  id: string;
  name: string | null;
  phone: string | null;
  whatsapp_contact_id: string | null;
  email: string | null;
  company: string | null;
  source: string;
  channels: string[];
  status: string;
  auto_status: string;
  sale_status: string;
  stage: string;
  value: number | null;
  score: number;
  grade: string | null;
  sentiment: string;
  sentiment_score: number;
  tags: string[];
  notes: string | null;
  custom: Record<string, unknown>;
  assigned_to: string | null;
  assigned_by: string | null;
  assigned_at: string | null;
  is_vip: boolean;
  is_at_risk: boolean;
  is_mystery_shopper: boolean;
  is_contractor: boolean;
  opted_out: boolean;
  do_not_call: boolean;
  completeness: number;
  avatar_url: string | null;
  country: string | null;
  message_count: number;
  call_count: number;
  last_contact_at: string | null;
  created_at: string;
  updated_at: string;
}

export interface Conversation {
  id: string;
  channel: string;
  contact: { id: string; name: string | null; phone: string | null };
  contact_id: string | null;
  contact_name: string | null;
  status: string;
  phase: string;
  ai_enabled: boolean;
  bot_status: string;
  control_epoch: number;
  assigned_to: string | null;
  unread_count: number;
  last_message_at: string | null;
  window_expires_at: string | null;
  created_at: string;
  resolved_at: string | null;
}

export interface Message {
  id: string;
  conversation_id: string;
  direction: string;
  sender_type: string;
  sender_id: string | null;
  channel: string;
  type: string;
  body: string | null;
  payload: Record<string, unknown>;
  reply_to: string | null;
  wa_message_id: string | null;
  status: string;
  error: Record<string, unknown> | null;
  reactions: Record<string, unknown>[];
  sentiment: string;
  sentiment_score: number;
  sentiment_language: string | null;
  media: Record<string, unknown> | null;
  sent_at: string;
  delivered_at: string | null;
  read_at: string | null;
  edited_at: string | null;
  revoked_at: string | null;
  created_at: string;
}

export interface Note {
  id: string;
  content: string;
  entity_type: string;
  entity_id: string;
  author_user_id: string | null;
  created_at: string;
  author: { name: string | null; avatar_url: string | null };
  mentions: string[];
}

export interface ContactDetail extends Contact {
  conversation: Conversation | null;
  latest_notes: Note[];
  identities: { channel: string; external_id: string; created_at: string }[];
  latest_sentiment: { sentiment: string; sentiment_score: number; sent_at: string } | null;
}

export interface Pipeline {
  id: string;
  name: string;
  is_default: boolean;
  stages: { id: string; name: string; probability: number }[];
  created_at: string;
  updated_at: string;
}

export interface ScoringSignal {
  id: string;
  name: string;
  kind: "keyword" | "action" | "ai" | "manual";
  category: string;
  points: number;
  keywords: string[];
  language: string | null;
  action: string | null;
  description: string | null;
  buying_intent: boolean;
  cap: number | null;
  half_life_days: number | null;
  cooldown_hours: number | null;
  is_active: boolean;
  created_at: string;
  updated_at: string;
}

export interface Simulation {
  id: string;
  status: "running" | "completed" | "failed";
  contacts: number;
  done: number;
  changed: number;
  by_change: { from: string | null; to: string | null; contacts: number }[];
  examples: {
    contact_id: string;
    name: string | null;
    old_score: number;
    new_score: number;
    old_grade: string | null;
    new_grade: string | null;
  }[];
  error: string | null;
}

export interface ScoreEvent {
  id: string;
  contact_id: string;
  signal_id: string | null;
  signal: string | null;
  kind: "keyword" | "action" | "ai" | "manual";
  category: string;
  points: number;
  reason: string | null;
  message_id: string | null;
  note_id: string | null;
  call_id: string | null;
  occurred_at: string;
  created_at: string;
}

export interface Scored {
  contact_id: string;
  score: number;
  grade: string | null;
  events: ScoreEvent[];
}

export interface Explanation {
  contact_id: string;
  score: number;
  grade: string | null;
  thresholds: Record<string, number>;
  signals: {
    signal_id: string | null;
    name: string | null;
    kind: string;
    category: string;
    weight: number;
    events: number;
    counted: number;
    points: number;
    capped: boolean;
    total: number;
    buying_intent: boolean;
    evidence: {
      event_id: string;
      points: number;
      occurred_at: string;
      reason: string | null;
      note_id: string | null;
      call_id: string | null;
      message: { id: string; type: string; body: string | null; sent_at: string } | null;
    }[];
  }[];
  auto_status: {
    value: string;
    reason: string;
    next_change_at: string | null;
    facts: Record<string, unknown>;
  };
  at_risk: { value: boolean; reasons: string[] };
  vip: {
    value: boolean;
    reason: string | null;
    min_value: number | null;
    min_score: number | null;
  };
  sentiment: Record<string, unknown>;
}

export interface Deal {
  id: string;
  contact_id: string;
  title: string;
  value: number | null;
  currency: string;
  status: string;
  pipeline_id: string;
  stage_id: string;
  stage: string;
  probability: number;
  expected_close_on: string | null;
  lost_reason: string | null;
  assigned_to: string | null;
  auto_reason: string | null;
  is_stale: boolean;
  last_activity_at: string;
  closed_at: string | null;
  created_at: string;
  updated_at: string;
}

export interface Meeting {
  id: string;
  contact_id: string;
  host_user_id: string | null;
  title: string;
  status: string;
  starts_at: string;
  ends_at: string | null;
  location: string | null;
  url: string | null;
  created_at: string;
  updated_at: string;
}

export interface Survey {
  id: string;
  name: string;
  questions: { id: string; text: string; type: string; required: boolean }[];
  is_active: boolean;
  created_at: string;
  updated_at: string;
}

export interface SurveyResponse {
  id: string;
  survey_id: string;
  contact_id: string;
  meeting_id: string | null;
  answers: { question_id: string; question: string; value: string | number | boolean }[];
  submitted_at: string;
  created_at: string;
}

export interface Call {
  id: string;
  contact_id: string;
  conversation_id: string | null;
  channel: string;
  direction: string;
  status: string;
  started_at: string;
  accepted_at: string | null;
  ended_at: string | null;
  duration_seconds: number | null;
  recording_url: string | null;
  summary: string | null;
  created_at: string;
}

export interface TimelineEntry {
  kind: string;
  id: string;
  at: string;
  actor: { type: string; id: string | null; name: string | null } | null;
  data: Record<string, unknown>;
}

export interface Handoff {
  conversation: Conversation | null;
  created: boolean;
  fallback: boolean;
  redirect_url: string;
}

export interface Kpis {
  total_contacts: number;
  qualified_leads: number;
  conversion_rate: number;
  lost_leads: number;
  by_status: Record<string, number>;
}

export interface Times {
  count: number;
  average_seconds: number | null;
  median_seconds: number | null;
}

export interface RangeKpis extends Kpis {
  from: string | null;
  to: string | null;
  new_contacts: number;
  won: {
    deals: number;
    value: number;
    currency: string;
    other_currencies: { currency: string; deals: number; value: number }[];
  };
  opened_conversations: number;
  first_response: Times;
  resolution: Times;
}

/** Everything that contact-kpis may answer. */
export interface AnyKpis extends Kpis, Partial<Omit<RangeKpis, keyof Kpis>> {
  as_of?: string;
  by_source?: Record<string, number>;
  by_stage?: Record<string, number>;
  by_grade?: Record<string, number>;
  by_assignee?: Record<string, number>;
  by_day?: Record<string, number>;
  previous?: RangeKpis;
  change?: Record<string, { difference: number | null; percent: number | null }>;
}

export interface ApiKey {
  id: string;
  name: string;
  prefix: string;
  scopes: string[];
  rate_limit: number;
  created_by: string | null;
  expires_at: string | null;
  last_used_at: string | null;
  created_at: string;
}

export interface Activity {
  id: string;
  actor: { type: string; id: string | null };
  action: string;
  entity_type: string;
  entity_id: string;
  changes: Record<string, unknown>;
  created_at: string;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  request_id: string;
  errors: { path: string; code: string; message: string }[];
  [member: string]: unknown;
}
