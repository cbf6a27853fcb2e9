/**
 * README.md's own lines: every block fenced as `sh test` is run as it stands, in one shell after the
 * other, and its answer compared with the `json` block behind it. In that block
 * - an id or a time stands for any id or time, the same id for the same one in all blocks,
 * - `"…"` stands for any value, at the end of a list for more of them, as a name for more members.
 */
import assert from "node:assert/strict";
import { withDatabase } from "../support/database.ts";
import { readersEnvironment, runShell } from "../support/shell.ts";
import { client } from "../support/http.ts";
import { dataFolder, stack } from "../support/stack.ts";
import type { ContactDetail, Data } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";

const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
const seed = await Deno.readTextFile(new URL("../../supabase/seed/demo.sql", import.meta.url));

const BLOCK = /^```sh test\n([\s\S]*?)^```\n(?:\s*^```json\n([\s\S]*?)^```$)?/gm;
const blocks = [...readme.matchAll(BLOCK)].map(([, script, answer]) => ({ script, answer }));

Deno.test("the README has lines to run, each with its answer", () => {
  assert.equal(blocks.length >= 3, true, "no ```sh test block in README.md");
  assert.equal(readme.match(/^```sh test$/gm)?.length, blocks.length);
  for (const { script, answer } of blocks) {
    assert.match(script, /\$LEADBASE_URL/);
    assert.notEqual(answer, undefined, `no \`\`\`json block behind:\n${script}`);
  }
});

const DEMO = "10000000-0000-4000-8000-000000000001";

/** A key to the demo workspace as a reader finds it, whatever other tests do to the real one. */
async function makeReadersKey(): Promise<string> {
  const { key, id } = await makeWorkspace({ country: "CA" });
  const contacts = /^insert into public\.contacts[\s\S]*?;$/m.exec(seed)?.[0] ?? "";
  assert.match(contacts, new RegExp(DEMO));
  await withDatabase((sql) => sql.unsafe(contacts.replaceAll(DEMO, id)));
  return key.token;
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)$/;
const REST = "…";

/** The ids of the README → those of this run. */
type Ids = Map<string, string>;

function compare(shown: unknown, got: unknown, ids: Ids, path = "$"): void {
  if (shown === REST) return;
  if (Array.isArray(shown)) return compareLists(shown, got, ids, path);
  if (shown !== null && typeof shown === "object") return compareObjects(shown, got, ids, path);
  if (typeof shown === "string") return compareTexts(shown, got, ids, path);
  assert.deepEqual(got, shown, path);
}

function compareLists(shown: unknown[], got: unknown, ids: Ids, path: string): void {
  assert.equal(Array.isArray(got), true, path);
  const list = got as unknown[];
  const more = shown.at(-1) === REST;
  const items = more ? shown.slice(0, -1) : shown;
  assert.equal(more ? list.length >= items.length : list.length === items.length, true, path);
  items.forEach((item, at) => compare(item, list[at], ids, `${path}[${at}]`));
}

function compareObjects(shown: object, got: unknown, ids: Ids, path: string): void {
  assert.equal(got !== null && typeof got === "object" && !Array.isArray(got), true, path);
  const { [REST]: more, ...members } = shown as Record<string, unknown>;
  const answered = got as Record<string, unknown>;
  for (const [name, value] of Object.entries(members)) {
    assert.equal(Object.hasOwn(answered, name), true, `${path}.${name} is missing`);
    compare(value, answered[name], ids, `${path}.${name}`);
  }
  if (more !== undefined) return;
  assert.deepEqual(Object.keys(answered).toSorted(), Object.keys(members).toSorted(), path);
}

function compareTexts(shown: string, got: unknown, ids: Ids, path: string): void {
  assert.equal(typeof got, "string", path);
  const text = got as string;
  if (TIME.test(shown)) return assert.match(text, TIME, path);
  const [id] = UUID.exec(shown) ?? [];
  if (id === undefined) return assert.equal(text, shown, path);
  const [before, after] = shown.split(id);
  assert.equal(text.startsWith(before) && text.endsWith(after), true, `${path}: ${text}`);
  const given = text.slice(before.length, text.length - after.length);
  assert.match(given, new RegExp(`^${UUID.source}$`), path);
  const known = ids.get(id) ?? given;
  assert.equal(given, known, path);
  ids.set(id, known);
}

Deno.test("every block of the README answers as it shows", async () => {
  assert.notEqual(blocks.length, 0);
  const key = await makeReadersKey();
  const env = readersEnvironment(key, `${dataFolder}/credentials.json`);
  const ids: Ids = new Map();
  for (const { script, answer } of blocks) {
    const { stdout, stderr } = await runShell(script, env);
    try {
      compare(JSON.parse(answer), JSON.parse(stdout), ids);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${script}\n${stdout}\n${stderr}`, {
        cause: error,
      });
    }
  }
});

Deno.test("after the README's delivery Ana is a contact with a conversation", async () => {
  const delivery = blocks.find(({ script }) => script.includes("whatsapp-webhook"));
  if (!delivery) return;
  const env = readersEnvironment(stack.api_key, `${dataFolder}/credentials.json`);
  await runShell(delivery.script, env);
  const found = await client(stack.api_key).get<Data<ContactDetail>>(
    "get-contact?phone=%2B34600111222",
  );
  assert.equal(found.status, 200, found.text);
  const { conversation, message_count, channels } = found.body.data;
  assert.notEqual(conversation, null);
  assert.deepEqual([message_count >= 1, channels.includes("whatsapp")], [true, true]);
});

Deno.test("the comparison itself tells right from wrong", () => {
  const [one, other] = [crypto.randomUUID(), crypto.randomUUID()];
  const same = (shown: unknown, got: unknown) => compare(shown, got, new Map());
  same({ a: 1, "…": "…" }, { a: 1, b: 2 });
  same([1, "…"], [1, 2, 3]);
  same({ id: one, at: "2026-01-01T00:00:00Z" }, { id: other, at: "2027-01-01T00:00:00.1+00:00" });
  same({ id: one, url: `/x?${one}` }, { id: other, url: `/x?${other}` });
  const wrong: [unknown, unknown][] = [
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: 1, "…": "…" }, { b: 2 }],
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { a: "1" }],
    [[1], [1, 2]],
    [[1, "…"], []],
    [[], {}],
    [{}, null],
    [{ id: one }, { id: "x" }],
    [{ id: one, url: `/x?${one}` }, { id: other, url: `/x?${one}` }],
  ];
  for (const [shown, got] of wrong) assert.throws(() => same(shown, got));
});
