/** The values of the database's enums; until they are generated they stand here. */

export const STATUS = ["new", "contacted", "qualified", "converted", "lost"] as const;
export const AUTO_STATUS = ["new", "active", "qualified", "converted", "inactive", "churned"] as const;
export const SALE_STATUS = ["none", "pending", "signed", "sold"] as const;
export const SOURCE = [
  "chat",
  "broadcast",
  "chat_conversion",
  "manual",
  "import",
  "api",
  "lead_form",
] as const;
export const GRADE = ["A", "B", "C", "D", "E", "F"] as const;
export const SENTIMENT = ["very_negative", "negative", "neutral", "positive", "very_positive"] as const;
export const CONVERSATION_STATUS = ["active", "resolved"] as const;
export const CONVERSATION_PHASE = ["automated", "waiting", "live", "resolved"] as const;
export const BOT_STATUS = ["active", "paused", "agent"] as const;
