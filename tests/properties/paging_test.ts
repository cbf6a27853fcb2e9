/** A list pages through exactly the contacts that match, each once, whatever others do meanwhile. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Sql, withDatabase } from "../support/database.ts";
import { query } from "../support/http.ts";
import type { Contact, Page } from "../support/types.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import { type Filter, matches, sortKey } from "./contact_model.ts";
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

function anyFilter(workspace: Workspace): fc.Arbitrary<Filter> {
  return fc.record({
    search: fc.constantFrom(
      "a",
      "an",
      "ANA",
      "ána lopez",
      "12",
      "+62 81",
      "(62)",
      "100%",
      "_",
      "\\",
      "%%",
      "日",
      "acme mornings",
      "nunez",
      "zoe",
    ),
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

const SORTS = ["created_at", "last_contact_at", "updated_at", "name", "value", "score"];

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
      filter: anyFilter(workspace),
      sort: fc.constantFrom(...SORTS),
      descending: fc.boolean(),
      limit: fc.integer({ min: 1, max: 25 }),
    });
    await holds(
      fc.asyncProperty(lists, async ({ filter, sort, descending, limit }) => {
        const disturbance = disturb(sql, workspace);
        try {
          const parameters = {
            ...parametersOf(filter),
            sort: descending ? `-${sort}` : sort,
            limit: String(limit),
          };
          const seen = await pageThrough(workspace, parameters);
          assertShown(seen, known, filter);
          assertSorted(seen.filter(({ id }) => ids.includes(id)), sort, descending);
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

function assertSorted(contacts: Contact[], sort: string, descending: boolean): void {
  const keys = contacts.map((contact) => sortKey(contact, sort));
  if (keys.some((key) => key === undefined)) return;
  const numbers = keys as number[];
  for (let at = 1; at < numbers.length; at++) {
    const [before, after] = [numbers[at - 1], numbers[at]];
    assert.equal(descending ? before >= after : before <= after, true, `${sort}: ${numbers}`);
  }
}
