import assert from "node:assert/strict";
import type { Refusal } from "../errors.ts";
import { readColumns } from "./columns.ts";

/** `column: field` of all that are mapped, or `path code` of what is wrong. */
function read(names: string[], mapping: Record<string, string | null> = {}): string[] {
  try {
    return readColumns(names, mapping).columns.filter(({ field }) => field !== null)
      .map(({ column, field }) => `${column}: ${field}`);
  } catch (error) {
    const errors = (error as Refusal).problem.members!.errors as { path: string; code: string }[];
    return errors.map(({ path, code }) => `${path} ${code}`);
  }
}

Deno.test("columns are known in any case and punctuation", () => {
  assert.deepEqual(read(["FULL_NAME", "Phone-Number", "e-mail", "is VIP", "Sale Status", "Fax"]), [
    "FULL_NAME: name",
    "Phone-Number: phone",
    "e-mail: email",
    "is VIP: is_vip",
    "Sale Status: sale_status",
  ]);
});

Deno.test("computed fields and strangers are nothing", () => {
  assert.deepEqual(read(["phone", "id", "score", "created_at", "country", "Shoe size", ""]), [
    "phone: phone",
  ]);
});

Deno.test("of several phones the mobile one is preferred", () => {
  const { places } = readColumns(["Home Phone", "Phone 1 - Value", "Mobile Phone"], {});
  assert.deepEqual(places.phone, [2, 1, 0]);
});

Deno.test("a mapping decides, by exact or loose names", () => {
  assert.deepEqual(
    read(["Handy", "Phone", "Name", "Size"], { handy: "phone", Size: "custom.size" }),
    [
      "Handy: phone",
      "Name: name",
      "Size: custom.size",
    ],
  );
  assert.deepEqual(read(["a", "A"], { a: "phone", A: "name" }), ["a: phone", "A: name"]);
  assert.deepEqual(read(["Phone", "Tel", "Name"], { Tel: null, Name: null }), ["Phone: phone"]);
  assert.deepEqual(read(["Phone", "First Name", "Last Name", "X"], { X: "name" }), [
    "Phone: phone",
    "X: name",
  ]);
});

Deno.test("a mapping that cannot be is refused", () => {
  assert.deepEqual(read(["Phone"], { Fax: "notes" }), ["/mapping/Fax unknown_column"]);
  for (const field of ["id", "score", "nothing", "custom.", "custom", "__proto__"]) {
    const expected = field === "custom" ? ["Phone: custom"] : ["/mapping/Phone invalid_value"];
    const found = read(["Phone", "Mobile"], { Phone: field });
    assert.deepEqual(field === "custom" ? found.slice(0, 1) : found, expected, field);
  }
});

Deno.test("without a phone there is no import", () => {
  assert.deepEqual(read(["name", "email"]), ["/mapping required"]);
  assert.deepEqual(read(["Phone"], { Phone: null }), ["/mapping required"]);
});

Deno.test("names of columns have their bounds", () => {
  assert.deepEqual(read(["phone", "a\0"]), ["/file invalid_value"]);
  assert.deepEqual(read(["phone", "a".repeat(1001)]), ["/file invalid_value"]);
  assert.deepEqual(read(["phone", ...Array(1000).fill("x")]), ["/file invalid_value"]);
});

Deno.test("names that objects have are names like others", () => {
  assert.deepEqual(read(["phone", "constructor", "__proto__", "custom.__proto__"]), [
    "phone: phone",
    "custom.__proto__: custom.__proto__",
  ]);
});

Deno.test("a mapping of many names is compared with many columns in one go", () => {
  const names = [
    "phone",
    ...Array.from({ length: 999 }, (_, n) => `Column ${n} ${"x".repeat(200)}`),
  ];
  const mapping = Object.fromEntries(names.map((name) => [name.toUpperCase(), "notes"]));
  const begun = performance.now();
  assert.deepEqual(read(names, { ...mapping, PHONE: "phone" }).slice(0, 2), [
    "phone: phone",
    `${names[1]}: notes`,
  ]);
  assert.ok(performance.now() - begun < 1000);
});
