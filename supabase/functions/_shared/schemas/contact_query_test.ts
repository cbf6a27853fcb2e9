import assert from "node:assert/strict";
import type { Refusal } from "../errors.ts";
import { readQuery } from "../request.ts";
import { listParameters, validate } from "../validation.ts";
import { contactQuery, listArguments } from "./contact_query.ts";

const LISTS = listParameters(contactQuery);

/** The arguments of the operation, without those not given, or `path code` of each error. */
function read(search: string): unknown {
  try {
    const query = validate(contactQuery, readQuery(search, LISTS), "query");
    return JSON.parse(JSON.stringify(listArguments(query)));
  } catch (error) {
    const { members } = (error as Refusal).problem;
    return (members?.errors as { path: string; code: string }[]).map(({ path, code }) =>
      `${path} ${code}`
    ).join(", ");
  }
}

Deno.test("lists are those that are documented as repeatable", () => {
  assert.deepEqual(
    [...LISTS].sort(),
    [
      "auto_status",
      "channel",
      "grade",
      "sale_status",
      "sentiment",
      "source",
      "stage",
      "status",
      "tags",
      "tags_all",
    ],
  );
});

Deno.test("without a query there is no filter", () => {
  assert.deepEqual(read(""), { filter: {} });
  assert.deepEqual(read("?search="), { filter: {} });
  assert.deepEqual(read("?search=%20%20"), { filter: {} });
});

const ID = "0198f6c2-7d1e-7c3a-9b52-3f1d5a6b7c8d";

const FILTERS: [search: string, filter: Record<string, unknown>][] = [
  ["search=J%C3%B6+S", { search: "Jö S" }],
  ["status=new,contacted&status=lost", { status: ["new", "contacted", "lost"] }],
  ["tags=VIP&tags_all=a,b%5C,c", { tags: ["VIP"], tags_all: ["a", "b,c"] }],
  ["has_email=true&is_vip=false", { has_email: true, is_vip: false }],
  ["call_count_min=0&call_count_max=10", { call_count_min: 0, call_count_max: 10 }],
  ["score_min=-5&value_max=10.55", { score_min: -5, value_max: 10.55 }],
  ["assigned_to=me", { assigned_to: "me" }],
  ["assigned_to=none", { assigned_to: "none" }],
  [`assigned_to=${ID.toUpperCase()}`, { assigned_to: ID }],
  ["created_from=2026-11-01", { created_from: "2026-11-01T00:00:00Z" }],
  ["created_to=2026-11-01", { created_to: "2026-11-01T23:59:59.999999Z" }],
  ["created_from=2026-11-01T10:00:00Z", { created_from: "2026-11-01T10:00:00Z" }],
  ["last_contact_to=2026-11-01T10:00:00.5%2B02:00", {
    last_contact_to: "2026-11-01T10:00:00.5+02:00",
  }],
  ["last_contact_to=2026-11-01T10:00:00+02:00", { last_contact_to: "2026-11-01T10:00:00+02:00" }],
  ["last_contact_to=2026-11-01T10:00:00-15:59", { last_contact_to: "2026-11-01T10:00:00-15:59" }],
];

for (const [search, filter] of FILTERS) {
  Deno.test(`a list takes ${search}`, () => assert.deepEqual(read(`?${search}`), { filter }));
}

Deno.test("sort, page and count are no filters", () => {
  assert.deepEqual(
    read("?sort=-last_contact_at&limit=200&cursor=abc&count=exact"),
    { filter: {}, sort: "-last_contact_at", limit: 200, cursor: "abc", count: "exact" },
  );
});

const REFUSED: [search: string, errors: string][] = [
  ["limit=0", "/limit too_small"],
  ["limit=201", "/limit too_big"],
  ["limit=1.5", "/limit invalid_type"],
  ["limit=abc", "/limit invalid_type"],
  ["limit=", "/limit invalid_type"],
  ["limit=1e1", "/limit invalid_type"],
  ["limit=0x10", "/limit invalid_type"],
  ["status=open", "/status/0 invalid_value"],
  ["status=", "/status/0 invalid_value"],
  ["status=new,", "/status/1 invalid_value"],
  ["tags=", "/tags/0 too_short"],
  ["has_email=yes", "/has_email invalid_value"],
  ["assigned_to=bob", "/assigned_to invalid_format"],
  ["sort=phone", "/sort invalid_value"],
  ["sort=--name", "/sort invalid_value"],
  ["count=all", "/count invalid_value"],
  ["cursor=", "/cursor too_short"],
  ["created_from=yesterday", "/created_from invalid_format"],
  ["created_from=2026-02-30", "/created_from invalid_format"],
  ["created_from=2026-11-01T10:00:00", "/created_from invalid_format"],
  ["created_from=0000-01-01", "/created_from invalid_value"],
  ["created_from=2026-11-01T10:00:00%2B16:00", "/created_from invalid_format"],
  ["created_to=2026-11-01T10:00:00-23:59", "/created_to invalid_format"],
  [`created_to=2026-11-01T10:00:00.${"1".repeat(120)}Z`, "/created_to invalid_format"],
  ["call_count_min=-1", "/call_count_min too_small"],
  ["score_max=99999999999", "/score_max too_big"],
  ["value_min=1e400", "/value_min invalid_type"],
  ["filter_id=1", "/filter_id invalid_format"],
];

for (const [search, errors] of REFUSED) {
  Deno.test(`a list refuses ${search}: ${errors}`, () => assert.equal(read(`?${search}`), errors));
}
