/** What an export wrote an import reads: the same contacts, field by field. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { settable } from "../../supabase/functions/_shared/schemas/contact.ts";
import { createContact } from "../support/contacts.ts";
import { startExport } from "../support/csv.ts";
import { withDatabase } from "../support/database.ts";
import { contactsByPhone, counts, importCsv } from "../support/imports.ts";
import type { Contact } from "../support/types.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import { anyText } from "./arbitraries.ts";
import { NAMES, NOTES, SALE_STATUS, SOURCE, STAGE, STATUS } from "./people.ts";
import { holds } from "./runs.ts";

/** Whatever means something to a spreadsheet, to CSV or to a reader of lists. */
const MARKS = [
  ..."=+-@＝＋－＠'\"\u2018\u2019;,|\t\n\r\\:*{}[]()#%",
  "\r\n",
  "''",
  '""',
  " ::: ",
  "* ",
  "\u00a0",
  "\u3000",
  "\u202f",
  "\ufeff",
  "\u2028",
];
const PARTS = [
  "a",
  "Ana",
  "1",
  "1.234",
  "null",
  "true",
  "opt-out",
  "Do Not Call",
  "日本",
  "م",
  "ú",
  "👩‍👩‍👧",
];

const aMarkedText = fc.array(fc.constantFrom(...MARKS, ...PARTS, " "), { maxLength: 8 })
  .map((parts) => parts.join(""));

/** Text that fits into the field, of any kind that can be stored. */
function aText(longest: number, ...usual: readonly (string | null)[]): fc.Arbitrary<string | null> {
  const odd = fc.oneof(aMarkedText, anyText).map((text) =>
    [...text.replace(/\0/g, "").toWellFormed()].slice(0, longest).join("")
  );
  return fc.oneof(fc.constantFrom(null, "", ...usual), odd, odd);
}

const aTag = aText(64, "VIP", "a,b", "c;d", '"', "* myContacts", "a ::: b", "opt-out")
  .map((tag) => tag ?? "x").filter((tag) => tag.trim() !== "");
const tagsOf = (most: number) => fc.array(aTag, { maxLength: most });
const aHundredTags = fc.constant(Array.from({ length: 100 }, (_, n) => `t${n}`));

const aKey = fc.oneof(fc.constantFrom("plan", "a.b", "__proto__", "", "=1"), aMarkedText);
const aLeaf = fc.oneof(
  fc.constantFrom(null, true, false, 0, -1.5, 1e21, 1e-7, 12345678901, "", "=1", "'-"),
  aMarkedText,
);
const aCustom = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    aLeaf,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.array(fc.tuple(aKey, tie("value")), { maxLength: 3 }).map((all) => Object.fromEntries(all)),
  ),
})).value;
const aCustomObject = fc.array(fc.tuple(aKey, aCustom), { maxLength: 4 })
  .map((entries) => Object.fromEntries(entries));

const digits = (length: number) =>
  fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: length, maxLength: length });
/** Beginnings of numbers that are good whatever follows, with how much has to. */
const PHONES: [start: string, rest: number][] = [
  ["+6281", 9],
  ["+1604555", 4],
  ["+346001", 5],
  ["+5511987", 6],
  ["+521551234", 4],
  ["+549112345", 4],
  ["+4915112", 6],
  ["+91987654", 4],
  ["+20100123", 4],
  ["+39347123", 4],
  ["+39068123", 4],
  ["+2250712", 6],
];
const aPhone = fc.constantFrom(...PHONES)
  .chain(([start, rest]) => digits(rest).map((end) => start + end));

const aFlag = fc.constantFrom(true, false, null);
const orNull = <Value>(values: readonly Value[]) => fc.constantFrom(null, ...values);
const anEmail = fc.oneof(
  fc.constantFrom(null, "", "ana@b.example", "Größe@straße.example", "O'Brien@x.example"),
  fc.constantFrom("=a", "+a", "-a", "'+a", "'a", "''=", "＋a")
    .map((local) => `${local}@b.example`)
    .filter((email) => !email.startsWith("＋")),
);

/** A value for every field that can be written: one that is missing here does not compile. */
const fields: { [Field in keyof typeof settable]: fc.Arbitrary<unknown> } = {
  name: aText(200, ...NAMES),
  email: anEmail,
  company: aText(200, "Acme, Inc.", '"Quoted"'),
  source: orNull(SOURCE),
  status: orNull(STATUS),
  sale_status: orNull(SALE_STATUS),
  stage: orNull(STAGE),
  value: fc.oneof(
    fc.constantFrom(null, 0, -1200.5, 0.01, 1.23, 1234, -999_999_999_999.99, 999_999_999_999.99),
    fc.integer({ min: -1e12, max: 1e12 }).map((cents) => cents / 100),
  ),
  tags: fc.oneof({ weight: 9, arbitrary: tagsOf(5) }, { weight: 1, arbitrary: aHundredTags }),
  notes: aText(20_000, ...NOTES, "x".repeat(20_000)),
  custom: fc.oneof(fc.constant(null), aCustomObject),
  assigned_to: fc.constantFrom(null, "agent", "admin"),
  is_vip: aFlag,
  is_mystery_shopper: aFlag,
  is_contractor: aFlag,
  opted_out: aFlag,
  do_not_call: aFlag,
  avatar_url: orNull(["https://example.com/a.png", "HTTP://x.example/?a=1,2;3&b='\"=1"]),
  channels: fc.array(
    aText(32, "whatsapp", "web", "a,b").map((name) => name || "x").filter((name) =>
      name.trim() !== ""
    ),
    { maxLength: 3 },
  ),
};

type Given = Record<keyof typeof settable | "phone", unknown>;

const someContacts: fc.Arbitrary<Given[]> = fc.uniqueArray(
  fc.record({ phone: aPhone, ...fields }) as fc.Arbitrary<Given>,
  { selector: ({ phone }) => phone, minLength: 1, maxLength: 12 },
);

/** What has to come back: all that can be written, and the country that is read from the phone. */
const COMPARED = ["phone", "country", ...Object.keys(settable)] as (keyof Contact)[];

async function settableFields({ key }: Workspace): Promise<Record<string, unknown>> {
  const contacts = await contactsByPhone(key);
  return Object.fromEntries(
    [...contacts].map(([phone, contact]) => [
      phone,
      Object.fromEntries(COMPARED.map((name) => [name, contact[name]])),
    ]),
  );
}

/** An empty workspace with the same members. */
async function neighbourOf({ agent, admin }: Workspace): Promise<Workspace> {
  const other = await makeWorkspace();
  await withDatabase((sql) =>
    sql`insert into public.workspace_members (workspace_id, user_id, role, handle)
      select ${other.id}, id, 'agent', 'also_' || n
      from unnest(${[agent.userId, admin.userId]}::uuid[]) with ordinality as u (id, n)`
  );
  return other;
}

async function exported({ key }: Workspace): Promise<Uint8Array<ArrayBuffer>> {
  const response = await startExport(key.token);
  return new Uint8Array(await response.arrayBuffer());
}

async function fill(workspace: Workspace, contacts: Given[]): Promise<void> {
  for (const { assigned_to, ...given } of contacts) {
    const member = assigned_to as "agent" | "admin" | null;
    await createContact(workspace.key, {
      ...given,
      assigned_to: member && workspace[member].userId,
    });
  }
}

Deno.test("export followed by import is the identity, field by field", async () => {
  await holds(
    fc.asyncProperty(someContacts, async (contacts) => {
      const workspace = await makeWorkspace();
      await fill(workspace, contacts);
      const before = await settableFields(workspace);
      assert.equal(Object.keys(before).length, contacts.length);
      const file = await exported(workspace);

      const other = await neighbourOf(workspace);
      const done = await importCsv(other.key, file);
      assert.deepEqual([done.status, done.errors], ["completed", []]);
      assert.deepEqual(counts(done), [contacts.length, 0, 0, 0]);
      assert.deepEqual(await settableFields(other), before);
    }),
    20,
  );
});

Deno.test("an export imported into where it came from changes nothing, versions included", async () => {
  await holds(
    fc.asyncProperty(someContacts, async (contacts) => {
      const workspace = await makeWorkspace();
      await fill(workspace, contacts);
      const before = await contactsByPhone(workspace.key);
      const versions = await versionsOf(workspace);
      const file = await exported(workspace);
      const done = await importCsv(workspace.key, file, { on_conflict: "update" });
      assert.deepEqual([done.status, done.errors], ["completed", []]);
      assert.deepEqual(counts(done), [0, contacts.length, 0, 0]);
      assert.deepEqual(await contactsByPhone(workspace.key), before);
      assert.deepEqual(await versionsOf(workspace), versions);
    }),
    8,
  );
});

function versionsOf({ id }: Workspace): Promise<unknown[]> {
  return withDatabase(async (sql) =>
    (await sql`select c.id, c.version, c.name_source,
        (select count(*)::int from public.activity_log a where a.entity_id = c.id) as logged
      from public.contacts c where c.workspace_id = ${id} order by c.id`).map((row) => ({ ...row }))
  );
}
