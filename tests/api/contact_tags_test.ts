import assert from "node:assert/strict";
import { createContact, updateContact } from "../support/contacts.ts";
import { assertInvalid } from "../support/problem.ts";
import type { Data } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";

type Tags = Data<{ tag: string; count: number }[]>;

Deno.test("tags with their counts, the most used first, then by name", async () => {
  const { key, agent } = await makeWorkspace();
  assert.deepEqual((await key.get<Tags>("contact-tags")).body, { data: [] });
  await createContact(key, { tags: ["VIP", "b", "a"] });
  await createContact(key, { tags: ["VIP", "b"] });
  const last = await createContact(key, { tags: ["VIP"], opted_out: true });
  const expected = [
    { tag: "VIP", count: 3 },
    { tag: "b", count: 2 },
    { tag: "a", count: 1 },
    { tag: "opt-out", count: 1 },
  ];
  assert.deepEqual((await key.get<Tags>("contact-tags")).body, { data: expected });
  assert.deepEqual((await agent.get<Tags>("contact-tags")).body, { data: expected });
  await updateContact(key, last.id, { tags: null });
  assert.deepEqual((await key.get<Tags>("contact-tags")).body.data, [
    { tag: "VIP", count: 2 },
    { tag: "b", count: 2 },
    { tag: "a", count: 1 },
  ]);
});

Deno.test("the tags of another workspace are not among them", async () => {
  const [one, other] = [await makeWorkspace(), await makeWorkspace()];
  await createContact(one.key, { tags: ["secret"] });
  assert.deepEqual((await other.key.get<Tags>("contact-tags")).body, { data: [] });
});

Deno.test("no parameter is taken", async () => {
  const { key } = await makeWorkspace();
  assertInvalid(await key.get("contact-tags?limit=3"), { "/limit": "unknown_parameter" });
});
