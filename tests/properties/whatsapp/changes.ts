/** What happened → the changes of a delivery that tell of it. */
import type { Json } from "../../fixtures/whatsapp/delivery.ts";
import { contentOf, moodOf, text } from "./contents.ts";
import type {
  Echo,
  Happening,
  History,
  Message,
  MessageChange,
  Move,
  Phonebook,
  Preference,
} from "./happenings.ts";
import { callChange, statusChange } from "./progress_changes.ts";
import { otherChange } from "./other_changes.ts";
import { idsOf, type Naming, type Person, timestamp } from "./people.ts";
import {
  type Cast,
  copiedAt,
  movedNumbers,
  outboundWamid,
  said,
  saidAt,
  type Story,
  wamidOf,
} from "./story.ts";

/** A change; `number` is undefined where Meta names none; `who` it is about. */
export interface Told {
  field: string;
  number?: 0 | 1;
  who?: number;
  parts: Json;
  /** Seconds of the entry. */
  time?: number;
}

const BUSINESS = "16045550123";

/** How the happening at a place of the story is told. */
export function tell(story: Story, index: number, cast: Cast): Told {
  const happening: Happening = story.happenings[index];
  switch (happening.kind) {
    case "message":
      return messageTold(happening, index, cast);
    case "echo":
      return echoed(happening, echoItem(happening, index, cast));
    case "change":
      return changeTold(story, happening, index, cast);
    case "status":
      return statusChange(story, happening, cast);
    case "history":
      return historyTold(story, happening, index, cast);
    case "call":
      return callChange(story, happening, cast);
    case "preference":
      return preferenceTold(happening, cast);
    case "phonebook":
      return phonebookTold(happening, cast);
    case "move":
      return moveTold(story, happening, cast);
    case "other":
      return otherChange(happening, cast);
    case "send":
      throw new Error("nobody tells what we send");
  }
}

function sender(person: Person, naming: Naming): Json {
  const { wa, bsuid, parent } = idsOf(person, naming);
  return { from: wa, from_user_id: bsuid, from_parent_user_id: parent };
}

/** The person's line in contacts[]. */
export function contactLine(person: Person, naming: Naming, profile?: Json): Json {
  const { wa, bsuid, parent } = idsOf(person, naming);
  return { wa_id: wa, user_id: bsuid, parent_user_id: parent, profile };
}

function profileOf(name: string | null, username: boolean): Json | undefined {
  if (name === null && !username) return undefined;
  return { name: name ?? undefined, username: username ? "@someone" : undefined };
}

/** One of the ids that a message and contacts[] can be matched by, where there is one. */
function briefly(naming: Naming): Naming {
  if (naming.wa !== null) return { wa: naming.wa, bsuid: null, parent: false };
  return naming.bsuid === null ? naming : { wa: null, bsuid: naming.bsuid, parent: false };
}

function messageItem(one: Message, index: number, cast: Cast, naming: Naming): Json {
  return {
    ...sender(cast.people[one.who], naming),
    id: wamidOf(cast, index),
    timestamp: timestamp(one.second),
    ...contentOf(one.content, String(index)),
    ...(one.group ? { group_id: "GRP1" } : {}),
  };
}

function messageTold(one: Message, index: number, cast: Cast): Told {
  const { who, number, naming } = one;
  const line = contactLine(cast.people[who], naming, profileOf(one.name, one.username));
  const item = messageItem(one, index, cast, one.brief ? briefly(naming) : naming);
  return { field: "messages", number, who, parts: { contacts: [line], messages: [item] } };
}

function echoItem(one: Echo, index: number, cast: Cast): Json {
  const { wa, bsuid, parent } = idsOf(cast.people[one.who], one.naming);
  return {
    from: BUSINESS,
    to: wa,
    to_user_id: bsuid,
    to_parent_user_id: parent,
    id: wamidOf(cast, index),
    timestamp: timestamp(one.second),
    ...contentOf(one.content, String(index)),
  };
}

function echoed({ number, who }: Echo | MessageChange, item: Json): Told {
  return { field: "smb_message_echoes", number, who, parts: { message_echoes: [item] } };
}

/** The wamid of the message that a change is about. */
export function targetOf(story: Story, one: MessageChange, cast: Cast): string {
  const said = saidAt(story, ["message", "echo"], one.number).map((at) => wamidOf(cast, at));
  const ours = story.outbound.map((_, outbound) => outboundWamid(cast, outbound));
  const targets = one.number === 0 ? [...said, ...said, ...ours] : [...said, "wamid.elsewhere"];
  return targets[one.target % targets.length];
}

function changeTold(story: Story, one: MessageChange, index: number, cast: Cast): Told {
  const item = {
    id: wamidOf(cast, index),
    timestamp: timestamp(one.second),
    ...changeOf(one, targetOf(story, one, cast), String(index)),
  };
  const { who, number, naming } = one;
  if (one.inApp) {
    const { wa, bsuid, parent } = idsOf(cast.people[who], naming);
    const to = { to: wa, to_user_id: bsuid, to_parent_user_id: parent };
    return echoed(one, { from: BUSINESS, ...to, ...item });
  }
  const contacts = [contactLine(cast.people[who], naming, profileOf(one.name, false))];
  const messages = [{ ...sender(cast.people[who], naming), ...item }];
  return { field: "messages", number, who, parts: { contacts, messages } };
}

function changeOf({ what }: MessageChange, target: string, n: string): Json {
  switch (what) {
    case "reaction":
      return {
        type: "reaction",
        reaction: { message_id: target, emoji: Number(n) % 2 ? "👍" : "❤️" },
      };
    case "unreaction":
      return { type: "reaction", reaction: { message_id: target, emoji: "" } };
    case "edit":
      return {
        type: "edit",
        edit: { original_message_id: target, message: text(`Edited: ${moodOf(n)} ${n}`) },
      };
    case "revoke":
      return { type: "revoke", revoke: { original_message_id: target } };
  }
}

function historyTold(story: Story, one: History, index: number, cast: Cast): Told {
  const threads = one.messages.map((message, part) => {
    const copied = "copy" in message ? copiedAt(story, message.copy) : undefined;
    if (copied !== undefined && "copy" in message) {
      const original = said(story, copied);
      const item = original.kind === "echo"
        ? echoItem(original, copied, cast)
        : messageItem(original, copied, cast, original.naming);
      return threadOf(cast.people[original.who], original.naming, item, message.status);
    }
    const { naming, item } = olderMessage(one, message, wamidOf(cast, index, part + 1), cast);
    return threadOf(cast.people[one.who], naming, item, "READ");
  });
  const metadata = { phase: 0, chunk_order: index, progress: one.progress };
  const number = historyNumber(story, one);
  return { field: "history", number, who: one.who, parts: { history: [{ metadata, threads }] } };
}

/** All threads of a chunk are of one number: that of the first message it copies. */
export function historyNumber(story: Story, one: History): 0 | 1 {
  for (const message of one.messages) {
    const copied = "copy" in message ? copiedAt(story, message.copy) : undefined;
    if (copied !== undefined) return said(story, copied).number;
  }
  return one.number;
}

/** Threads, preferences, calls and the phone book know no parent ids. */
export function withoutParent(naming: Naming): Naming {
  return { ...naming, parent: false };
}

function olderMessage(
  one: History,
  message: History["messages"][number],
  id: string,
  cast: Cast,
): { naming: Naming; item: Json } {
  const naming = withoutParent(one.naming);
  const inbound = !("inbound" in message) || message.inbound;
  const content = "content" in message ? message.content : "text";
  const from = inbound ? sender(cast.people[one.who], naming) : { from: BUSINESS };
  const item = { ...from, id, timestamp: timestamp(one.second), ...contentOf(content, "0") };
  return { naming, item };
}

function threadOf(person: Person, naming: Naming, item: Json, status: string): Json {
  const { wa, bsuid } = idsOf(person, naming);
  const context = { wa_id: wa, user_id: bsuid };
  return { id: wa, context, messages: [{ ...item, history_context: { status } }] };
}

function preferenceTold(one: Preference, cast: Cast): Told {
  const { wa, bsuid } = idsOf(cast.people[one.who], withoutParent(one.naming));
  const preference = {
    wa_id: wa,
    user_id: bsuid,
    category: "marketing_messages",
    value: one.stop ? "stop" : "resume",
    detail: one.detail,
    timestamp: timestamp(one.second),
  };
  const { number, who } = one;
  return { field: "user_preferences", number, who, parts: { user_preferences: [preference] } };
}

function phonebookTold(one: Phonebook, cast: Cast): Told {
  const { wa, bsuid } = idsOf(cast.people[one.who], withoutParent(one.naming));
  const contact = {
    phone_number: wa === undefined ? undefined : `+${wa.slice(0, 4)} ${wa.slice(4)}`,
    user_id: bsuid,
    full_name: one.name,
  };
  const { action, number, who } = one;
  const metadata = { timestamp: timestamp(one.second) };
  const line = { type: "contact", action, contact, metadata };
  return { field: "smb_app_state_sync", number, who, parts: { state_sync: [line] } };
}

function moveTold(story: Story, one: Move, cast: Cast): Told {
  const { waIds, bsuids } = cast.people[one.who];
  const [from, to] = movedNumbers(story.countries[one.who], one.back);
  const [left, came] = one.back ? [bsuids[1], bsuids[0]] : bsuids;
  const at = { timestamp: timestamp(one.second) };
  const { who } = one;
  if (one.form === "update" || one.form === "update with number") {
    const wa_id = one.form === "update" ? undefined : waIds[from];
    const user_id_update = [{ wa_id, user_id: { previous: left, current: came }, ...at }];
    return { field: "user_id_update", number: 0, who, parts: { user_id_update } };
  }
  const system = one.form === "id"
    ? { type: "user_changed_user_id", user_id: came, previous_user_id: left }
    : {
      type: "user_changed_number",
      wa_id: waIds[to],
      user_id: one.form === "number" ? undefined : came,
    };
  const names = one.form === "id"
    ? { from_user_id: left }
    : { from: waIds[from], from_user_id: one.form === "number" ? undefined : left };
  const item = { ...names, id: `wamid.${cast.salt}.system`, ...at, type: "system", system };
  return { field: "messages", number: 0, who, parts: { messages: [item] } };
}
