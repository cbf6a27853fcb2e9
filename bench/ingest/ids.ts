/** Ids of what is stored beforehand, so that TypeScript and SQL know them without asking. */

/** The contact of a person of the stream. */
export function contactId(person: number): string {
  return CONTACT_ID_PREFIX + person.toString(16).padStart(12, "0");
}
export const CONTACT_ID_PREFIX = "01980000-0000-7000-8000-";

/** Their conversation. */
export function conversationId(person: number): string {
  return CONVERSATION_ID_PREFIX + person.toString(16).padStart(12, "0");
}
export const CONVERSATION_ID_PREFIX = "01980000-0000-7000-9000-";
