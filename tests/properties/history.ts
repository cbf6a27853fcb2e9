/** Small histories of a WhatsApp number, and the rows that they have to end in. */
import fc from "fast-check";
import { uniquePhone } from "../support/unique.ts";
import {
  at,
  type Change,
  change,
  type Item,
  person,
  text,
  timeAt,
  uniqueWamid,
} from "../fixtures/whatsapp/delivery.ts";

const STATUSES = ["sent", "delivered", "read", "played", "failed"] as const;

/** One thing that happened. */
export type Happening =
  | { kind: "message"; who: number; second: number; type: "text" | "image" | "reaction" }
  | { kind: "status"; outbound: number; name: typeof STATUSES[number]; second: number }
  /** We store an outbound message, before or after WhatsApp tells about it. */
  | { kind: "send"; outbound: number };

export const PEOPLE = 2;
export const OUTBOUND = 3;

const second = fc.integer({ min: 0, max: 20 });

const anyMessage: fc.Arbitrary<Happening> = fc.record({
  kind: fc.constant("message"),
  who: fc.nat({ max: PEOPLE - 1 }),
  second,
  type: fc.constantFrom("text", "image", "reaction"),
});

const anyStatus: fc.Arbitrary<Happening> = fc.record({
  kind: fc.constant("status"),
  outbound: fc.nat({ max: OUTBOUND - 1 }),
  name: fc.constantFrom(...STATUSES),
  second,
});

/** What happens, and in which order and in which parts we hear of it. */
export interface Telling {
  happenings: Happening[];
  /** Positions in `happenings`, some of them twice; a part is told at once, in deliveries. */
  parts: number[][][];
}

/** Any history, told in any order, cut anywhere, with any repetitions. */
export const anyTelling: fc.Arbitrary<Telling> = fc.tuple(
  fc.array(anyMessage, { minLength: 1, maxLength: 6 }),
  fc.array(anyStatus, { maxLength: 8 }),
  fc.subarray(Array.from({ length: OUTBOUND }, (_, outbound) => outbound)),
).chain(([messages, statuses, sent]) => {
  const sends = sent.map((outbound): Happening => ({ kind: "send", outbound }));
  const happenings = [...messages, ...statuses, ...sends];
  const once = happenings.map((_, index) => index);
  const again = fc.array(fc.nat({ max: messages.length + statuses.length - 1 }), { maxLength: 8 });
  return again
    .chain((repeated) => shuffled([...once, ...repeated]))
    .chain((order) => cut(order))
    .chain((deliveries) => cut(deliveries))
    .map((parts) => ({ happenings, parts }));
});

function shuffled<Value>(values: Value[]): fc.Arbitrary<Value[]> {
  return fc.shuffledSubarray(values, { minLength: values.length, maxLength: values.length });
}

/** A list cut into lists of one to four. */
function cut<Value>(values: Value[]): fc.Arbitrary<Value[][]> {
  return fc.array(fc.integer({ min: 1, max: 4 }), {
    minLength: values.length,
    maxLength: values.length,
  }).map((sizes) => {
    const pieces: Value[][] = [];
    for (let from = 0, n = 0; from < values.length; from += sizes[n++]) {
      pieces.push(values.slice(from, from + sizes[n]));
    }
    return pieces;
  });
}

/** The ids of one run, so that every run has a history of its own. */
export interface Ids {
  phoneNumberId: string;
  waIds: string[];
  inbound: string[];
  outbound: string[];
}

export function freshIds(phoneNumberId: string, happenings: Happening[]): Ids {
  return {
    phoneNumberId,
    waIds: Array.from({ length: PEOPLE }, () => uniquePhone().slice(1)),
    inbound: happenings.map(uniqueWamid),
    outbound: Array.from({ length: OUTBOUND }, uniqueWamid),
  };
}

export const ERROR = { code: 131026, title: "Message undeliverable" };

/** The change that tells of a happening; each its own, so that a name goes with one message. */
export function toChange(happening: Happening, index: number, ids: Ids): Change {
  if (happening.kind === "message") {
    const waId = ids.waIds[happening.who];
    return change(ids.phoneNumberId, {
      contacts: [person(waId, nameAt(happening.second))],
      messages: [toItem(happening, ids.inbound[index], waId)],
    });
  }
  if (happening.kind === "send") throw new Error("what we send is told by nobody");
  const { name, second, outbound } = happening;
  const errors = name === "failed" ? { errors: [ERROR] } : {};
  return change(ids.phoneNumberId, {
    statuses: [{ id: ids.outbound[outbound], status: name, timestamp: at(second), ...errors }],
  });
}

/** People rename themselves all the time; of two names the later one counts. */
function nameAt(second: number): string {
  return `Name at ${second}`;
}

function toItem(message: Happening & { kind: "message" }, id: string, from: string): Item {
  const { second, type } = message;
  const item = text(from, `Hi at ${second}`, {
    id,
    timestamp: second % 2 ? at(second) : Number(at(second)),
  });
  if (type === "text") return item;
  const { text: _text, ...rest } = item;
  return type === "image"
    ? { ...rest, type, image: { id: "901", caption: `Hi at ${second}` } }
    : { ...rest, type, reaction: { message_id: "wamid.x", emoji: "👍" } };
}

/** What the tables have to hold in the end, whoever told what when. */
export function expected(happenings: Happening[], ids: Ids) {
  const inbound = happenings.map((happening, index) => ({
    ...happening,
    wamid: ids.inbound[index],
  }))
    .filter((happening) => happening.kind === "message");
  const messages = inbound.filter(({ type }) => type !== "reaction");
  return {
    messages: messages.map(({ wamid, type, second, who }) => ({
      wamid,
      type,
      body: `Hi at ${second}`,
      sender_name: nameAt(second),
      sent_at: timeAt(second),
      phone: `+${ids.waIds[who]}`,
    })).sort(byWamid),
    reactions: inbound.filter(({ type }) => type === "reaction").map(({ wamid }) => wamid).sort(),
    people: ids.waIds.flatMap((waId, who) => {
      const seconds = messages.filter((message) => message.who === who).map(({ second }) => second);
      if (seconds.length === 0) return [];
      const last = Math.max(...seconds);
      return [{
        phone: `+${waId}`,
        name: nameAt(last),
        message_count: seconds.length,
        unread_count: seconds.length,
        last_contact_at: timeAt(last),
        last_message_at: timeAt(last),
        last_inbound_at: timeAt(last),
      }];
    }).sort(byPhone),
    outbound: ids.outbound.flatMap((wamid, outbound) => {
      const told = toldOf(happenings, outbound);
      const isSent = happenings.some((one) => one.kind === "send" && one.outbound === outbound);
      return isSent ? [{ wamid, ...outcome(told) }] : [];
    }).sort(byWamid),
    pending: ids.outbound.flatMap((wamid, outbound) => {
      if (happenings.some((one) => one.kind === "send" && one.outbound === outbound)) return [];
      const told = toldOf(happenings, outbound);
      return STATUSES.flatMap((status) => {
        const status_at = earliest(told, status);
        return status_at ? [{ wamid, status, status_at }] : [];
      });
    }).sort((a, b) => byWamid(a, b) || STATUSES.indexOf(a.status) - STATUSES.indexOf(b.status)),
  };
}

type Told = (Happening & { kind: "status" })[];

function toldOf(happenings: Happening[], outbound: number): Told {
  return happenings.filter((one) => one.kind === "status").filter((one) =>
    one.outbound === outbound
  );
}

function earliest(told: Told, name: string): Date | null {
  const seconds = told.filter((one) => one.name === name).map(({ second }) => second);
  return seconds.length === 0 ? null : timeAt(Math.min(...seconds));
}

function outcome(told: Told) {
  const names = told.map(({ name }) => name);
  return {
    status: STATUSES.findLast((name) => names.includes(name)) ?? "queued",
    delivered_at: earliest(told, "delivered"),
    read_at: earliest(told, "read"),
    played_at: earliest(told, "played"),
    failed_at: earliest(told, "failed"),
    error: names.includes("failed") ? ERROR : null,
  };
}

function byWamid(a: { wamid: string }, b: { wamid: string }): number {
  return a.wamid < b.wamid ? -1 : a.wamid > b.wamid ? 1 : 0;
}

function byPhone(a: { phone: string }, b: { phone: string }): number {
  return a.phone < b.phone ? -1 : 1;
}
