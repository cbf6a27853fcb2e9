import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { cellsOf, exportRows, parseCsv, type Row, startExport } from "../support/csv.ts";
import { withDatabase } from "../support/database.ts";
import { assertInvalid } from "../support/problem.ts";
import type { Contact, Page } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";

const workspace = await makeWorkspace({ country: "CA" });
const { key, admin, agent } = workspace;

/** Texts that break files, spreadsheets and parsers. */
const NAMES = [
  "Ana",
  'Łukasz "Lu", Jr.',
  "two\nlines\r\nand three",
  "日本 語 😀",
  "a;b\tc",
  "NULL",
  "\\N",
  "\\.",
  "  not edge spaces  ",
  "'quoted'",
  "''",
];

for (const [n, name] of NAMES.entries()) {
  await createContact(n % 2 === 0 ? admin : key, {
    name,
    company: [...name].reverse().join(""),
    email: n % 3 === 0 ? `user${n}@example.com` : null,
    status: n % 2 === 0 ? "new" : "lost",
    value: n % 3 === 0 ? null : n * 10.5 - 50,
    tags: [["VIP", "Do Not Call"], [], ["a,b", "c;d", 'say "hi"'], ["|"], ["x|", "| y"], [
      "* z",
      "a ::: b",
    ]][n % 6],
    channels: n % 2 === 0 ? ["whatsapp", "web"] : [],
    notes: n % 2 === 0 ? `${name}\n`.repeat(3) : null,
    custom: n % 3 === 0 ? { plan: name, deep: [{ n: 1.5, yes: true, none: null }] } : {},
    assigned_to: n % 4 === 0 ? agent.userId : null,
    is_vip: n % 2 === 0,
    avatar_url: n === 0 ? "https://example.com/a.png" : null,
  });
}
await withDatabase(async (sql) => {
  await sql`
    update public.contacts set score = -7, grade = 'B', call_count = 3
    where workspace_id = ${workspace.id} and name = 'Ana'`;
  await sql`
    update public.contact_activity a set message_count = 12, last_contact_at = '2026-03-01T12:00:00.5Z',
      sentiment_sum = -0.125, sentiment_count = 1
    from public.contacts c
    where c.id = a.contact_id and c.workspace_id = ${workspace.id} and c.name = 'Ana'`;
});

async function listed(query = ""): Promise<Contact[]> {
  const answer = await key.get<Page<Contact>>(`list-contacts${query || "?"}&limit=200`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data;
}

/** A row with its JSON read, since Postgres writes spaces into it. */
function comparable({ custom, ...row }: Row): Record<string, unknown> {
  return { ...row, custom: JSON.parse(custom) };
}

Deno.test("the file has every field of every contact as list-contacts shows it, in the same order", async () => {
  const contacts = await listed();
  assert.equal(contacts.length, NAMES.length);
  const rows = await exportRows(key);
  assert.deepEqual(Object.keys(rows[0]), Object.keys(contacts[0]));
  const guarded = contacts.map((contact) => {
    const cells = cellsOf(contact);
    return comparable({ ...cells, phone: `'${cells.phone}` });
  });
  assert.deepEqual(rows.map(comparable), guarded);
});

Deno.test("the file is a download that spreadsheets open right: byte order mark, CRLF, a name", async () => {
  const answer = await fetchBytes();
  assert.equal(answer.headers.get("content-type"), "text/csv; charset=utf-8");
  const day = new Date().toISOString().slice(0, 10);
  assert.equal(
    answer.headers.get("content-disposition"),
    `attachment; filename="contacts-${day}.csv"`,
  );
  assert.equal(answer.headers.get("cache-control"), "no-store, no-transform");
  assert.equal(answer.headers.has("ratelimit"), true);
  assert.deepEqual([...answer.bytes.subarray(0, 5)], [0xef, 0xbb, 0xbf, 0x69, 0x64]);
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(answer.bytes);
  // Outside of quotes no line ends otherwise.
  const bare = text.replace(/"(?:[^"]|"")*"/g, "");
  assert.equal(bare.match(/\r\n/g)?.length, NAMES.length + 1);
  assert.doesNotMatch(bare, /[^\r]\n|\r[^\n]/);
  assert.equal(text.endsWith("\r\n"), true);
  // A line break in a cell is the one that was written.
  assert.equal(text.includes("two\nlines\r\nand three"), true);
});

async function fetchBytes(): Promise<{ headers: Headers; bytes: Uint8Array }> {
  const response = await startExport(key.token);
  return { headers: response.headers, bytes: new Uint8Array(await response.arrayBuffer()) };
}

const QUERIES = [
  "?status=lost&sort=name",
  "?status=new,lost&sort=-name&is_vip=true",
  "?search=lu&sort=-name",
  "?search=%25&sort=name",
  "?tags=VIP&sort=value",
  "?tags_all=a%5C,b&sort=-value",
  "?has_email=true&sort=updated_at",
  "?channel=web&created_from=2026-01-01&sort=score",
  "?last_contact_from=2026-01-01&sort=-last_contact_at",
  "?sort=last_contact_at",
  "?value_min=0&value_max=30",
  `?assigned_to=${agent.userId}`,
  "?assigned_to=none&sort=created_at",
  "?search=nobody&sort=value",
  "?search=an",
  "?search=l",
  "?search=user0%40example.com",
  "?search=u",
  "?search=%27&status=new",
];

for (const query of QUERIES) {
  Deno.test(`export-contacts${query} has the contacts of list-contacts${query}`, async () => {
    const expected = await listed(query);
    const rows = await exportRows(key, query);
    assert.deepEqual(rows.map(({ id }) => id), expected.map(({ id }) => id));
  });
}

Deno.test("a search is ranked: who has exactly that address comes before what begins with it", async () => {
  const { key } = await makeWorkspace();
  await createContact(key, { name: "Exact", email: "ana@b.example" });
  await createContact(key, { name: "ana@b.example, newer" });
  const rows = await exportRows(key, "?search=ana%40b.example");
  assert.deepEqual(rows.map(({ name }) => name), ["Exact", "ana@b.example, newer"]);
});

Deno.test("assigned_to=me is who exports", async () => {
  assert.equal((await exportRows(agent, "?assigned_to=me")).length, 3);
  assert.equal((await exportRows(admin, "?assigned_to=me")).length, 0);
});

Deno.test("no contacts: a file with the names of the columns", async () => {
  const answer = await key.get("export-contacts?search=nobody");
  assert.equal(answer.status, 200);
  const [header, rest] = answer.text.split("\r\n", 2);
  assert.equal(header.replace("\ufeff", ""), Object.keys((await listed())[0]).join(","));
  assert.equal(rest, "");
});

Deno.test("pages have no place in a file, and other parameters are those of list-contacts", async () => {
  for (const name of ["limit=10", "cursor=x", "count=exact", "columns=id"]) {
    const path = `/${name.split("=")[0]}`;
    assertInvalid(await key.get(`export-contacts?${name}`), { [path]: "unknown_parameter" });
  }
  assertInvalid(await key.get("export-contacts?sort=phone"), { "/sort": "invalid_value" });
  assertInvalid(await key.get("export-contacts?status=x"), { "/status/0": "invalid_value" });
});

Deno.test("HEAD tells of the file without making it", async () => {
  const answer = await key.call("HEAD", "export-contacts");
  assert.equal(answer.status, 200);
  assert.equal(answer.text, "");
  assert.match(answer.headers.get("content-disposition") ?? "", /^attachment/);
});

Deno.test("another workspace's contacts are in nobody's file", async () => {
  const other = await makeWorkspace();
  await createContact(other.key, { name: "Mine" });
  const rows = await exportRows(other.key);
  assert.deepEqual(rows.map(({ name }) => name), ["Mine"]);
  assert.equal((await exportRows(key)).length, NAMES.length);
});

/** A text → its cell. */
const GUARDED: [text: string, cell: string][] = [
  ["=1+1", "'=1+1"],
  ["+1 604", "'+1 604"],
  ["-5", "'-5"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ["＝1+1", "'＝1+1"],
  ["＋1", "'＋1"],
  ["－5", "'－5"],
  ["＠x", "'＠x"],
  ["'=1+1", "''=1+1"],
  ["'''-x", "''''-x"],
  ["'＠", "''＠"],
  // Nothing of a formula.
  ["'Ana", "'Ana"],
  ["' =1", "' =1"],
  ["1-2", "1-2"],
  ["a=b", "a=b"],
  ["(x)", "(x)"],
  [";=1", ";=1"],
  ["−5", "−5"],
];

Deno.test("what a spreadsheet would take for a formula begins with one ' more, in every text", async () => {
  const { key, id } = await makeWorkspace();
  for (const [text] of GUARDED) {
    await createContact(key, { name: text, company: text, notes: text, tags: [text, "z"] });
  }
  // Nobody can write these through the API, which trims; a profile name may have them.
  const raw = ["\t=1", "\r=1", "'\t1"];
  await withDatabase(async (sql) => {
    await sql`insert into public.contacts (workspace_id, name, company, notes, tags, avatar_url)
      select ${id}, t, t, t, array[t], t from jsonb_array_elements_text(${sql.json(raw)}) t`;
  });
  const rows = new Map((await exportRows(key)).map((row) => [row.name, row]));
  for (const [text, cell] of [...GUARDED, ...raw.map((text) => [text, `'${text}`])]) {
    const row = rows.get(cell);
    assert.equal(row?.company, cell, JSON.stringify(text));
    assert.equal(row.notes, cell);
    if (raw.includes(text)) assert.equal(row.avatar_url, cell);
  }
  const tags = (cell: string) => rows.get(cell)!.tags;
  assert.equal(tags("'=1+1"), "'=1+1;z");
  assert.equal(tags("''=1+1"), "''=1+1;z");
  assert.equal(tags(";=1"), '";=1";z');
  assert.equal(tags("'\t=1"), '"\t=1"');
  assert.equal(tags("''\t1"), "''\t1");
});

Deno.test("numbers stay numbers, negative ones too", async () => {
  const { key } = await makeWorkspace();
  await createContact(key, { value: -1200.5 });
  const answer = await key.get("export-contacts");
  const [row] = parseCsv(answer.text);
  assert.equal(row.value, "-1200.5");
  assert.equal(answer.text.includes(",-1200.5,"), true);
});
