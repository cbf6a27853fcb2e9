/** What happens in a history: plain records, from which updates and expectations are made. */
import fc from "fast-check";
import { anyName, anyNaming, anySecond, anyWho, type Naming } from "./people.ts";

/** What a message holds; the words are of consent. */
export const CONTENTS = [
  "text",
  "STOP",
  "stop!",
  "START",
  "image",
  "voice",
  "list",
  "button",
  "location",
  "order",
  "quote",
  "unsupported",
  "hologram",
] as const;
export type Content = typeof CONTENTS[number];

export const STATUSES = ["sent", "delivered", "read", "played", "failed"] as const;
export type StatusName = typeof STATUSES[number];

/** Outbound messages and calls of every history. */
export const OUTBOUND = 3;
export const CALLS = 2;

/** Who, named how, when: `number` is which of the two business numbers it is about. */
interface Event {
  who: number;
  naming: Naming;
  second: number;
  number: 0 | 1;
}

export type Message = Event & {
  kind: "message";
  content: Content;
  name: string | null;
  username: boolean;
  group: boolean;
  /** The message names its sender by one id only, contacts[] by all. */
  brief: boolean;
};
/** Written in WhatsApp's own app. */
export type Echo = Event & { kind: "echo"; content: Content };
/** A reaction, edit or revoke; `target` picks one of the messages of the same number. */
export type MessageChange = Event & {
  kind: "change";
  what: "reaction" | "unreaction" | "edit" | "revoke";
  inApp: boolean;
  target: number;
  name: string | null;
};
/** Of an outbound message, or of an echo, or of a message that nobody knows. */
export type Status = {
  kind: "status";
  second: number;
  of: { outbound: number } | { echo: number };
  status: StatusName | "warning";
  naming: Naming;
  inContacts: boolean;
  error: number;
  pricing: number | null;
  opaque: boolean;
};
/** Part of a chat history: copies of what is also told otherwise, or older messages. */
export type History = Event & {
  kind: "history";
  messages: ({ copy: number; status: string } | { inbound: boolean; content: Content })[];
  progress: number;
};
export type Call = {
  kind: "call";
  call: number;
  event: "connect" | "accept" | "terminate" | "RINGING" | "ACCEPTED" | "REJECTED";
  second: number;
};
export type Preference = Event & { kind: "preference"; stop: boolean; detail: string };
export type Phonebook = Event & {
  kind: "phonebook";
  action: "add" | "edit" | "remove";
  name: string;
};
/** A person gets another number, another user id, or both. */
export type Move = {
  kind: "move";
  who: number;
  second: number;
  form: "number" | "number and id" | "id" | "update" | "update with number";
  back: boolean;
};
/** What is kept as an event. */
export type Other = { kind: "other"; what: number; second: number };
/** We store an outbound message, or hear that Graph has taken one. */
export type Send = { kind: "send"; outbound: number; second: number };

export type Happening =
  | Message
  | Echo
  | MessageChange
  | Status
  | History
  | Call
  | Preference
  | Phonebook
  | Move
  | Other
  | Send;

const event = {
  who: anyWho,
  naming: anyNaming,
  second: anySecond,
  number: fc.constantFrom<0 | 1>(0, 0, 0, 0, 1),
};
const rarely = fc.nat({ max: 5 }).map((n) => n === 5);
const content = fc.constantFrom(...CONTENTS);
const target = fc.nat({ max: 20 });

const message: fc.Arbitrary<Message> = fc.record({
  kind: fc.constant("message"),
  ...event,
  content,
  name: anyName,
  username: rarely,
  group: rarely,
  brief: rarely,
});
const echo: fc.Arbitrary<Echo> = fc.record({ kind: fc.constant("echo"), ...event, content });
const change: fc.Arbitrary<MessageChange> = fc.record({
  kind: fc.constant("change"),
  ...event,
  what: fc.constantFrom("reaction", "reaction", "unreaction", "edit", "revoke"),
  inApp: rarely,
  target,
  name: anyName,
});
const status: fc.Arbitrary<Status> = fc.record({
  kind: fc.constant("status"),
  second: anySecond,
  of: fc.oneof(
    { weight: 3, arbitrary: fc.record({ outbound: fc.nat({ max: OUTBOUND - 1 }) }) },
    { weight: 1, arbitrary: fc.record({ echo: target }) },
  ),
  status: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...STATUSES, "failed" as const) },
    { weight: 1, arbitrary: fc.constant("warning" as const) },
  ),
  naming: anyNaming,
  inContacts: fc.boolean(),
  error: fc.nat({ max: 2 }),
  pricing: fc.option(fc.nat({ max: 2 })),
  opaque: fc.boolean(),
});
const history: fc.Arbitrary<History> = fc.record({
  kind: fc.constant("history"),
  ...event,
  messages: fc.array(
    fc.oneof(
      fc.record({ copy: target, status: fc.constantFrom("SENT", "READ", "ERROR") }),
      fc.record({ inbound: fc.boolean(), content }),
    ),
    { minLength: 1, maxLength: 3 },
  ),
  progress: fc.nat({ max: 100 }),
});
const call: fc.Arbitrary<Call> = fc.record({
  kind: fc.constant("call"),
  call: fc.nat({ max: CALLS - 1 }),
  event: fc.constantFrom("connect", "accept", "terminate", "RINGING", "ACCEPTED", "REJECTED"),
  second: anySecond,
});
const preference: fc.Arbitrary<Preference> = fc.record({
  kind: fc.constant("preference"),
  ...event,
  stop: fc.boolean(),
  detail: fc.constantFrom("from the chat", "from the list"),
});
const phonebook: fc.Arbitrary<Phonebook> = fc.record({
  kind: fc.constant("phonebook"),
  ...event,
  action: fc.constantFrom("add", "edit", "remove"),
  name: fc.constantFrom("Ana (book)", "Bea (book)"),
});
const move: fc.Arbitrary<Move> = fc.record({
  kind: fc.constant("move"),
  who: anyWho,
  second: anySecond,
  form: fc.constantFrom("number", "number and id", "id", "update", "update with number"),
  back: rarely,
});
const other: fc.Arbitrary<Other> = fc.record({
  kind: fc.constant("other"),
  what: fc.nat({ max: 6 }),
  second: anySecond,
});
const send: fc.Arbitrary<Send> = fc.record({
  kind: fc.constant("send"),
  outbound: fc.nat({ max: OUTBOUND - 1 }),
  second: anySecond,
});

/** Up to fifteen happenings; messages are the most frequent of them. */
export const anyHappenings: fc.Arbitrary<Happening[]> = fc.array(
  fc.oneof<fc.WeightedArbitrary<Happening>[]>(
    { weight: 8, arbitrary: message },
    { weight: 4, arbitrary: change },
    { weight: 6, arbitrary: status },
    { weight: 3, arbitrary: echo },
    { weight: 3, arbitrary: history },
    { weight: 3, arbitrary: call },
    { weight: 2, arbitrary: preference },
    { weight: 2, arbitrary: phonebook },
    { weight: 3, arbitrary: move },
    { weight: 1, arbitrary: other },
    { weight: 2, arbitrary: send },
  ),
  { minLength: 1, maxLength: 15, size: "max" },
);
