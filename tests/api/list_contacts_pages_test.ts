import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Contact, Page } from "../support/types.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";

/** A workspace with contacts that share sort keys, or have none. */
async function makeCrowd(size: number): Promise<Workspace> {
  const workspace = await makeWorkspace();
  await withDatabase(async (sql) => {
    await sql`
      insert into public.contacts
        (workspace_id, name, phone, value, score, created_at, updated_at)
      select ${workspace.id},
        case n % 4 when 0 then null when 1 then 'ÉMILE' when 2 then 'émile ' || n else 'Zoe, "' || n end,
        '+49301' || lpad(n::text, 6, '0'),
        case n % 3 when 0 then null when 1 then 10.50 else -n end,
        n % 2,
        '2026-01-01'::timestamptz + (n / 5) * interval '0.000001 s',
        '2026-02-01'::timestamptz + (n / 4) * interval '1 s'
      from generate_series(1, ${size}) n`;
    await sql`
      update public.contact_activity a
      set last_contact_at = '2026-03-01'::timestamptz + (n / 6) * interval '1 hour'
      from public.contacts c, generate_series(3, ${size}, 3) n
      where c.id = a.contact_id and c.workspace_id = ${workspace.id}
        and c.phone = '+49301' || lpad(n::text, 6, '0')`;
  });
  return workspace;
}

const crowd = await makeCrowd(23);
const { key } = crowd;

async function pages(search: string): Promise<Page<Contact>[]> {
  const found: Page<Contact>[] = [];
  let at = "";
  do {
    const answer = await key.get<Page<Contact>>(`list-contacts?${search}${at}`);
    assert.equal(answer.status, 200, answer.text);
    found.push(answer.body);
    at = `&cursor=${encodeURIComponent(answer.body.next_cursor ?? "")}`;
  } while (found.at(-1)!.next_cursor !== null);
  return found;
}

/** As Postgres sorts: nothing is least, texts in lower case. */
const SORT_KEYS: Record<string, (contact: Contact) => string | number> = {
  created_at: ({ created_at }) => created_at,
  updated_at: ({ updated_at }) => updated_at,
  last_contact_at: ({ last_contact_at }) => last_contact_at ?? "",
  value: ({ value }) => value ?? 0,
  score: ({ score }) => score,
};

for (const [sort, keyOf] of Object.entries(SORT_KEYS)) {
  for (const sign of ["", "-"]) {
    Deno.test(`sort=${sign}${sort} pages through everybody once, in order`, async () => {
      const [all] = await pages(`sort=${sign}${sort}&limit=200`);
      assert.equal(all.data.length, 23);
      const expected = all.data.toSorted((a, b) => {
        const [left, right] = [keyOf(a), keyOf(b)];
        const order = left < right ? -1 : left > right ? 1 : a.id < b.id ? -1 : 1;
        return sign === "-" ? -order : order;
      });
      assert.deepEqual(all.data, expected);
      const paged = await pages(`sort=${sign}${sort}&limit=4`);
      assert.deepEqual(paged.map(({ data }) => data.length), [4, 4, 4, 4, 4, 3]);
      assert.deepEqual(paged.flatMap(({ data }) => data), expected);
    });
  }
}

for (const sign of ["", "-"]) {
  Deno.test(`sort=${sign}name pages through everybody once, case aside, the nameless first`, async () => {
    const paged = (await pages(`sort=${sign}name&limit=5`)).flatMap(({ data }) => data);
    assert.equal(new Set(paged.map(({ id }) => id)).size, 23);
    const kinds = paged.map(({ name }) => (name ?? "-").slice(0, 3).toLowerCase());
    const runs = kinds.filter((kind, at) => kind !== kinds[at - 1]);
    const expected = ["-", "zoe", "émi"];
    // Where É stands is the collation's to say; that it is one run with é is ours.
    assert.deepEqual(runs.toSorted(), expected);
    assert.equal(sign === "" ? runs[0] : runs.at(-1), "-");
  });
}

Deno.test("without a sort the newest come first, fifty of them", async () => {
  const { key } = await makeCrowd(51);
  const first = await key.get<Page<Contact>>("list-contacts");
  assert.equal(first.body.data.length, 50);
  const explicit = await key.get<Page<Contact>>("list-contacts?sort=-created_at&limit=50");
  assert.deepEqual(first.body.data, explicit.body.data);
  const cursor = encodeURIComponent(first.body.next_cursor!);
  const rest = await key.get<Page<Contact>>(`list-contacts?cursor=${cursor}`);
  assert.deepEqual([rest.body.data.length, rest.body.next_cursor], [1, null]);
});

Deno.test("a page that ends with the last contact has no next one", async () => {
  const answer = await key.get<Page<Contact>>("list-contacts?limit=23");
  assert.deepEqual([answer.body.data.length, answer.body.next_cursor], [23, null]);
  assert.deepEqual(Object.keys(answer.body), ["data", "next_cursor"]);
});

Deno.test("the page size is 1 to 200", async () => {
  for (const limit of ["1", "200"]) {
    const answer = await key.get<Page<Contact>>(`list-contacts?limit=${limit}`);
    assert.equal(answer.body.data.length, Math.min(Number(limit), 23));
  }
  const refused: Record<string, string> = {
    "0": "too_small",
    "-1": "too_small",
    "201": "too_big",
    "1.5": "invalid_type",
    "ten": "invalid_type",
    "": "invalid_type",
    "0x10": "invalid_type",
  };
  for (const [limit, code] of Object.entries(refused)) {
    assertInvalid(await key.get(`list-contacts?limit=${limit}`), { "/limit": code });
  }
});

Deno.test("count=exact says how many match, count=none and no count say nothing", async () => {
  const total = async (search: string) => {
    const answer = await key.get<Page<Contact>>(`list-contacts?${search}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.body.total;
  };
  assert.equal(await total("count=exact&limit=3"), 23);
  assert.equal(await total("count=exact&search=zoe"), 6);
  assert.equal(await total("count=exact&status=lost"), 0);
  assert.equal(await total("count=none"), undefined);
  assert.equal(await total("limit=3"), undefined);
});

Deno.test("count=exact says the same on every page", async () => {
  const paged = await pages("count=exact&limit=10");
  assert.deepEqual(paged.map(({ total }) => total), [23, 23, 23]);
});

Deno.test("count=estimated is of the right order once the planner knows the table", async () => {
  const { key } = await makeCrowd(400);
  await withDatabase((sql) => sql`analyze public.contacts`);
  const answer = await key.get<Page<Contact>>("list-contacts?count=estimated&limit=1");
  const total = answer.body.total!;
  assert.equal(Number.isInteger(total) && total > 40 && total < 4000, true, `estimated ${total}`);
});

Deno.test("contacts that come while pages are turned neither repeat nor hide others", async () => {
  const { key } = await makeCrowd(12);
  const first = await key.get<Page<Contact>>("list-contacts?sort=name&limit=6");
  const added = [
    await createContact(key, { name: "!first" }),
    await createContact(key, { name: "~last" }),
  ];
  const cursor = encodeURIComponent(first.body.next_cursor!);
  const second = await key.get<Page<Contact>>(`list-contacts?sort=name&limit=100&cursor=${cursor}`);
  const ids = [...first.body.data, ...second.body.data].map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  const late = added.map(({ id }) => id);
  assert.equal(ids.filter((id) => !late.includes(id)).length, 12);
});

Deno.test("a cursor still leads on when the contact it points at is gone", async () => {
  const { key, id } = await makeCrowd(6);
  const first = await key.get<Page<Contact>>("list-contacts?limit=3");
  await withDatabase((sql) =>
    sql`delete from public.contacts where workspace_id = ${id} and id = ${first.body.data[2].id}`
  );
  const cursor = encodeURIComponent(first.body.next_cursor!);
  const second = await key.get<Page<Contact>>(`list-contacts?limit=3&cursor=${cursor}`);
  assert.equal(second.body.data.length, 3);
});

const cursorOf = async (search: string) =>
  (await key.get<Page<Contact>>(`list-contacts?${search}`)).body.next_cursor!;

async function assertRefused(search: string, asker = key): Promise<void> {
  assertProblem(await asker.get(`list-contacts?${search}`), 400, "invalid_cursor");
}

Deno.test("a cursor belongs to its filter and its sort", async () => {
  const cursor = encodeURIComponent(await cursorOf("sort=value&limit=2&status=new"));
  const next = await key.get(`list-contacts?sort=value&status=new&limit=7&cursor=${cursor}`);
  assert.equal(next.status, 200, next.text);
  for (
    const search of [
      "sort=-value&status=new",
      "sort=score&status=new",
      "status=new",
      "sort=value",
      "sort=value&status=new,lost",
      "sort=value&status=new&is_vip=false",
    ]
  ) await assertRefused(`${search}&cursor=${cursor}`);
});

Deno.test("a cursor belongs to its workspace", async () => {
  const cursor = encodeURIComponent(await cursorOf("limit=2"));
  const other = await makeCrowd(3);
  await assertRefused(`cursor=${cursor}`, other.key);
});

Deno.test("a cursor that was altered anywhere is refused", async () => {
  const cursor = await cursorOf("limit=2");
  for (let at = 0; at < cursor.length; at++) {
    // The last character of base64 may carry bits that mean nothing.
    const other = cursor[at] === "A" ? "Q" : "A";
    const altered = cursor.slice(0, at) + other + cursor.slice(at + 1);
    await assertRefused(`cursor=${encodeURIComponent(altered)}`);
  }
  await assertRefused(`cursor=${encodeURIComponent(cursor.slice(0, -4))}`);
  await assertRefused(`cursor=${encodeURIComponent(`${cursor}AAAA`)}`);
});

Deno.test("garbage for a cursor is refused", async () => {
  const forged = btoa(JSON.stringify(["2026-01-01", crypto.randomUUID()]));
  for (const cursor of ["x", "null", "eyJ9", "%00", "' or 1=1", "🌸", "A".repeat(2000), forged]) {
    const answer = await key.get(`list-contacts?cursor=${encodeURIComponent(cursor)}`);
    assertProblem(answer, 400, "invalid_cursor");
  }
});
