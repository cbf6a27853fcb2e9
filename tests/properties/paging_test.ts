/** A list pages through exactly the contacts that match, each once, whatever others do meanwhile. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Sql, withDatabase } from "../support/database.ts";
import { query } from "../support/http.ts";
import type { Contact, Page } from "../support/types.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import { type Filter, inOrder, matches } from "./contact_model.ts";
import {
  addContacts,
  AUTO_STATUS,
  changeContact,
  CHANNEL,
  GRADE,
  SALE_STATUS,
  SCORES,
  SENTIMENT,
  SOURCE,
  STAGE,
  STATUS,
  TAGS,
  TIMES,
} from "./people.ts";
import { holds } from "./runs.ts";

const anyOf = (values: readonly string[]) => fc.subarray([...values], { minLength: 1 });
const time = fc.constantFrom(
  ...TIMES,
  "2026-02-01",
  "2026-02-01T13:30:00+01:00",
  "2026-06-01T00:00:00Z",
);
const money = fc.constantFrom(-2, -1.5, 0, 950.49, 950.5, 1200, 5000);

const SEARCHES = [
  ..."a,an,ANA,ána lopez,lopez ana,an a,12,+62 81,(62),081 2,100%,_,\\,%%,日,日本,本語,acme mornings,nunez,zoe,zoë"
    .split(","),
  ..."ana later,weiss,lukasz o'b,o'brien,ipek,IŞIK,isik,фед,ФЁДОР,кузнецов ф,محمد,احمد,إحمد,דוד,כה,김,민준,प्रि,शर्मा"
    .split(","),
  ..."παπαδοπουλοσ,αλεξ,ａｎａ,tab,spaces,24-7,7,& ,' ,it's,example.com,@,söhne,soh,n,\u0301,qzx,龍"
    .split(","),
];

/** Also what is there: a part of a phone number, in several notations, or an e-mail address. */
function anySearch(known: Contact[]): fc.Arbitrary<string> {
  const phones = known.flatMap(({ phone }) => phone === null ? [] : [phone]);
  const emails = known.flatMap(({ email }) => email === null ? [] : [email]);
  return fc.oneof(
    { arbitrary: fc.constantFrom(...SEARCHES), weight: 6 },
    // What some have at a beginning, and others within.
    {
      arbitrary: fc.constantFrom("a", "an", "n", "l", "o", "e", "6", "62", "s", "a l", "日"),
      weight: 6,
    },
    {
      arbitrary: fc.tuple(fc.constantFrom(...SEARCHES), fc.constantFrom(...SEARCHES)).map((two) =>
        two.join(" ")
      ),
      weight: 1,
    },
    fc.constantFrom(...phones),
    fc.constantFrom(...phones).map((phone) => `0${phone.slice(3, 6)} / ${phone.slice(6)}`),
    fc.constantFrom(...phones).map((phone) => `(${phone.slice(4, 7)}) ${phone.slice(7, 9)}`),
    fc.constantFrom(...emails),
    fc.constantFrom(...emails).map((email) => ` ${email.slice(0, 9).toUpperCase()} `),
  );
}

function anyFilter(workspace: Workspace, known: Contact[]): fc.Arbitrary<Filter> {
  return fc.record({
    search: anySearch(known),
    status: anyOf(STATUS),
    auto_status: anyOf(AUTO_STATUS),
    source: anyOf(SOURCE),
    channel: anyOf(CHANNEL),
    stage: anyOf(STAGE),
    sale_status: anyOf(SALE_STATUS),
    grade: anyOf(GRADE),
    sentiment: anyOf(SENTIMENT),
    tags: anyOf(TAGS),
    tags_all: anyOf(TAGS),
    created_from: time,
    created_to: time,
    last_contact_from: time,
    last_contact_to: time,
    has_email: fc.boolean(),
    call_count_min: fc.nat({ max: 8 }),
    call_count_max: fc.nat({ max: 8 }),
    score_min: fc.constantFrom(...SCORES),
    score_max: fc.constantFrom(...SCORES),
    value_min: money,
    value_max: money,
    assigned_to: fc.constantFrom("none", workspace.agent.userId, workspace.admin.userId),
    is_vip: fc.boolean(),
    is_at_risk: fc.boolean(),
    is_mystery_shopper: fc.boolean(),
    is_contractor: fc.boolean(),
    opted_out: fc.boolean(),
    do_not_call: fc.boolean(),
  }, { requiredKeys: [] }).chain((filter) =>
    // All at once match nobody: a few of them do.
    fc.subarray(Object.keys(filter), { maxLength: Math.min(3, Object.keys(filter).length) })
      .map((names) => Object.fromEntries(names.map((name) => [name, filter[name as never]])))
  );
}

/** None at all: newest first, or as a search ranks. */
const SORTS = [undefined, "created_at", "last_contact_at", "updated_at", "name", "value", "score"];

/** As parameters: a comma within a value, and the backslash that marks it, are escaped. */
function parametersOf(filter: Filter): Record<string, string> {
  return Object.fromEntries(
    Object.entries(filter).map(([name, value]) => [
      name,
      Array.isArray(value)
        ? value.map((item) => item.replaceAll(",", "\\,")).join(",")
        : String(value),
    ]),
  );
}

async function pageThrough(
  workspace: Workspace,
  parameters: Record<string, string>,
): Promise<Contact[]> {
  const seen: Contact[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const page: Record<string, string> = cursor === "" ? parameters : { ...parameters, cursor };
    const { status, text, body } = await workspace.key.get<Page<Contact>>(
      `list-contacts${query(page)}`,
    );
    assert.equal(status, 200, text);
    assert.equal(body.data.length <= Number(parameters.limit), true);
    assert.equal(body.next_cursor === null || body.data.length > 0, true);
    seen.push(...body.data);
    cursor = body.next_cursor;
  }
  return seen;
}

/** Adds, changes and removes contacts until told to stop; the ones it was given stay as they are. */
function disturb(sql: Sql, workspace: Workspace): { stop(): Promise<void> } {
  let stopped = false;
  const added: string[] = [];
  const working = (async () => {
    while (!stopped) {
      added.push(...await addContacts(sql, workspace, 3));
      for (const id of added.slice(-6)) await changeContact(sql, workspace, id);
      if (added.length > 12) await sql`delete from public.contacts where id = ${added.shift()!}`;
    }
    await sql`delete from public.contacts where id in ${sql(added)}`;
  })();
  return {
    async stop() {
      stopped = true;
      await working;
    },
  };
}

Deno.test("any filter, sort and page size: every match exactly once, while contacts come and go", async () => {
  const workspace = await makeWorkspace();
  await withDatabase(async (sql) => {
    const ids = await addContacts(sql, workspace, 80);
    const known = await pageThrough(workspace, { limit: "200" });
    assert.deepEqual(known.map(({ id }) => id).sort(), ids.sort());
    const lists = fc.record({
      // A search alone and without a sort is what is ranked.
      filter: fc.oneof(anyFilter(workspace, known), fc.record({ search: anySearch(known) })),
      sort: fc.oneof(fc.constant(undefined), fc.constantFrom(...SORTS)),
      descending: fc.boolean(),
      limit: fc.integer({ min: 1, max: 25 }),
    });
    await holds(
      fc.asyncProperty(lists, async ({ filter, sort: field, descending, limit }) => {
        const disturbance = disturb(sql, workspace);
        const sort = field && (descending ? `-${field}` : field);
        try {
          const parameters = {
            ...parametersOf(filter),
            ...sort === undefined ? {} : { sort },
            limit: String(limit),
          };
          const seen = await pageThrough(workspace, parameters);
          assertShown(seen, known, filter);
          const stayed = seen.filter(({ id }) => ids.includes(id));
          assert.deepEqual(stayed.map(({ id }) => id), inOrder(stayed, filter, sort));
        } finally {
          await disturbance.stop();
        }
        const counted = await workspace.key.get<Page<Contact>>(
          `list-contacts${query({ ...parametersOf(filter), count: "exact", limit: 1 })}`,
        );
        assert.equal(counted.body.total, known.filter((one) => matches(one, filter)).length);
      }),
      40,
    );
  });
});

function assertShown(seen: Contact[], known: Contact[], filter: Filter): void {
  const ids = new Set(known.map(({ id }) => id));
  const shown = seen.map(({ id }) => id).filter((id) => ids.has(id));
  const expected = known.filter((contact) => matches(contact, filter)).map(({ id }) => id);
  assert.deepEqual(shown.sort(), expected.sort());
  // Also what came meanwhile is shown as it was when it was read: matching.
  assert.deepEqual(seen.filter((contact) => !matches(contact, filter)), []);
}
