/** POST import-contacts: what becomes of a file. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import type { Answer } from "../support/http.ts";
import {
  contactsByPhone,
  counts,
  ended,
  findings,
  type Import,
  importCsv,
  send,
} from "../support/imports.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Contact, Data, Page } from "../support/types.ts";
import { stack } from "../support/stack.ts";
import { until } from "../support/until.ts";
import { makeWorkspace } from "../support/workspace.ts";

const fixture = (name: string) =>
  Deno.readFileSync(new URL(`../fixtures/imports/${name}.csv`, import.meta.url));

/** The given fields of the contact with that phone. */
async function contact(workspace: { key: Parameters<typeof contactsByPhone>[0] }, phone: string) {
  const found = (await contactsByPhone(workspace.key)).get(phone);
  assert.ok(found, `no contact ${phone}`);
  return found;
}

function part(contact: Contact, ...fields: (keyof Contact)[]) {
  return Object.fromEntries(fields.map((field) => [field, contact[field]]));
}

const KNOWN_EXPORTS: [string, Record<string, Partial<Contact>>][] = [
  ["google", {
    "+34600112233": {
      name: "Ana María López",
      company: "Panadería Sol",
      email: "ana@sol.example",
      notes: "Likes bread,\nand butter",
      tags: ["Bakers", "VIP"],
    },
    "+16045550101": { name: null, company: "Acme Ltd", email: "info@acme.example", tags: [] },
  }],
  ["outlook", {
    "+16045550201": {
      name: "Tom Baker",
      company: "Baker & Sons",
      email: "tom@baker.example",
      notes: 'Said "call me"',
      tags: ["Customer", "Key account"],
    },
    "+16045550203": { name: "Eve Stone", company: null, email: "eve@stone.example" },
  }],
  ["hubspot", {
    "+16045550301": { name: "Brian Halligan", email: "brian@hub.example", company: "Hub Inc" },
    "+16045550302": { name: "Maria Johnson", email: "maria@hub.example", status: "new" },
  }],
  ["mailchimp", {
    "+16045550401": {
      name: "Sam Whitfield",
      email: "sam@mail.example",
      tags: ["VIP", "Blog, weekly"],
    },
    "+16045550402": { name: "Lee", notes: 'Met at "Expo"', tags: [] },
  }],
  ["leadbase", {
    "+16045550501": {
      name: "=John Smith",
      email: "john@export.example",
      source: "chat",
      channels: ["whatsapp", "web"],
      status: "qualified",
      sale_status: "pending",
      stage: "comparing",
      value: 1200.5,
      tags: ["VIP", "a, b", "Do Not Call"],
      notes: "Two\nlines",
      custom: { plan: "pro", n: 1 },
      is_vip: true,
      do_not_call: true,
      avatar_url: "https://img.example/a.png",
      score: 0,
    },
  }],
];

for (const [name, expected] of KNOWN_EXPORTS) {
  Deno.test(`an export of ${name} maps itself`, async () => {
    const workspace = await makeWorkspace();
    const done = await importCsv(workspace.key, fixture(name));
    assert.deepEqual(findings(done.errors), []);
    assert.deepEqual(counts(done), [Object.keys(expected).length, 0, 0, 0]);
    for (const [phone, fields] of Object.entries(expected)) {
      const found = await contact(workspace, phone);
      assert.deepEqual(part(found, ...Object.keys(fields) as (keyof Contact)[]), fields);
      if (name !== "leadbase") assert.equal(found.source, "import");
    }
  });
}

Deno.test("columns that are nothing are told", async () => {
  const { key } = await makeWorkspace();
  const { columns } = await importCsv(key, "Phone,Shoe size,id\n+34600111222,42,7\n");
  assert.deepEqual(columns, [
    { column: "Phone", field: "phone" },
    { column: "Shoe size", field: null },
    { column: "id", field: null },
  ]);
});

Deno.test("a mapping leads columns anywhere, also into custom", async () => {
  const workspace = await makeWorkspace();
  await importCsv(workspace.key, "Handy,Name,Shoe size\n+34600111222,Ann,42\n", {
    mapping: { Handy: "phone", Name: "company", "Shoe size": "custom.shoe" },
  });
  const found = await contact(workspace, "+34600111222");
  assert.deepEqual(part(found, "name", "company", "custom"), {
    name: null,
    company: "Ann",
    custom: { shoe: "42" },
  });
});

const LINES =
  'Nombre;Teléfono;Notas\r\nJosé Núñez;600111222;"Añade\r\nesto"\r\nMuñoz;600111333;\r\n';
const ENCODED: [string, Uint8Array<ArrayBuffer>][] = [
  ["UTF-8 with a mark", Buffer.from("\ufeff" + LINES)],
  ["UTF-16", Buffer.from("\ufeff" + LINES, "utf16le")],
  ["UTF-16 without a mark", Buffer.from(LINES, "utf16le")],
  ["UTF-16 with its big end first", Buffer.from("\ufeff" + LINES, "utf16le").swap16()],
  ["Windows-1252", Buffer.from(LINES, "latin1")],
].map(([name, bytes]) => [name as string, Uint8Array.from(bytes as Buffer)]);

for (const [name, bytes] of ENCODED) {
  Deno.test(`a file in ${name}`, async () => {
    const workspace = await makeWorkspace({ country: "ES" });
    const mapping = { Nombre: "name", Teléfono: "phone", Notas: "notes" };
    const done = await importCsv(workspace.key, bytes, { mapping });
    assert.deepEqual(counts(done), [2, 0, 0, 0]);
    const found = await contact(workspace, "+34600111222");
    assert.deepEqual(part(found, "name", "notes", "country"), {
      name: "José Núñez",
      notes: "Añade\r\nesto",
      country: "ES",
    });
  });
}

Deno.test("a file in what its type says: of a form, or the whole body", async () => {
  const bytes = Uint8Array.from([
    ...Buffer.from("phone,name\n+34600111222,"),
    0xa3,
    ...Buffer.from("ukasz"),
  ]);
  const form = new FormData();
  form.set("file", new Blob([bytes], { type: "text/csv;charset=windows-1250" }), "a.csv");
  const senders = [
    (key: Caller) => sendForm(key, form),
    (key: Caller) => send(key, bytes, {}, { "content-type": "text/csv; charset=windows-1250" }),
  ];
  for (const sender of senders) {
    const workspace = await makeWorkspace();
    assert.equal((await sender(workspace.key)).status, 200);
    assert.equal((await contact(workspace, "+34600111222")).name, "Łukasz");
  }
  const { key } = await makeWorkspace();
  const refused = await send(key, bytes, {}, { "content-type": "text/csv; charset=big5" });
  assertProblem(refused, 422, "unreadable_file");
});

Deno.test("a file whose encoding cannot be told is refused, and nothing of it stays", async () => {
  const { key } = await makeWorkspace();
  const bytes = Uint8Array.from([...Buffer.from("phone,name\n1,"), 0xcf, 0xf0, 0xe8, 0xe2]);
  const before = await chunks();
  assertProblem(await send(key, bytes), 422, "unreadable_file");
  assertInvalid(await send(key, "name\nAnn\n"), { "/mapping": "required" });
  assertInvalid(await send(key, ""), { "/file": "required" });
  assert.deepEqual((await chunks()).filter((id) => !before.includes(id)), []);
});

async function filesLeft(id: string): Promise<number> {
  return await withDatabase(async (sql) => {
    const left = await sql`
      select from private.import_rows where import_id = ${id}
      union all select from private.import_chunks where upload_id = ${id}`;
    return left.length;
  });
}

async function chunks(): Promise<string[]> {
  return await withDatabase(async (sql) => {
    const rows = await sql<
      { id: string }[]
    >`select distinct upload_id as id from private.import_chunks`;
    return rows.map(({ id }) => id);
  });
}

Deno.test("one bad row never costs its neighbours; each is told by its number", async () => {
  const workspace = await makeWorkspace();
  const done = await importCsv(
    workspace.key,
    "name,phone,email,value\nA,+34600111222,,\n\nB,12,no,\n,,,\nC,+34600111333,,x\nD,+34600111444,,5\n",
  );
  assert.deepEqual(counts(done), [2, 0, 0, 2]);
  assert.deepEqual(findings(done.errors), [
    "2 email invalid_format",
    "3 value invalid_type",
  ]);
  assert.deepEqual([...(await contactsByPhone(workspace.key)).keys()].sort(), [
    "+34600111222",
    "+34600111444",
  ]);
});

Deno.test("a quote that is never closed costs its line", async () => {
  const { key } = await makeWorkspace();
  const done = await importCsv(
    key,
    'phone,name\n+34600111222,A\n+34600111333,"B\n+34600111444,C\n',
  );
  assert.deepEqual(counts(done), [2, 0, 0, 1]);
  assert.deepEqual(findings(done.errors), ["2 null unclosed_quote"]);
});

Deno.test("contacts that exist are skipped, or get the given fields and keep the others", async () => {
  const workspace = await makeWorkspace();
  const { key } = workspace;
  const phone = "+5511987654321";
  const fields = {
    phone,
    name: "Old",
    email: "old@a.example",
    tags: ["x"],
    custom: { a: 1, b: 1 },
  };
  const { id } = await createContact(key, fields);
  // The variant without Brazil's ninth digit is the same contact.
  const file = 'phone,name,email,tags,custom\n+551187654321,New,,y,"{""b"":2}"\n';
  assert.deepEqual(counts(await importCsv(key, file)), [0, 0, 1, 0]);
  assert.equal((await contact(workspace, phone)).name, "Old");
  assert.deepEqual(counts(await importCsv(key, file, { on_conflict: "update" })), [0, 1, 0, 0]);
  const found = await contact(workspace, phone);
  assert.deepEqual(part(found, "id", "name", "email", "tags", "custom", "source"), {
    id,
    name: "New",
    email: "old@a.example",
    tags: ["y"],
    custom: { a: 1, b: 2 },
    source: "api",
  });
});

Deno.test("tags of a file take no consent back, and may withdraw it", async () => {
  const workspace = await makeWorkspace();
  await createContact(workspace.key, { phone: "+34600111222", tags: ["opt-out", "a"] });
  await createContact(workspace.key, { phone: "+34600111333", tags: ["a"] });
  await importCsv(workspace.key, "phone,tags\n+34600111222,b\n+34600111333,OPT-OUT\n", {
    on_conflict: "update",
  });
  const kept = await contact(workspace, "+34600111222");
  assert.deepEqual(part(kept, "opted_out", "tags"), { opted_out: true, tags: ["b", "opt-out"] });
  assert.equal((await contact(workspace, "+34600111333")).opted_out, true);
});

Deno.test("rows of one number count as if written one after the other", async () => {
  const file =
    "phone,name,email,custom.a,custom.b\n+34600111222,First,,1,1\n+34600111333,Other,,,\n" +
    "34600111222,,a@b.example,2,\n0034 600 111 222,Last,,,3\n";
  const updating = await makeWorkspace();
  const merged = await importCsv(updating.key, file, { on_conflict: "update" });
  assert.deepEqual(counts(merged), [2, 2, 0, 0]);
  assert.deepEqual(part(await contact(updating, "+34600111222"), "name", "email", "custom"), {
    name: "Last",
    email: "a@b.example",
    custom: { a: "2", b: "3" },
  });
  const skipping = await makeWorkspace();
  assert.deepEqual(counts(await importCsv(skipping.key, file)), [2, 0, 2, 0]);
  assert.deepEqual(part(await contact(skipping, "+34600111222"), "name", "email", "custom"), {
    name: "First",
    email: null,
    custom: { a: "1", b: "1" },
  });
});

Deno.test("two numbers of one contact are one contact", async () => {
  const workspace = await makeWorkspace();
  const { id } = await createContact(workspace.key, { phone: "+34600111222" });
  await withDatabase((sql) =>
    sql`insert into public.contact_identities (workspace_id, contact_id, channel, external_id)
      values (${workspace.id}, ${id}, 'whatsapp', '34600111333')`
  );
  const file = "phone,name,company\n+34600111333,Later,A\n+34600111222,Last,\n";
  const done = await importCsv(workspace.key, file, { on_conflict: "update" });
  assert.deepEqual(counts(done), [0, 2, 0, 0]);
  const all = await contactsByPhone(workspace.key);
  assert.equal(all.size, 1);
  assert.deepEqual(part(all.get("+34600111222")!, "name", "company"), {
    name: "Last",
    company: "A",
  });
});

Deno.test("a dry run reports the same and writes nothing", async () => {
  const { key } = await makeWorkspace();
  await createContact(key, { phone: "+34600111222" });
  const file = "phone,name\n+34600111222,A\n+34600111333,B\n+34600111333,C\n12,D\n";
  for (const on_conflict of ["update", "skip"] as const) {
    const dry = await importCsv(key, file, { on_conflict, dry_run: true });
    assert.equal((await contactsByPhone(key)).size, 1);
    assert.deepEqual(counts(dry), on_conflict === "update" ? [1, 2, 0, 1] : [1, 0, 2, 1]);
    assert.deepEqual(findings(dry.errors), ["4 phone too_short"]);
  }
});

Deno.test("a form may say it all", async () => {
  const { key } = await makeWorkspace();
  const form = new FormData();
  form.set("file", new Blob(["Handy\n+34600111222\n"]), "früh.csv");
  form.set("mapping", '{"Handy": "phone"}');
  form.set("on_conflict", "update");
  form.set("dry_run", "true");
  const answer = await sendForm(key, form);
  assert.equal(answer.status, 200, answer.text);
  const { data } = answer.body;
  assert.deepEqual([data.file_name, data.on_conflict, data.dry_run], ["früh.csv", "update", true]);
  assert.deepEqual(counts(data), [1, 0, 0, 0]);
});

type Caller = Parameters<typeof send>[0];

async function sendForm(client: Caller, form: FormData): Promise<Answer<Data<Import>>> {
  const request = new Request("http://x", { method: "POST", body: form });
  const headers = { "content-type": request.headers.get("content-type")! };
  return await client.call("POST", "import-contacts", { raw: await request.blob(), headers });
}

Deno.test("forms and options that cannot be are refused", async () => {
  const { key } = await makeWorkspace();
  const file = new Blob(["phone\n+34600111222\n"]);
  const form = (...entries: [string, string | Blob][]) => {
    const made = new FormData();
    for (const [name, value] of entries) {
      if (typeof value === "string") made.append(name, value);
      else made.append(name, value, "a.csv");
    }
    return sendForm(key, made);
  };
  assertInvalid(await form(["mapping", "{}"]), { "/file": "required" });
  assertInvalid(await form(["file", file], ["file", file]), { "/file": "repeated" });
  assertInvalid(await form(["file", file], ["colour", "red"]), { "/colour": "unknown_field" });
  assertInvalid(await form(["file", file], ["photo", file]), { "/photo": "unknown_field" });
  assertInvalid(await form(["file", file], ["mapping", new Blob(["[]"])]), {
    "/mapping": "invalid_format",
  });
  const dry = await form(["file", file], ["dry_run", new Blob(["true"])]);
  assert.deepEqual([dry.status, dry.body.data.dry_run], [200, true]);
  assertInvalid(await form(["file", file], ["dry_run", "perhaps"]), {
    "/dry_run": "invalid_value",
  });
  assertInvalid(await form(["file", file], ["mapping", "[]"]), { "/mapping": "invalid_format" });
  assertInvalid(await form(["file", file], ["mapping", '{"a":1}']), {
    "/mapping": "invalid_format",
  });
  assertInvalid(await form(["file", file], ["mapping", '{"Fax":"notes"}']), {
    "/mapping/Fax": "unknown_column",
  });
  assertInvalid(await send(key, "phone\n", { on_conflict: "merge" as "skip" }), {
    "/on_conflict": "invalid_value",
  });
  const raw = "--x\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\nphone\n1";
  for (const type of ["multipart/form-data", "multipart/form-data; boundary=x"]) {
    assertProblem(
      await key.call("POST", "import-contacts", { raw, headers: { "content-type": type } }),
      400,
      "incomplete_body",
    );
  }
});

Deno.test("other content types: 415", async () => {
  const { key } = await makeWorkspace();
  for (const type of ["application/json", "text/plain", "text/csvx", "application/vnd.ms-excel"]) {
    const answer = await send(key, "phone\n", {}, { "content-type": type });
    assertProblem(answer, 415, "unsupported_media_type");
  }
  const answer = await send(key, "phone\n", {}, { "content-encoding": "gzip" });
  assertProblem(answer, 415, "unsupported_media_type");
});

Deno.test("a file that declares more than 200 MB is not read", async () => {
  const { key } = await makeWorkspace();
  const answer = await send(key, new Uint8Array(201_000_000));
  assertProblem(answer, 413, "body_too_large");
});

Deno.test("the same key and file: one import; another file: 422", async () => {
  const { key } = await makeWorkspace();
  const headers = { "idempotency-key": crypto.randomUUID() };
  const file = "phone\n+34600111222\n";
  const before = await chunks();
  const first = await send(key, file, {}, headers);
  const again = await send(key, file, {}, headers);
  assert.equal(again.body.data.id, first.body.data.id);
  assert.equal(again.headers.get("idempotency-replayed"), "true");
  assert.equal(again.body.data.created, 1);
  assertProblem(await send(key, `${file}1\n`, {}, headers), 422, "idempotency_key_reused");
  assertProblem(await send(key, file, { dry_run: true }, headers), 422, "idempotency_key_reused");
  assert.deepEqual((await chunks()).filter((id) => !before.includes(id)), []);
});

Deno.test("a large file is answered at once and can be watched", async () => {
  const workspace = await makeWorkspace();
  const notes = "x".repeat(1000);
  const lines = Array.from(
    { length: 3000 },
    (_, n) => `+1604${2000000 + n},${notes},${n % 100 ? "" : "bad"}`,
  );
  const answer = await send(workspace.key, `phone,notes,email\n${lines.join("\n")}`);
  assert.equal(answer.status, 202, answer.text);
  assert.match(answer.headers.get("location")!, /import_id=/);
  const done = await ended(workspace.key, answer.body.data.id);
  assert.equal(done.status, "completed");
  assert.deepEqual(counts(done), [2970, 0, 0, 30]);
  assert.equal((await contactsByPhone(workspace.key)).size, 2970);
  // The file goes right after the end.
  await until(async () => await filesLeft(done.id) === 0 ? true : undefined);
});

Deno.test("all errors come as CSV, as many as there are, and safe to open", async () => {
  const { key } = await makeWorkspace();
  const rows = Array.from({ length: 2500 }, (_, n) => `${n + 1},x`);
  const done = await importCsv(key, `=Tel,email\n${rows.join("\n")}\n`, {
    mapping: { "=Tel": "phone" },
  });
  assert.equal(done.failed, 2500);
  assert.equal(done.errors.length, 100);
  const answer = await key.get(`import-contacts/errors?import_id=${done.id}`);
  assert.equal(answer.headers.get("content-type"), "text/csv; charset=utf-8");
  assert.match(answer.headers.get("content-disposition")!, /^attachment; /);
  const lines = answer.text.trimEnd().split("\r\n");
  assert.equal(lines[0].replace("\ufeff", ""), "row,column,code,message");
  assert.equal(lines.length, 1 + 2500);
  assert.deepEqual(
    lines.slice(1).map((line) => Number(line.split(",")[0])),
    rows.map((_, n) => n + 1),
  );
  assert.match(lines[1], /^1,email,invalid_format,/);
  const formula = await importCsv(key, "=Tel\n1\n", { mapping: { "=Tel": "phone" } });
  const safe = await key.get(`import-contacts/errors?import_id=${formula.id}`);
  assert.match(safe.text.split("\r\n")[1], /^1,'=Tel,too_short,/);
});

Deno.test("imports are listed newest first, page by page, in their own workspace only", async () => {
  const { key } = await makeWorkspace();
  const other = await makeWorkspace();
  await importCsv(other.key, "phone\n+34600111222\n");
  const ids: string[] = [];
  for (let n = 0; n < 3; n++) ids.unshift((await importCsv(key, "phone\n+34600111222\n")).id);
  const first = await key.get<Page<Import>>("import-contacts?limit=2");
  assert.deepEqual(first.body.data.map(({ id }) => id), ids.slice(0, 2));
  const rest = await key.get<Page<Import>>(
    `import-contacts?limit=2&cursor=${encodeURIComponent(first.body.next_cursor!)}`,
  );
  assert.deepEqual(rest.body.data.map(({ id }) => id), ids.slice(2));
  assert.equal(rest.body.next_cursor, null);
  assertProblem(
    await other.key.get(`import-contacts?import_id=${ids[0]}`),
    404,
    "import_not_found",
  );
  const foreign = `import-contacts/errors?import_id=${ids[0]}`;
  assertProblem(await other.key.get(foreign), 404, "import_not_found");
});

Deno.test("who asked for the import is who wrote its contacts", async () => {
  const workspace = await makeWorkspace();
  await importCsv(workspace.agent, "phone\n+34600111222\n");
  const { id } = await contact(workspace, "+34600111222");
  const log = await workspace.key.get<
    Page<{ action: string; actor: { type: string; id: string } }>
  >(
    `activity?entity_type=contact&entity_id=${id}`,
  );
  assert.deepEqual(log.body.data.map(({ action, actor }) => [action, actor.type, actor.id]), [
    ["contact.created", "member", workspace.agent.userId],
  ]);
});

Deno.test("the same file twice at once: every row once", async () => {
  const { key } = await makeWorkspace();
  const rows = Array.from({ length: 500 }, (_, n) => `+1604${2000000 + (n * 7919) % 500}`);
  const file = `phone\n${rows.join("\n")}\n`;
  const answers = await Promise.all(
    [1, 2, 3].map(() => importCsv(key, file, { on_conflict: "update" })),
  );
  const created = answers.reduce((sum, one) => sum + one.created, 0);
  assert.equal(created, 500);
  assert.equal((await contactsByPhone(key)).size, 500);
  for (const one of answers) assert.equal(one.status, "completed", JSON.stringify(one.error));
});

Deno.test("an upload that breaks off leaves nothing behind", async () => {
  const { key } = await makeWorkspace();
  const before = await chunks();
  const leaving = new AbortController();
  let sent = 0;
  const raw = new ReadableStream<Uint8Array>({
    async pull(controller) {
      controller.enqueue(new TextEncoder().encode(`phone\n${"+34600111222\n".repeat(50_000)}`));
      if (++sent < 4) return;
      // Some of it is stored by then.
      await until(async () => (await chunks()).length > before.length ? true : undefined);
      leaving.abort();
    },
  });
  const sending = fetch(`${stack.url}/import-contacts`, {
    method: "POST",
    headers: { authorization: `Bearer ${key.token}`, "content-type": "text/csv" },
    body: raw,
    signal: leaving.signal,
  });
  await assert.rejects(sending, { name: "AbortError" });
  await until(async () => (await chunks()).every((id) => before.includes(id)) ? true : undefined);
  const list = await key.get<Page<Import>>("import-contacts");
  assert.deepEqual(list.body.data, []);
});
