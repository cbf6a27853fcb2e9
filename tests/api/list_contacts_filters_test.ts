import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import { assertInvalid } from "../support/problem.ts";
import type { Contact, Page } from "../support/types.ts";
import { makeMember, makeWorkspace } from "../support/workspace.ts";

const workspace = await makeWorkspace({ country: "CA" });
const { key, admin, agent } = workspace;
const colleague = await withDatabase((sql) => makeMember(sql, workspace.id, "agent", "kim"));

/** What the API writes, and what only triggers and later computations write. */
const PEOPLE: {
  given: Record<string, unknown>;
  computed: Record<string, unknown>;
  lastContact?: string;
}[] = [
  {
    given: {
      name: "Ana",
      phone: "+1 604 555 0111",
      email: "ana.maria@example.com",
      company: "Acme Corp",
      source: "chat",
      channels: ["whatsapp", "web"],
      value: 100,
      tags: ["red", "blue"],
      notes: "Prefers mornings, 100% sure",
      assigned_to: agent.userId,
      is_vip: true,
    },
    computed: {
      created_at: "2026-01-01T23:30:00Z",
      auto_status: "active",
      score: -5,
      grade: "A",
      sentiment: "very_positive",
      call_count: 0,
      is_at_risk: true,
    },
    lastContact: "2026-03-01T12:00:00Z",
  },
  {
    given: {
      name: "Bénédicte Łukasz",
      phone: "+1 604 555 0222",
      company: "Zürich_Werke",
      source: "broadcast",
      channels: ["whatsapp"],
      status: "contacted",
      sale_status: "pending",
      stage: "closing",
      value: 200.5,
      tags: ["red", "green, light"],
      assigned_to: colleague.userId,
      opted_out: true,
    },
    computed: {
      created_at: "2026-01-02T00:00:00Z",
      auto_status: "qualified",
      score: 40,
      grade: "B",
      sentiment: "negative",
      call_count: 2,
    },
    lastContact: "2026-03-02T12:00:00Z",
  },
  {
    given: {
      name: "Chen 美",
      phone: "+86 138 0013 8000",
      email: "chen@example.org",
      source: "manual",
      status: "lost",
      sale_status: "sold",
      stage: "follow_up",
      tags: ["blue"],
      notes: "met Ana at the fair",
      is_contractor: true,
      do_not_call: true,
    },
    computed: {
      created_at: "2026-01-02T23:59:59.5Z",
      auto_status: "new",
      score: 80,
      call_count: 5,
    },
  },
  {
    given: { phone: "+49 30 901820", value: 0, status: "new", is_mystery_shopper: true },
    computed: { created_at: "2026-01-03T00:00:00Z" },
    lastContact: "2026-03-04T00:00:00Z",
  },
];

/** The people under the letters that the table below calls them by. */
const letters = new Map<string, string>();
for (const [index, { given, computed, lastContact }] of PEOPLE.entries()) {
  const { id } = await createContact(admin, given);
  letters.set(id, "ABCD"[index]);
  await withDatabase(async (sql) => {
    await sql`update public.contacts set ${sql(computed)} where id = ${id}`;
    await sql`update public.contact_activity set last_contact_at = ${lastContact ?? null}
      where contact_id = ${id}`;
  });
}

const FILTERS: [query: string, expected: string][] = [
  ["", "ABCD"],
  // Search: any field, any case, any accents, any part, every word.
  ["search=ana", "AC"],
  ["search=ANA", "AC"],
  ["search=benedicte", "B"],
  ["search=b%C3%89n%C3%A9d", "B"],
  ["search=lukasz", "B"],
  ["search=zurich", "B"],
  ["search=%E7%BE%8E", "C"],
  ["search=example.org", "C"],
  ["search=ana.maria%40", "A"],
  ["search=acme", "A"],
  ["search=mornings", "A"],
  ["search=ana%20corp", "A"],
  ["search=corp%20ana", "A"],
  ["search=%20%20acme%20", "A"],
  ["search=a", "ABC"],
  ["search=%25", "A"],
  ["search=_", "B"],
  ["search=%5C", ""],
  ["search=%27", ""],
  ["search=nobody", ""],
  ["search=", "ABCD"],
  ["search=5550111", "A"],
  ["search=604555", "AB"],
  ["search=%2B1%20(604)%20555-0222", "B"],
  ["search=555.02", "B"],
  ["search=%5B604%5D%20555_0222", "B"],
  ["search=604%C2%B7555%C2%B70222", "B"],
  ["search=lukasz%20604~555~02", "B"],
  ["search=12,5", ""],
  [`search=${encodeURIComponent("٠٠١٣٨٠")}`, "C"],
  [`search=${encodeURIComponent("+۸۶ ۱۳۸")}`, "C"],
  ["search=0", "ABCD"],
  ["search=30%2090", "D"],
  // On the way to +(0)30.
  ["search=%2B(0)", ""],
  ["search=ana%20%2B(0)", ""],
  // Lists: repeated, comma-separated, both.
  ["status=new", "AD"],
  ["status=new,lost", "ACD"],
  ["status=new&status=lost", "ACD"],
  ["status=new,lost&status=contacted", "ABCD"],
  ["status=converted", ""],
  ["auto_status=active", "A"],
  ["auto_status=new,qualified", "BCD"],
  ["source=chat,broadcast", "AB"],
  ["source=import", ""],
  ["channel=web", "A"],
  ["channel=web,whatsapp", "AB"],
  ["channel=fax", ""],
  ["stage=closing", "B"],
  ["stage=inquiry,follow_up", "ACD"],
  ["sale_status=pending&sale_status=sold", "BC"],
  ["sale_status=none", "AD"],
  ["grade=A", "A"],
  ["grade=A,B,F", "AB"],
  ["sentiment=neutral", "CD"],
  ["sentiment=very_positive,negative", "AB"],
  ["tags=red", "AB"],
  ["tags=red,blue", "ABC"],
  ["tags=red&tags=blue", "ABC"],
  ["tags=green%5C%2C%20light", "B"],
  ["tags=RED", ""],
  ["tags=opt-out", "B"],
  ["tags=Do%20Not%20Call", "C"],
  ["tags_all=red,blue", "A"],
  ["tags_all=red&tags_all=opt-out", "B"],
  ["tags_all=red,nothing", ""],
  // Ranges: both ends count, a day is the whole of it, in UTC.
  ["created_from=2026-01-02", "BCD"],
  ["created_to=2026-01-02", "ABC"],
  ["created_from=2026-01-02&created_to=2026-01-02", "BC"],
  ["created_from=2026-01-02T00:00:00Z&created_to=2026-01-02T00:00:00Z", "B"],
  ["created_to=2026-01-02T01:00:00%2B02:00", ""],
  ["created_to=2026-01-02T01:30:00%2B02:00", "A"],
  ["created_to=2026-01-02T01:30:00+02:00", "A"],
  ["last_contact_from=2026-03-02", "BD"],
  ["last_contact_to=2026-03-02", "AB"],
  ["last_contact_from=2026-03-01T12:00:00Z&last_contact_to=2026-03-02T12:00:00Z", "AB"],
  ["last_contact_from=2000-01-01", "ABD"],
  ["call_count_min=1", "BC"],
  ["call_count_max=2", "ABD"],
  ["call_count_min=2&call_count_max=2", "B"],
  ["score_min=40", "BC"],
  ["score_max=0", "AD"],
  ["score_min=-5&score_max=-5", "A"],
  ["value_min=100", "AB"],
  ["value_max=100", "AD"],
  ["value_min=200.5&value_max=200.5", "B"],
  // Yes and no.
  ["has_email=true", "AC"],
  ["has_email=false", "BD"],
  ["is_vip=true", "A"],
  ["is_vip=false", "BCD"],
  ["is_at_risk=true", "A"],
  ["is_at_risk=false", "BCD"],
  ["is_mystery_shopper=true", "D"],
  ["is_mystery_shopper=false", "ABC"],
  ["is_contractor=true", "C"],
  ["is_contractor=false", "ABD"],
  ["opted_out=true", "B"],
  ["opted_out=false", "ACD"],
  ["do_not_call=true", "C"],
  ["do_not_call=false", "ABD"],
  // Whose.
  ["assigned_to=none", "CD"],
  [`assigned_to=${agent.userId}`, "A"],
  [`assigned_to=${colleague.userId.toUpperCase()}`, "B"],
  [`assigned_to=${crypto.randomUUID()}`, ""],
  // All together.
  ["status=new&tags=red&has_email=true&search=ana&is_vip=true&score_max=0&channel=web", "A"],
  ["tags=red&is_vip=false&created_from=2026-01-01&value_min=1", "B"],
  ["has_email=true&assigned_to=none&status=new", ""],
];

for (const [query, expected] of FILTERS) {
  Deno.test(`?${query} finds ${expected || "nobody"}`, async () => {
    const answer = await key.get<Page<Contact>>(`list-contacts?${query}`);
    assert.equal(answer.status, 200, answer.text);
    const found = answer.body.data.map(({ id }) => letters.get(id)).toSorted().join("");
    assert.equal(found, expected);
  });
}

Deno.test("assigned_to=me is whoever asks; a key is nobody", async () => {
  const found = async (asker: typeof key) => {
    const answer = await asker.get<Page<Contact>>("list-contacts?assigned_to=me");
    assert.equal(answer.status, 200, answer.text);
    return answer.body.data.map(({ name }) => name);
  };
  assert.deepEqual(await found({ ...agent, id: "" }), ["Ana"]);
  assert.deepEqual(await found({ ...colleague, id: "" }), ["Bénédicte Łukasz"]);
  assert.deepEqual(await found({ ...admin, id: "" }), []);
  assert.deepEqual(await found(key), []);
});

Deno.test("a listed contact is the contact as get-contact has it", async () => {
  const { body } = await key.get<Page<Contact>>("list-contacts?search=acme");
  const [listed] = body.data;
  const got = await key.get<{ data: Record<string, unknown> }>(
    `get-contact?contact_id=${listed.id}`,
  );
  const { conversation: _, latest_notes: _n, identities: _i, latest_sentiment: _s, ...contact } =
    got.body.data;
  assert.deepEqual({ ...listed }, contact);
});

Deno.test("nothing of another workspace is ever listed", async () => {
  const other = await makeWorkspace();
  const answer = await other.key.get<Page<Contact>>("list-contacts?search=ana&count=exact");
  assert.deepEqual(answer.body, { data: [], next_cursor: null, total: 0 });
});

const REFUSED: [query: string, findings: Record<string, string>][] = [
  ["colour=red", { "/colour": "unknown_parameter" }],
  ["Status=new", { "/Status": "unknown_parameter" }],
  ["__proto__=1", { "/__proto__": "unknown_parameter" }],
  ["status=new,hot", { "/status/1": "invalid_value" }],
  ["status=", { "/status/0": "invalid_value" }],
  ["tags=", { "/tags/0": "too_short" }],
  ["is_vip=yes", { "/is_vip": "invalid_value" }],
  ["is_vip=true&is_vip=true", { "/is_vip": "repeated" }],
  ["has_email=1", { "/has_email": "invalid_value" }],
  ["created_from=yesterday", { "/created_from": "invalid_format" }],
  ["created_from=2026-02-30", { "/created_from": "invalid_format" }],
  ["created_from=2026-01-01T10:00:00", { "/created_from": "invalid_format" }],
  ["call_count_min=-1", { "/call_count_min": "too_small" }],
  ["call_count_min=many", { "/call_count_min": "invalid_type" }],
  ["score_min=1.5", { "/score_min": "invalid_type" }],
  ["score_max=99999999999", { "/score_max": "too_big" }],
  ["value_min=1e3", { "/value_min": "invalid_type" }],
  ["assigned_to=you", { "/assigned_to": "invalid_format" }],
  ["search=" + "x".repeat(201), { "/search": "too_long" }],
  ["search=a%00b", { "/search": "invalid_text" }],
  ["search=%FF", { "": "invalid_encoding" }],
  ["sort=email", { "/sort": "invalid_value" }],
  ["sort=--name", { "/sort": "invalid_value" }],
  ["count=yes", { "/count": "invalid_value" }],
  ["limit=0&foo=1", { "/limit": "too_small", "/foo": "unknown_parameter" }],
];

for (const [query, findings] of REFUSED) {
  Deno.test(`?${query.slice(0, 60)} is 422`, async () => {
    assertInvalid(await key.get(`list-contacts?${query}`), findings);
  });
}
