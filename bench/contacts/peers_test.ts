import assert from "node:assert/strict";
import { verdict } from "./peers.ts";

Deno.test("a product is held against its own aim, ourselves against none", () => {
  assert.deepEqual(verdict("Directus", 10), ["10.0 ×", "≥ 10"]);
  assert.deepEqual(verdict("Directus", 9.99), ["9.99 ×", "≥ 10, **missed**"]);
  assert.deepEqual(verdict("Parse Server", 4), ["4.00 ×", "≥ 4"]);
  assert.deepEqual(verdict("Leadbase", 1), ["", ""]);
});
