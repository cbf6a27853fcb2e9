/** The inbox: filters, order, pages, and whose it is. */
import assert from "node:assert/strict";
import { made, openConversation, storeMessages } from "../support/conversations.ts";
import { withDatabase } from "../support/database.ts";
import { type Client, client, query } from "../support/http.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Conversation, Page } from "../support/types.ts";
import { uniqueCanadianPhone, uniqueWord } from "../support/unique.ts";
import { makeKey, makeWorkspace } from "../support/workspace.ts";

const workspace = await makeWorkspace();
const { key, agent, admin } = workspace;
const word = uniqueWord();
const phone = uniqueCanadianPhone();

// In the order of their activity, the latest last.
const quiet = await openConversation(key, { name: "Quiet" });
const bot = await openConversation(key, { name: `Zoé ${word}` });
const mine = await openConversation(key, { name: "Mine", phone });
const ended = await openConversation(key, { name: "Ended" });
await storeMessages(bot, [100]);
await storeMessages(mine, [50, 300]);
await storeMessages(ended, [200]);
await storeMessages(ended, [400], "outbound");
await withDatabase((sql) =>
  sql`
    update public.conversations set created_at = '2025-01-01T00:00:00Z'
    where workspace_id = ${workspace.id}`
);
await made(agent, mine.id, "accept");
await made(agent, ended.id, "resolve");
await withDatabase((sql) =>
  sql`
    update public.conversations set unread_count = 0, read_until = now() where id = ${ended.id}`
);

const names = new Map([
  [quiet.id, "quiet"],
  [bot.id, "bot"],
  [mine.id, "mine"],
  [ended.id, "ended"],
]);

async function list(caller: Client, search = ""): Promise<Page<Conversation>> {
  const answer = await caller.get<Page<Conversation>>(`conversations${search}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

async function listed(search: string, caller: Client = agent): Promise<string> {
  const { data } = await list(caller, search);
  return data.map(({ id }) => names.get(id)).join(" ");
}

Deno.test("the newest activity comes first; without any it is when it was opened", async () => {
  const { data, next_cursor } = await list(agent);
  assert.deepEqual(data.map(({ id }) => names.get(id)), ["ended", "mine", "bot", "quiet"]);
  assert.equal(next_cursor, null);
  assert.deepEqual(data.at(-1), { ...quiet, created_at: "2025-01-01T00:00:00+00:00" });
});

for (
  const [search, expected] of Object.entries({
    "?view=all": "ended mine bot quiet",
    "?view=mine": "mine",
    "?view=unassigned": "ended bot quiet",
    "?status=active": "mine bot quiet",
    "?status=resolved": "ended",
    "?status=active,resolved": "ended mine bot quiet",
    "?phase=live": "mine",
    "?phase=automated,resolved": "ended bot quiet",
    "?phase=waiting": "",
    "?unread=true": "mine bot",
    "?unread=false": "ended quiet",
    "?channel=whatsapp": "ended mine bot quiet",
    "?channel=web": "",
    [`?search=${word}`]: "bot",
    [`?search=zoe%20${word.toUpperCase()}`]: "bot",
    [`?search=${phone.slice(5, 8)}-${phone.slice(8)}`]: "mine",
    [`?search=${encodeURIComponent(phone)}`]: "mine",
    "?search=": "ended mine bot quiet",
    "?search=%25": "",
    [`?search=${word}&view=mine`]: "",
    "?status=active&unread=true&view=unassigned": "bot",
  })
) {
  Deno.test(`conversations${search} are: ${expected || "none"}`, async () => {
    assert.equal(await listed(search), expected);
  });
}

Deno.test("mine are each member's own, and none for a key", async () => {
  assert.equal(await listed("?view=mine", admin), "");
  assert.equal(await listed("?view=mine", key), "");
});

Deno.test("pages hold each conversation once, in the same order", async () => {
  const found: string[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<Conversation> = await list(
      agent,
      query({ limit: 1, ...(cursor === null ? {} : { cursor }) }),
    );
    assert.equal(page.data.length, 1);
    found.push(names.get(page.data[0].id)!);
    cursor = page.next_cursor;
  } while (cursor !== null);
  assert.deepEqual(found, ["ended", "mine", "bot", "quiet"]);
});

Deno.test("a cursor belongs to its query and its caller", async () => {
  const { next_cursor } = await list(agent, "?limit=1");
  const cursor = encodeURIComponent(next_cursor!);
  for (const search of ["&view=mine", "&status=active", "&search=x"]) {
    const answer = await agent.get(`conversations?limit=1&cursor=${cursor}${search}`);
    assertProblem(answer, 400, "invalid_cursor");
  }
  const mine = await list(agent, "?view=all&limit=1");
  const other = encodeURIComponent(mine.next_cursor!);
  assertProblem(await admin.get(`conversations?view=all&cursor=${other}`), 400, "invalid_cursor");
});

Deno.test("another workspace sees its own list, and its cursors do not fit", async () => {
  const elsewhere = await makeWorkspace();
  assert.deepEqual(await list(elsewhere.key), { data: [], next_cursor: null });
  assert.deepEqual((await list(elsewhere.key, `?search=${word}`)).data, []);
  const { next_cursor } = await list(key, "?limit=1");
  const answer = await elsewhere.key.get(
    `conversations?limit=1&cursor=${encodeURIComponent(next_cursor!)}`,
  );
  assertProblem(answer, 400, "invalid_cursor");
});

Deno.test("reading takes conversations:read, and that is enough", async () => {
  const [reading, writing] = await withDatabase(async (sql) => [
    await makeKey(sql, workspace.id, { scopes: ["conversations:read"] }),
    await makeKey(sql, workspace.id, { scopes: ["conversations:write", "contacts:read"] }),
  ]);
  const reader = client(reading.token);
  assert.equal(await listed("", reader), "ended mine bot quiet");
  const answer = await client(writing.token).get("conversations");
  assertProblem(answer, 403, "insufficient_scope", ["required_scope"]);
});

Deno.test("what is no parameter or value is refused", async () => {
  const answer = await agent.get("conversations?view=ours&phase=over&unread=1&limit=0&sort=name");
  assertInvalid(answer, {
    "/view": "invalid_value",
    "/phase/0": "invalid_value",
    "/unread": "invalid_value",
    "/limit": "too_small",
    "/sort": "unknown_parameter",
  });
});
