/** Short stories, told in every order: what each has to end in. */
import assert from "node:assert/strict";
import { withDatabase } from "../support/database.ts";
import { tellAll } from "./whatsapp/deliveries.ts";
import type { Happening, Message, Phonebook, Preference } from "./whatsapp/happenings.ts";
import type { Naming } from "./whatsapp/people.ts";
import { type Found, found, type Row } from "./whatsapp/rows.ts";
import { setStage } from "./whatsapp/stage.ts";
import { freshCast, freshPeople, type Made, type Story } from "./whatsapp/story.ts";

const WA: Naming = { wa: 0, bsuid: null, parent: false };
const OTHER_WA: Naming = { ...WA, wa: 2 };
const BSUID: Naming = { wa: null, bsuid: 0, parent: false };
const BOTH: Naming = { ...WA, bsuid: 0 };

const about = { who: 0, number: 0 as const, second: 1 };

function message(naming: Naming, more: Partial<Message> = {}): Happening {
  const rest = { name: null, username: false, group: false, brief: false };
  return { kind: "message", ...about, ...rest, content: "text", naming, ...more };
}

/** Says that the ids are one person's, and no more. */
function link(naming: Naming): Happening {
  return {
    kind: "status",
    second: 1,
    of: { outbound: 0 },
    status: "warning",
    naming,
    inContacts: false,
    error: 0,
    pricing: null,
    opaque: false,
  };
}

function preference(naming: Naming, more: Partial<Preference>): Happening {
  return { kind: "preference", ...about, naming, stop: true, detail: "", ...more };
}

function phonebook(naming: Naming, more: Partial<Phonebook>): Happening {
  return { kind: "phonebook", ...about, naming, action: "add", name: "Ana (book)", ...more };
}

function reaction(naming: Naming, second: number): Happening {
  const rest = { inApp: false, target: 0, name: null };
  return { kind: "change", ...about, ...rest, what: "reaction", naming, second };
}

/** With a number that WhatsApp does not name. */
const UNNAMED: Made = {
  who: 0,
  phone: 1,
  name: null,
  is_contractor: false,
  is_vip: false,
  opted_out: false,
  is_mystery_shopper: false,
};

/** All orders of a story's happenings. */
function orders(places: number[]): number[][] {
  if (places.length === 0) return [[]];
  return places.flatMap((place) =>
    orders(places.filter((other) => other !== place)).map((rest) => [place, ...rest])
  );
}

/** Claims that the story ends in the same however it is told, and says in what. */
async function ending(happenings: Happening[], made: Partial<Made>[] = []): Promise<Found> {
  const story: Story = {
    countries: ["ID", "ID", "ID"],
    made: made.length === 0 ? [UNNAMED] : made.map((one) => ({ ...UNNAMED, ...one })),
    outbound: ["never", "never", "never"],
    calls: [],
    happenings,
  };
  const people = freshPeople(story);
  return await withDatabase(async (sql) => {
    const endings: Found[] = [];
    for (const order of orders([...happenings.keys()])) {
      const singly = order.map((place) => [[place]]);
      const together = [...singly.slice(0, 2), [order.slice(2)]];
      for (const parts of order.length > 2 ? [singly, together] : [singly]) {
        const stage = await setStage(sql, story, freshCast(people));
        await tellAll(sql, stage, parts, { packed: false, overHttp: false });
        endings.push(await found(sql, stage));
        assert.deepEqual(endings.at(-1), endings[0], `told as ${JSON.stringify(parts)}`);
      }
    }
    return endings[0];
  });
}

/** The contact that WhatsApp names. */
function theOne({ contacts }: Found): Row {
  const [one, ...others] = contacts.filter(({ contact }) => String(contact).startsWith("whatsapp"));
  assert.deepEqual(others, []);
  return one;
}

Deno.test("two contacts that turn out to be one person are one, with all that was counted", async () => {
  const end = await ending([message(WA), message(BSUID, { second: 2 }), link(BOTH)]);
  assert.equal(theOne(end).message_count, 2);
  assert.deepEqual(end.conversations.map(({ unread_count }) => unread_count), [2]);
});

Deno.test("a message that comes with what unites two contacts is in the one", async () => {
  const late = message(BSUID, { second: 3 });
  const end = await ending([message(WA), message(BSUID, { second: 2 }), link(BOTH), late]);
  assert.equal(theOne(end).message_count, 3);
});

Deno.test("a person's phone is the number that they have changed to last", async () => {
  const end = await ending([
    message(OTHER_WA),
    { kind: "move", who: 0, second: 2, form: "number", back: false },
    message({ ...WA, wa: 1 }),
  ]);
  const newest = end.contact_identities.find(({ moved_at }) => moved_at !== null)!;
  assert.equal(theOne(end).phone, `+${newest.external_id}`);
});

Deno.test("what was answered in the app is read, whichever id it was answered under", async () => {
  const echo: Happening = { kind: "echo", ...about, second: 3, naming: BSUID, content: "text" };
  const end = await ending([message(WA, { second: 2 }), echo, link(BOTH)]);
  assert.deepEqual(end.conversations.map((row) => [row.unread_count, row.phase]), [[0, "live"]]);
});

Deno.test("of one person's reactions under two ids the later counts", async () => {
  const end = await ending([message(WA), reaction(WA, 2), reaction(BSUID, 3), link(BOTH)]);
  assert.deepEqual(end.messages.map(({ reactions }) => (reactions as Row[]).length), [1]);
});

Deno.test("a contractor talks to a person, also when first heard of by a user id", async () => {
  const end = await ending([message(BSUID), link(BOTH)], [{ phone: 0, is_contractor: true }]);
  assert.deepEqual(
    end.conversations.map((row) => [row.phase, row.ai_enabled, row.bot_status]),
    [["waiting", false, "agent"]],
  );
});

Deno.test("of two opt-outs of one second the evidence is the same", async () => {
  const shouted = message(WA, { content: "STOP" });
  const end = await ending([shouted, message(BSUID, { content: "stop!" }), link(BOTH)]);
  assert.deepEqual(end.contact_consents.map(({ detail }) => detail), ["STOP"]);
  assert.equal(theOne(end).opted_out, true);
});

Deno.test("of two preferences of one second the evidence is the same", async () => {
  const late = preference(BSUID, { detail: "from the list" });
  const end = await ending([preference(WA, { detail: "from the chat" }), late, link(BOTH)]);
  assert.deepEqual(end.contact_consents.map(({ detail }) => detail), ["from the chat"]);
});

Deno.test("a name put into the phone book and taken out in one second is decided one way", async () => {
  const out = phonebook(BSUID, { action: "remove" });
  const end = await ending([phonebook(WA, {}), out, link(BOTH)]);
  assert.equal(end.contacts.length, 2);
});

Deno.test("a history copy of what is told live is counted once and is news", async () => {
  const end = await ending([
    message(WA, { name: "Ana" }),
    {
      kind: "history",
      ...about,
      naming: WA,
      messages: [{ copy: 0, status: "READ" }],
      progress: 40,
    },
  ]);
  assert.deepEqual(end.messages.map((row) => row.from_history), [false]);
  assert.deepEqual([theOne(end).name, theOne(end).message_count], ["Ana", 1]);
});
