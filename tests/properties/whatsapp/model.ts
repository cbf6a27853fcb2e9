/** What a story has to end in, said without a database: contacts, threads, and what was said. */
import { EPOCH } from "../../fixtures/whatsapp/delivery.ts";
import { bodyOf, consentOf } from "./contents.ts";
import type { Happening } from "./happenings.ts";
import { identitiesOf, messagesOf, type Said } from "./heard.ts";
import { type Contact, Contacts } from "./identities.ts";
import { changesOf, outcomeOf, pendingOf, storedOutbound } from "./outcomes.ts";
import type { Row } from "./rows.ts";
import { addressee, type Cast, type Story } from "./story.ts";

/** A story as it is known in the end. */
export interface Plot {
  story: Story;
  cast: Cast;
  contacts: Contacts;
  said: Said[];
}

/** The time of a second of the story, as a row has it; null for none. */
export function timeOf(second: number | null): string | null {
  return second === null ? null : new Date((EPOCH + second) * 1000).toISOString();
}

export function latest(seconds: number[]): number | null {
  return seconds.length === 0 ? null : Math.max(...seconds);
}

/** The parts of the tables that the model knows; `known` takes the same parts of what is found. */
export function expected(story: Story, cast: Cast): Record<string, Row[]> {
  const contacts = new Contacts(story, cast);
  const plot = { story, cast, contacts, said: [...messagesOf(story, cast).values()] };
  const all = contacts.all();
  return {
    contacts: all.map((contact) => contactRow(plot, contact)),
    threads: all.flatMap((contact) => threadRows(plot, contact)),
    messages: [
      ...plot.said.map((one) => messageRow(plot, one)),
      ...storedOutbound(story).map((outbound) => outboundRow(plot, outbound)),
    ],
    pending: pendingOf(plot),
    kpis: [
      { with_tests: all.length },
      {
        without_tests: all.filter(({ made }) => !made.some((one) => one.is_mystery_shopper)).length,
      },
    ],
  };
}

/** What happened that is about a contact, but for chat histories and what is only linked. */
function about({ story, cast, contacts }: Plot, contact: Contact): Happening[] {
  return story.happenings.filter((one) => {
    if (one.kind === "call") {
      const { who, naming } = story.calls[one.call];
      return contacts.of(identitiesOf(cast, who, { ...naming, parent: false })[0]) === contact;
    }
    if (!("naming" in one && "who" in one) || one.kind === "history") return false;
    return contacts.of(identitiesOf(cast, one.who, one.naming)[0]) === contact;
  });
}

function saidWith({ contacts, said }: Plot, contact: Contact): Said[] {
  return said.filter(({ id }) => contacts.of(id) === contact);
}

/** When the outbound messages to a contact were written. */
function writtenTo({ story, cast, contacts }: Plot, contact: Contact): number[] {
  return addresseeOf(story, cast, contacts) === contact
    ? storedOutbound(story).map((outbound) => outbound - 10)
    : [];
}

function addresseeOf(story: Story, cast: Cast, contacts: Contacts): Contact {
  const { who, phone } = addressee(story);
  return contacts.ofNumber(cast.people[who].waIds[phone]);
}

function contactRow(plot: Plot, contact: Contact): Row {
  const said = saidWith(plot, contact);
  const written = writtenTo(plot, contact);
  const happened = about(plot, contact);
  const calls = happened.filter((one) => one.kind === "call");
  const seconds = [...said, ...calls].map(({ second }) => second);
  const profile = profileOf(said, happened);
  const inPhonebook = happened.some(({ kind }) => kind === "phonebook");
  return {
    contact: contact.called,
    name: contact.made.find(({ name }) => name !== null)?.name ??
      (inPhonebook ? "phone book" : profile),
    profile_name: profile,
    message_count: said.length + written.length,
    call_count: new Set(calls.map(({ call }) => call)).size,
    last_contact_at: timeOf(latest([...seconds, ...written])),
    opted_out: isOptedOut(contact, said, happened),
  };
}

/** The latest name; of two of one second the smaller. */
function profileOf(said: Said[], happened: Happening[]): string | null {
  const changes = happened.filter((one) => one.kind === "change").filter(({ inApp }) => !inApp);
  const names = [...said.filter(({ live }) => live), ...changes]
    .filter(({ name }) => name !== null)
    .sort((a, b) => b.second - a.second || (a.name! < b.name! ? -1 : 1));
  return names[0]?.name ?? null;
}

function isOptedOut({ made }: Contact, said: Said[], happened: Happening[]): boolean {
  // People said so later than everything in the story.
  if (made.some(({ opted_out }) => opted_out)) return true;
  const words = said.filter(({ inbound, group }) => inbound && !group)
    .map(({ content, second }) => ({ second, granted: consentOf(content) }))
    .filter(({ granted }) => granted !== undefined);
  const wishes = happened.filter((one) => one.kind === "preference")
    .map(({ second, stop }) => ({ second, granted: !stop }));
  const [last] = [...words, ...wishes]
    .sort((a, b) => b.second - a.second || Number(a.granted) - Number(b.granted));
  return last !== undefined && !last.granted;
}

function threadRows(plot: Plot, contact: Contact): Row[] {
  const said = saidWith(plot, contact);
  const written = writtenTo(plot, contact);
  const calls = about(plot, contact).filter((one) => one.kind === "call");
  const called = calls
    .filter(({ call, event }) =>
      plot.story.calls[call].inbound && (event === "connect" || event === "accept")
    )
    .map(({ second }) => second);
  const group = said.filter(({ group }) => group);
  const own = said.filter(({ group }) => !group);
  return [
    ...group.length > 0 ? [threadRow(contact, "whatsapp_group", group, [], [])] : [],
    ...own.length + calls.length + written.length > 0
      ? [threadRow(contact, "whatsapp", own, written, called)]
      : [],
  ];
}

function threadRow(
  contact: Contact,
  channel: string,
  said: Said[],
  written: number[],
  called: number[],
): Row {
  const live = said.filter(({ live }) => live);
  const inbound = live.filter(({ inbound }) => inbound).map(({ second }) => second);
  // Who answers in the app has read what came before.
  const readUntil = latest(live.filter(({ inbound }) => !inbound).map(({ second }) => second));
  const isContractor = contact.made.some(({ is_contractor }) => is_contractor);
  return {
    contact: contact.called,
    channel,
    message_count: said.length + written.length,
    unread_count: inbound.filter((second) => second > (readUntil ?? -1)).length,
    last_message_at: timeOf(latest([...said.map(({ second }) => second), ...written])),
    last_inbound_at: timeOf(latest([...inbound, ...called])),
    read_until: timeOf(readUntil),
    phase: readUntil !== null ? "live" : isContractor ? "waiting" : "automated",
  };
}

function messageRow(plot: Plot, one: Said): Row {
  const { body, ...changes } = changesOf(plot, one.wamid, one.number);
  return {
    contact: plot.contacts.of(one.id).called,
    thread: one.group ? "whatsapp_group" : "whatsapp",
    direction: one.inbound ? "inbound" : "outbound",
    from_history: !one.live,
    sender_name: one.live ? one.name : null,
    sent_at: timeOf(one.second),
    body: body ?? bodyOf(one.content, one.n),
    ...changes,
    ...outcomeOf(plot, one),
  };
}

function outboundRow(plot: Plot, outbound: number): Row {
  const { wa_message_id, ...outcome } = outcomeOf(plot, outbound);
  const { body, ...changes } = changesOf(plot, wa_message_id, 0);
  return {
    wa_message_id,
    contact: addresseeOf(plot.story, plot.cast, plot.contacts).called,
    thread: "whatsapp",
    direction: "outbound",
    from_history: false,
    sender_name: null,
    sent_at: timeOf(outbound - 10),
    body: body ?? `Hello ${outbound}`,
    ...changes,
    ...outcome,
  };
}
