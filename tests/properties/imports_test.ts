/** Whatever a file holds: an answer, counts that add up, and what writing row by row would do. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import type { Client } from "../support/http.ts";
import {
  assertAddsUp,
  contactsByPhone,
  counts,
  ended,
  type Import,
  importCsv,
  type Options,
  revert,
  send,
} from "../support/imports.ts";
import { assertNoDatabaseText } from "../support/problem.ts";
import type { Contact } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";
import { anyText } from "./arbitraries.ts";
import { holds } from "./runs.ts";

const anyCell = fc.oneof(
  anyText,
  fc.constantFrom("", "+34600111222", "a@b.example", "1,5", "yes", "new", '{"a":1}', "'=1", "a;b"),
);
const aHeading = fc.oneof(
  fc.constantFrom(
    "phone",
    "name",
    "email",
    "tags",
    "value",
    "custom",
    "custom.x",
    "status",
    "stage",
  ),
  anyText,
);

function quoted(cell: string): string {
  return `"${cell.replaceAll('"', '""')}"`;
}

/** Well-formed CSV with any text in it. */
const anyTable = fc.record({
  delimiter: fc.constantFrom(",", ";", "\t"),
  lineBreak: fc.constantFrom("\n", "\r\n", "\r"),
  names: fc.array(aHeading, { maxLength: 5 }),
  rows: fc.array(fc.array(anyCell, { maxLength: 7 }), { maxLength: 8 }),
}).map(({ delimiter, lineBreak, names, rows }) =>
  [["phone", ...names], ...rows].map((row) => row.map(quoted).join(delimiter)).join(lineBreak)
);

/** Text that is nearly CSV. */
const anyMess = fc.array(
  fc.oneof(
    anyText,
    fc.constantFrom('"', ",", ";", "\n", "\r\n", "\0", "phone", "+34600111222", "\ufeff", "="),
  ),
  { maxLength: 40 },
).map((parts) => `phone,name\n${parts.join("")}`);

const anyFile: fc.Arbitrary<Uint8Array<ArrayBuffer>> = fc.oneof(
  anyTable.map((text) => Uint8Array.from(Buffer.from(text))),
  anyTable.map((text) => Uint8Array.from(Buffer.from("\ufeff" + text, "utf16le"))),
  anyTable.map((text) => Uint8Array.from(Buffer.from(text, "latin1"))),
  anyMess.map((text) => Uint8Array.from(Buffer.from(text))),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Uint8Array.from(bytes)),
  fc.uint8Array({ maxLength: 300 }).map((bytes) =>
    Uint8Array.from([...Buffer.from("phone,name\n"), ...bytes])
  ),
);

const anyOptions: fc.Arbitrary<Options> = fc.record({
  on_conflict: fc.constantFrom("update", "skip"),
  dry_run: fc.boolean(),
}, { requiredKeys: [] });

Deno.test("any file is imported or refused, and its counts add up", async () => {
  const { key } = await makeWorkspace();
  await holds(
    fc.asyncProperty(anyFile, anyOptions, async (file, options) => {
      const answer = await send(key, file, options);
      assertNoDatabaseText({ ...answer, text: answer.text.replace(/"column":/g, "") });
      if (answer.status === 422) return;
      assert.equal([200, 202].includes(answer.status), true, answer.text);
      const done = await ended(key, answer.body.data.id);
      assert.equal(done.status, "completed", answer.text);
      const failed = new Set(done.errors.map(({ row }) => row));
      assert.equal(failed.size, Math.min(done.failed, 100));
    }),
    150,
  );
});

Deno.test("any header and any bytes of a form are answered", async () => {
  const { key } = await makeWorkspace();
  const part = fc.oneof(
    fc.constantFrom(
      "--x\r\n",
      "--x--\r\n",
      'Content-Disposition: form-data; name="file"; filename="a.csv"\r\n',
      'Content-Disposition: form-data; name="mapping"\r\n',
      "Content-Type: text/csv\r\n",
      "\r\n",
      "phone\n+34600111222\n",
      "{}",
    ),
    anyText,
  );
  await holds(
    fc.asyncProperty(fc.array(part, { maxLength: 12 }), async (parts) => {
      const headers = { "content-type": "multipart/form-data; boundary=x" };
      const answer = await key.call("POST", "import-contacts", { raw: parts.join(""), headers });
      assert.equal([200, 202, 400, 422].includes(answer.status), true, answer.text);
    }),
    80,
  );
});

// What rows are about: few numbers, so that they meet, a variant among them.
const PHONES = [
  "+34600111222",
  "34600111222",
  "600 111 333",
  "+5511987654321",
  "+551187654321",
  "12",
  "",
];
const aRow = fc.record({
  phone: fc.constantFrom(...PHONES),
  name: fc.constantFrom("", "", "Ann", "Bob", "x".repeat(201)),
  email: fc.constantFrom("", "", "a@b.example", "no"),
  tags: fc.constantFrom("", "a", "b;c", "opt-out"),
  "custom.k": fc.constantFrom("", "1", "2"),
});
type Row = { [Field in "phone" | "name" | "email" | "tags" | "custom.k"]: string };

function csv(rows: Row[]): string {
  const names = ["phone", "name", "email", "tags", "custom.k"] as const;
  return [names, ...rows.map((row) => names.map((name) => row[name]))].map((cells) =>
    cells.join(",")
  )
    .join("\n");
}

type Known = Pick<Contact, "name" | "email" | "tags" | "custom">;

const KEYS: Record<string, string> = {
  "+34600111222": "a",
  "34600111222": "a",
  "600 111 333": "b",
  "+5511987654321": "c",
  "+551187654321": "c",
};

/** Writes row by row into a plain map; returns the counts. */
function model(contacts: Map<string, Known>, rows: Row[], update: boolean): number[] {
  const done = [0, 0, 0, 0];
  for (const row of rows) {
    // A line without any value is no row.
    if (Object.values(row).every((cell) => cell === "")) continue;
    const key = KEYS[row.phone];
    if (!key || row.name.length > 200 || row.email === "no") done[3]++;
    else if (!contacts.has(key)) {
      contacts.set(key, { name: null, email: null, tags: [], custom: {} });
      write(contacts.get(key)!, row);
      done[0]++;
    } else if (update) {
      write(contacts.get(key)!, row);
      done[1]++;
    } else done[2]++;
  }
  return done;
}

function write(contact: Known, row: Row): void {
  if (row.name) contact.name = row.name;
  if (row.email) contact.email = row.email;
  if (row["custom.k"]) contact.custom = { k: row["custom.k"] };
  if (!row.tags) return;
  const optedOut = contact.tags.includes("opt-out") || row.tags === "opt-out";
  contact.tags = [
    ...row.tags.split(";").filter((tag) => tag !== "opt-out"),
    ...(optedOut ? ["opt-out"] : []),
  ];
}

async function known(client: Client): Promise<Record<string, Known>> {
  const found = await contactsByPhone(client);
  return Object.fromEntries(
    [...found].map(([phone, { name, email, tags, custom }]) => [
      KEYS[phone] ?? "b",
      { name, email, tags, custom },
    ]),
  );
}

const report = (done: Import) => ({ counts: counts(done), rows: done.rows, errors: done.errors });

Deno.test("an import is its dry run, the rows one after the other, and goes back to what was", async () => {
  await holds(
    fc.asyncProperty(
      fc.array(aRow, { maxLength: 6 }),
      fc.array(aRow, { maxLength: 8 }),
      fc.constantFrom("update" as const, "skip" as const),
      async (first, second, on_conflict) => {
        const { key } = await makeWorkspace({ country: "ES" });
        const contacts = new Map<string, Known>();
        assertAddsUp(await importCsv(key, csv(first), { on_conflict: "update" }));
        model(contacts, first, true);
        const before = await known(key);
        assert.deepEqual(before, Object.fromEntries(contacts));
        const dry = await importCsv(key, csv(second), { on_conflict, dry_run: true });
        assert.deepEqual(await known(key), before);
        const done = await importCsv(key, csv(second), { on_conflict });
        assert.deepEqual(report(dry), report(done));
        assert.deepEqual(counts(done), model(contacts, second, on_conflict === "update"));
        assert.deepEqual(await known(key), Object.fromEntries(contacts));
        assert.equal((await revert(key, done.id)).revert!.kept, 0);
        assert.deepEqual(await known(key), before);
      },
    ),
    25,
  );
});
