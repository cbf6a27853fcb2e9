/** Reactions, edits and revokes: shown on the message that they name, before it came or after. */
import assert from "node:assert/strict";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import {
  at,
  type Item,
  type Json,
  text,
  timeAt,
  uniqueWamid,
} from "../fixtures/whatsapp/delivery.ts";
import { changesOf, contactsOf, eventsOf, messagesOf } from "./rows.ts";
import { echo, tell } from "./updates.ts";

const ANA = "16045550111";

function about(type: string, seconds: number, content: Json, from = ANA): Item {
  return { from, id: uniqueWamid(), timestamp: at(seconds), type, [type]: content };
}

interface Case {
  name: string;
  changes: (wamid: string) => Item[];
  shown: Json;
}

const iso = (seconds: number) => timeAt(seconds).toISOString().replace(".000Z", "+00:00");
const unchanged = { body: "Hi", reactions: [], edited_at: null, revoked_at: null };

const cases: Case[] = [
  {
    name: "an edit",
    changes: (id) => [
      about("edit", 5, {
        original_message_id: id,
        message: { context: { id: "M0" }, type: "text", text: { body: "fixed" } },
      }),
    ],
    shown: { ...unchanged, body: "fixed", edited_at: timeAt(5) },
  },
  {
    name: "two edits, of which the later counts",
    changes: (id) =>
      [7, 5].map((second) =>
        about("edit", second, {
          original_message_id: id,
          message: { type: "text", text: { body: `fixed at ${second}` } },
        })
      ),
    shown: { ...unchanged, body: "fixed at 7", edited_at: timeAt(7) },
  },
  {
    name: "a revoke",
    changes: (id) => [about("revoke", 6, { original_message_id: id })],
    shown: { ...unchanged, revoked_at: timeAt(6) },
  },
  {
    name: "a reaction",
    changes: (id) => [about("reaction", 4, { message_id: id, emoji: "👍" })],
    shown: {
      ...unchanged,
      reactions: [{ emoji: "👍", from: "contact", reacted_at: iso(4) }],
    },
  },
  {
    name: "a reaction in the place of another",
    changes: (id) => [
      about("reaction", 5, { message_id: id, emoji: "❤️" }),
      about("reaction", 4, { message_id: id, emoji: "👍" }),
    ],
    shown: {
      ...unchanged,
      reactions: [{ emoji: "❤️", from: "contact", reacted_at: iso(5) }],
    },
  },
  ...[{}, { emoji: "" }].map((taken): Case => ({
    name: `a reaction taken back with ${JSON.stringify(taken)}`,
    changes: (id) => [
      about("reaction", 5, { message_id: id, ...taken }),
      about("reaction", 4, { message_id: id, emoji: "👍" }),
    ],
    shown: unchanged,
  })),
  {
    name: "a reaction after one taken back",
    changes: (id) => [
      about("reaction", 5, { message_id: id }),
      about("reaction", 6, { message_id: id, emoji: "👍" }),
    ],
    shown: {
      ...unchanged,
      reactions: [{ emoji: "👍", from: "contact", reacted_at: iso(6) }],
    },
  },
];

async function assertShown(workspace: Workspace, wamid: string, given: Case): Promise<void> {
  const rows = await messagesOf(workspace.phoneNumberId);
  assert.deepEqual(rows.map((row) => row.wa_message_id), [wamid]);
  const { body, reactions, edited_at, revoked_at } = rows[0];
  assert.deepEqual({ body, reactions, edited_at, revoked_at }, given.shown);
  assert.equal((await contactsOf(workspace.id))[0].message_count, 1);
  assert.deepEqual(await eventsOf(workspace.id), []);
}

for (const given of cases) {
  Deno.test(`shown on its message that was there before: ${given.name}`, async () => {
    const workspace = await makeWorkspace();
    const message = text(ANA, "Hi");
    await tell(workspace, { messages: [message] });
    for (const item of given.changes(message.id)) await tell(workspace, { messages: [item] });
    await assertShown(workspace, message.id, given);
  });

  Deno.test(`shown on its message that comes later: ${given.name}`, async () => {
    const workspace = await makeWorkspace();
    const message = text(ANA, "Hi");
    const changes = given.changes(message.id);
    await tell(workspace, { messages: changes });
    await tell(workspace, { messages: [message] });
    // Once more changes nothing.
    await tell(workspace, { messages: changes });
    await assertShown(workspace, message.id, given);
  });

  Deno.test(`shown on its message that comes in one delivery with it: ${given.name}`, async () => {
    const workspace = await makeWorkspace();
    const message = text(ANA, "Hi");
    await tell(workspace, { messages: [...given.changes(message.id), message] });
    await assertShown(workspace, message.id, given);
  });
}

Deno.test("what the business edits, revokes and reacts to in the app is shown as its own", async () => {
  const workspace = await makeWorkspace();
  const [mine, theirs] = [uniqueWamid(), text(ANA, "Hi")];
  await tell(workspace, { messages: [theirs] });
  await tell(workspace, {
    message_echoes: [
      echo(ANA, uniqueWamid(), 8, {
        type: "edit",
        edit: { original_message_id: mine, message: { type: "text", text: { body: "fixed" } } },
      }),
      echo(ANA, uniqueWamid(), 9, { type: "revoke", revoke: { original_message_id: mine } }),
      echo(ANA, uniqueWamid(), 9, {
        type: "reaction",
        reaction: { message_id: theirs.id, emoji: "👀" },
      }),
      echo(ANA, mine, 7),
    ],
  }, "smb_message_echoes");
  const [first, second] = await messagesOf(workspace.phoneNumberId);
  assert.deepEqual(first.reactions, [{ emoji: "👀", from: "business", reacted_at: iso(9) }]);
  assert.deepEqual([second.wa_message_id, second.body, second.edited_at, second.revoked_at], [
    mine,
    "fixed",
    timeAt(8),
    timeAt(9),
  ]);
  assert.deepEqual(
    (await changesOf(workspace.phoneNumberId)).map(({ contact_id }) => contact_id),
    [null, null, null],
  );
});

Deno.test("an edit that does not say what the message is now leaves it, and is kept", async () => {
  const workspace = await makeWorkspace();
  const message = text(ANA, "Hi");
  const wrong = [undefined, null, "fixed", {}, []].map((message_) =>
    about("edit", 5, { original_message_id: message.id, message: message_ })
  );
  await tell(workspace, { messages: [message, ...wrong] });
  const [row] = await messagesOf(workspace.phoneNumberId);
  assert.deepEqual([row.body, row.edited_at], ["Hi", null]);
  assert.deepEqual((await eventsOf(workspace.id)).map(({ type }) => type), wrong.map(() => "edit"));
});

Deno.test("a change at another number of the same wamid is another message's", async () => {
  const [one, two] = [await makeWorkspace(), await makeWorkspace()];
  const message = text(ANA, "Hi");
  await tell(one, { messages: [message] });
  await tell(two, { messages: [about("revoke", 5, { original_message_id: message.id })] });
  const [row] = await messagesOf(one.phoneNumberId);
  assert.equal(row.revoked_at, null);
});
