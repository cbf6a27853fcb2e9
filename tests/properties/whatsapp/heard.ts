/** What a story says, flattened: who is who, what was said, and what was made of it. */
import { copiedAt, movedNumbers, said, type Story, wamidOf } from "./story.ts";
import type { Cast } from "./story.ts";
import { historyNumber, withoutParent } from "./changes.ts";
import type { Content, History, Move } from "./happenings.ts";
import { idsOf, type Naming } from "./people.ts";
import { statusTarget } from "./progress_changes.ts";

/** Ids that an update says are one person's, as `channel external_id`. */
export interface Assertion {
  ids: string[];
  /** It is about something that makes a contact; else it only links. */
  creates: boolean;
}

/** A message as the tables have to hold it before anything is made of it. */
export interface Said {
  wamid: string;
  number: 0 | 1;
  /** One of the ids of whose thread it is in. */
  id: string;
  second: number;
  inbound: boolean;
  /** Told as news, not only as part of a chat history. */
  live: boolean;
  content: Content;
  n: string;
  group: boolean;
  name: string | null;
  /** What chat histories say of how far it has come. */
  told: string[];
}

export function identitiesOf(cast: Cast, who: number, naming: Naming): string[] {
  const { wa, bsuid, parent } = idsOf(cast.people[who], naming);
  return [
    ...wa === undefined ? [] : [`whatsapp ${wa}`],
    ...bsuid === undefined ? [] : [`whatsapp_bsuid ${bsuid}`],
    ...parent === undefined ? [] : [`whatsapp_parent_bsuid ${parent}`],
  ];
}

/** All that the story says of who is who. */
export function assertions(story: Story, cast: Cast): Assertion[] {
  return story.happenings.flatMap((one): Assertion[] => {
    const names = (who: number, naming: Naming, creates: boolean) => {
      const ids = identitiesOf(cast, who, naming);
      return creates || ids.length > 1 ? [{ ids, creates }] : [];
    };
    switch (one.kind) {
      case "message":
      case "echo":
      case "change":
        return names(one.who, one.naming, true);
      case "preference":
        return names(one.who, withoutParent(one.naming), true);
      case "phonebook":
        return names(one.who, withoutParent(one.naming), one.action !== "remove");
      case "status":
        return names(statusTarget(story, one, cast).who, one.naming, false);
      case "history":
        return threadsOf(story, one).flatMap(({ who, naming }) => names(who, naming, true));
      case "call": {
        const { who, naming } = story.calls[one.call];
        return names(who, withoutParent(naming), true);
      }
      case "move":
        return [{ ids: movedIds(story, one, cast), creates: false }];
      default:
        return [];
    }
  });
}

function movedIds(story: Story, { who, form, back }: Move, cast: Cast): string[] {
  const [from, to] = movedNumbers(story.countries[who], back);
  const { waIds, bsuids } = cast.people[who];
  const numbers = form === "number" || form === "number and id"
    ? [from, to]
    : form === "update with number"
    ? [from]
    : [];
  return [
    ...numbers.map((number) => `whatsapp ${waIds[number]}`),
    ...form === "number" ? [] : bsuids.map((id) => `whatsapp_bsuid ${id}`),
  ];
}

/** Of each message in a part of a chat history: which one it copies, if any, and whose thread. */
function threadsOf(story: Story, one: History) {
  return one.messages.map((message) => {
    const copied = "copy" in message ? copiedAt(story, message.copy) : undefined;
    const { who, naming } = copied === undefined ? one : said(story, copied);
    return { message, copied, who, naming: withoutParent(naming) };
  });
}

/** All messages that people and the business's app wrote, by `number wamid`. */
export function messagesOf(story: Story, cast: Cast): Map<string, Said> {
  const all = new Map<string, Said>();
  const add = (one: Said) => {
    const key = `${one.number} ${one.wamid}`;
    const known = all.get(key);
    if (known === undefined) return all.set(key, one);
    known.told.push(...one.told);
    if (one.live) Object.assign(known, { live: true, name: one.name });
  };
  story.happenings.forEach((one, place) => {
    if (one.kind === "message" || one.kind === "echo") add(liveMessage(story, place, cast));
    if (one.kind === "history") ofHistory(story, one, place, cast).forEach(add);
  });
  return all;
}

function liveMessage(story: Story, place: number, cast: Cast): Said {
  const one = said(story, place);
  const inbound = one.kind === "message";
  return {
    wamid: wamidOf(cast, place),
    number: one.number,
    id: identitiesOf(cast, one.who, one.naming)[0],
    second: one.second,
    inbound,
    live: true,
    content: one.content,
    n: String(place),
    group: inbound && one.group,
    name: inbound ? one.name : null,
    told: [],
  };
}

function ofHistory(story: Story, one: History, place: number, cast: Cast): Said[] {
  const number = historyNumber(story, one);
  return threadsOf(story, one).map(({ message, copied, who, naming }, part) => {
    const id = identitiesOf(cast, who, naming)[0];
    if (copied !== undefined && "copy" in message) {
      const original = liveMessage(story, copied, cast);
      return { ...original, number, id, live: false, name: null, told: [message.status] };
    }
    return {
      wamid: wamidOf(cast, place, part + 1),
      number,
      id,
      second: one.second,
      inbound: !("inbound" in message) || message.inbound,
      live: false,
      content: "content" in message ? message.content : "text",
      n: "0",
      group: false,
      name: null,
      told: ["READ"],
    };
  });
}
