import assert from "node:assert/strict";
import { contactFilter } from "../../supabase/functions/_shared/schemas/contact_query.ts";
import { cases } from "./cases.ts";

const lists = cases().flatMap(({ paths }) => paths).filter((path) => path.startsWith("/list-"))
  .map((path) => Object.fromEntries(new URL(path, "http://x").searchParams));

Deno.test("every filter of list-contacts is measured", () => {
  const measured = new Set(lists.flatMap((query) => Object.keys(query)));
  // A saved filter is made of the others.
  const missing = Object.keys(contactFilter)
    .filter((name) => name !== "filter_id" && !measured.has(name));
  assert.deepEqual(missing, []);
});

Deno.test("every sort is, in both directions, and each count but none", () => {
  for (const name of ["created_at", "last_contact_at", "updated_at", "name", "value", "score"]) {
    for (const sort of [name, `-${name}`]) {
      assert.ok(lists.some((query) => query.sort === sort), sort);
    }
  }
  assert.deepEqual(
    new Set(lists.map((query) => query.count)),
    new Set([undefined, "estimated", "exact"]),
  );
});

Deno.test("health comes first, and no two cases have one name", () => {
  const names = cases().map(({ name }) => name);
  assert.equal(names[0], "health");
  assert.equal(new Set(names).size, names.length);
});

Deno.test("values are spelled as a query wants them, and lists stay lists", () => {
  const has = (wanted: Record<string, string>) =>
    lists.some((query) => Object.entries(wanted).every(([name, value]) => query[name] === value));
  assert.ok(has({ tags: "founder circle" }));
  assert.ok(has({ tags_all: "customer,newsletter" }));
  assert.ok(has({ search: "(416) 683" }));
  assert.ok(has({ search: "maria", status: "converted" }));
});
