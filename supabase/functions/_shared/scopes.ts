/** What a call may be allowed to do. */

/** The scopes an API key can have, beside `*` for all of them. */
export const SCOPES = [
  "contacts:read",
  "contacts:write",
  "contacts:delete",
  "conversations:read",
  "conversations:write",
  "notes:read",
  "notes:write",
  "settings:read",
  "settings:write",
] as const;

export type Scope = (typeof SCOPES)[number];

/** `admin`: only a token of the workspace's owner or an admin; no API key has it. */
export type RequiredScope = Scope | "admin";
