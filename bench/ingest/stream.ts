/**
 * The traffic: one endless numbered stream of updates, three statuses to one inbound message, as
 * a number in full use gets it. Pure: whoever knows a number knows the update, here and in SQL.
 */
import { createHash } from "node:crypto";

/** Of every so many inbound messages one is from a person who never wrote before: 2 %. */
export const STRANGER_EVERY = 50;

/** An inbound message, then one status each of three outbound messages. */
export const GROUP = 4;

// `sent`, `delivered` and `read` of a message are that many groups apart: never in one POST, nor in
// two that are under way at once, as they are seconds apart with people.
const LAG = 1000;

/** How many outbound messages the statuses of the first `groups` groups are about. */
export function outboundNeeded(groups: number): number {
  return groups + 2 * LAG;
}

/** The outbound messages with that status once the first `groups` groups are in: from, up to. */
export function outboundWith(status: "delivered" | "read", groups: number): [number, number] {
  return status === "read" ? [0, groups] : [LAG, groups + LAG];
}

export type Update =
  & { group: number; wamid: string; waId: string; person: number; timestamp: number }
  & ({ kind: "message"; name: string; text: string } | { kind: "status"; status: string });

// Before the run; what is stored beforehand is older.
export const FIRST_SECOND = 1_790_000_000;
const GROUPS_A_SECOND = 1000;

/** The update of that number, from or to one of so many known contacts (or a new one). */
export function updateAt(index: number, contacts: number): Update {
  const group = Math.floor(index / GROUP);
  const timestamp = FIRST_SECOND + Math.floor(group / GROUPS_A_SECOND);
  const part = index % GROUP;
  if (part === 0) return message(group, timestamp, contacts);
  const status = ["sent", "delivered", "read"][part - 1];
  const outbound = group + LAG * (GROUP - 1 - part);
  const person = personOf(outbound, contacts);
  const wamid = wamidOf("outbound", outbound);
  return { group, kind: "status", status, wamid, waId: waIdOf(person), person, timestamp };
}

function message(group: number, timestamp: number, contacts: number): Update {
  const stranger = group % STRANGER_EVERY === STRANGER_EVERY - 1;
  const person = stranger ? contacts + group : personOf(group, contacts);
  return {
    ...{ group, kind: "message", person, timestamp, wamid: wamidOf("inbound", group) },
    waId: stranger ? `347${String(group).padStart(8, "0")}` : waIdOf(person),
    name: `Person ${person}`,
    text: `Hola, soy la persona ${person}: ¿sigue libre la cita del jueves a las ${group % 24}:00?`,
  };
}

/** Who message number n is from or to: everyone in turn, neighbours far apart. */
export function personOf(n: number, contacts: number): number {
  return n * PERSON_STEP % contacts;
}
export const PERSON_STEP = 7919;

/** A known contact's number: a Spanish mobile one. */
export function waIdOf(person: number): string {
  return `346${String(person).padStart(8, "0")}`;
}

/** A number of the stream → a number that only this person has. */
export function personOfWaId(waId: string): number {
  return Number(waId.slice(2));
}

/** As long as WhatsApp's, and as scattered: an index of them has no right edge. */
export function wamidOf(direction: "inbound" | "outbound", n: number): string {
  return WAMID_PREFIX + createHash("md5").update(`${direction} ${n}`).digest("hex");
}
export const WAMID_PREFIX = "wamid.HBgLMzQ2";
