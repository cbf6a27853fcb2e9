import assert from "node:assert/strict";
import { JsonList } from "./json_text.ts";

Deno.test("a list is the JSON text of its items, however long and in whatever script", () => {
  const items = [
    { a: 1, b: null },
    ..."aé李😀".split("").map((text) => [text]),
    ...Array.from({ length: 300 }, (_, n) => "李é😀".repeat(n * n % 777)),
    "x".repeat(1_000_000),
  ];
  const list = new JsonList();
  assert.equal(list.isEmpty, true);
  assert.equal(list.toString(), "[]");
  for (const item of items) list.add(item);
  assert.equal(list.isEmpty, false);
  assert.equal(list.toString(), JSON.stringify(items));
});
