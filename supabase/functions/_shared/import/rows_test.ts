import assert from "node:assert/strict";
import { readColumns } from "./columns.ts";
import { readRow, type Surroundings } from "./rows.ts";

const MEMBER = "20000000-0000-4000-8000-000000000001";
const around: Surroundings = {
  country: "CA",
  stages: ["inquiry", "In progress"],
  members: new Set([MEMBER]),
};

/** A row of those columns: its parts, or `column code` of each error. */
function read(given: Record<string, string>, more: string[] = []) {
  const { columns, places } = readColumns(["Phone", ...Object.keys(given)], {});
  const plan = { encoding: "utf-8" as const, delimiter: ",", start: 0, columns, places };
  const result = readRow(["(604) 555-1234", ...Object.values(given), ...more], plan, around);
  if (!result.ok) return result.errors.map(({ column, code }) => `${column} ${code}`);
  assert.equal(result.row.phone, "+16045551234");
  const { country, ...data } = result.row.data;
  assert.equal(country, "CA");
  return result.row.custom ? { ...data, custom: result.row.custom } : data;
}

Deno.test("a cell without text gives nothing", () => {
  assert.deepEqual(read({ name: "  ", email: "", tags: " ", value: "", custom: "" }), {});
});

Deno.test("every field is read as what it is", () => {
  assert.deepEqual(
    read({
      name: "'=Ann ",
      email: "a@b.example ::: c@d.example",
      tags: "a;b,c",
      value: "1.200,50",
      "is vip": "yes",
      status: "Qualified",
      stage: "in_progress",
      source: "LEAD FORM",
      custom: '{"a":{"b":[1]}}',
      "custom.__proto__": "x",
      assigned_to: MEMBER.toUpperCase(),
      channels: "whatsapp;web",
      avatar_url: "https://a.example/x.png",
    }),
    {
      name: "=Ann",
      email: "a@b.example",
      tags: ["a", "b", "c"],
      value: 1200.5,
      is_vip: true,
      status: "qualified",
      stage: "In progress",
      source: "lead_form",
      assigned_to: MEMBER,
      channels: ["whatsapp", "web"],
      avatar_url: "https://a.example/x.png",
      custom: Object.fromEntries([["a", { b: [1] }], ["__proto__", "x"]]),
    },
  );
});

Deno.test("a name is put together from its parts unless there is a whole one", () => {
  const parts = { "First Name": "Ann", "Middle Name": "", "Last Name": "Lee" };
  assert.deepEqual(read(parts), { name: "Ann Lee" });
  assert.deepEqual(read({ ...parts, Name: "Dr. Lee" }), { name: "Dr. Lee" });
  assert.deepEqual(read({ ...parts, Name: "" }), { name: "Ann Lee" });
});

const ERRORS: [Record<string, string>, string[]][] = [
  [{ name: "x".repeat(201) }, ["name too_long"]],
  [{ "First Name": "x".repeat(201) }, ["First Name too_long"]],
  [{ email: "no", status: "open" }, ["email invalid_format", "status invalid_value"]],
  [{ value: "1,234" }, ["value ambiguous_number"]],
  [{ value: "1.2345" }, ["value too_many_decimals"]],
  [{ is_vip: "perhaps" }, ["is_vip invalid_value"]],
  [{ stage: "elsewhere" }, ["stage unknown_stage"]],
  [{ assigned_to: "x" }, ["assigned_to invalid_format"]],
  [{ assigned_to: MEMBER.replace("1", "2") }, ["assigned_to not_a_member"]],
  [{ custom: "{" }, ["custom invalid_format"]],
  [{ custom: "[1]" }, ["custom invalid_type"]],
  [{ custom: "7" }, ["custom invalid_type"]],
  [{ custom: '{"a":"\\u0000"}' }, ["custom invalid_text"]],
  [{ custom: `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}` }, ["custom too_deep"]],
  [{ custom: '{"a":1e999}' }, ["custom too_big"]],
  [{ name: "a\0b" }, ["name invalid_text"]],
  [{ tags: "x".repeat(65) }, ["tags too_long"]],
  [{ avatar_url: "ftp://x" }, ["avatar_url invalid_format"]],
];
for (const [given, errors] of ERRORS) {
  Deno.test(`a row is refused: ${errors}`, () => assert.deepEqual(read(given), errors));
}

Deno.test("errors name the column that the value came from", () => {
  const { columns, places } = readColumns(["Mobile", "Phone"], {});
  const plan = { encoding: "utf-8" as const, delimiter: ",", start: 0, columns, places };
  const column = (cells: string[]) => {
    const result = readRow(cells, plan, around);
    return result.ok ? result.row.phone : `${result.errors[0].column} ${result.errors[0].code}`;
  };
  assert.equal(column(["", "123"]), "Phone too_short");
  assert.equal(column(["123", "6045551234"]), "Mobile too_short");
  assert.equal(column(["", "6045551234"]), "+16045551234");
  assert.equal(column(["", ""]), "Mobile required");
  assert.equal(column([]), "Mobile required");
});

Deno.test("cells beyond the last column are an error unless they are empty", () => {
  assert.deepEqual(read({ name: "A" }, ["", " "]), { name: "A" });
  assert.deepEqual(read({ name: "A" }, ["", "more"]), ["null too_many"]);
});

Deno.test("consent tags count towards no limit, as the contact has them beside a hundred others", () => {
  const hundred = Array.from({ length: 100 }, (_, n) => `t${n}`);
  const tags = [...hundred, "Do Not Call", "opt-out"];
  assert.deepEqual(read({ tags: tags.join(";") }), { tags, opted_out: true, do_not_call: true });
  assert.deepEqual(read({ tags: [...hundred, "t100"].join(";") }), ["tags too_many"]);
});
