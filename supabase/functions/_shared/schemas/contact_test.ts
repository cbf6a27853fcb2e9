import assert from "node:assert/strict";
import { Refusal } from "../errors.ts";
import { validate } from "../validation.ts";
import { COMPUTED_FIELDS, contactChange, newContact } from "./contact.ts";
import { CONTACT_EXAMPLE } from "./examples.ts";

const ID = CONTACT_EXAMPLE.id;

/** The fields as they are handed on, or `path code` of each error. */
function change(fields: Record<string, unknown>): unknown {
  try {
    const { contact_id: _, ...rest } = validate(
      contactChange,
      { contact_id: ID, ...fields },
      "body",
      COMPUTED_FIELDS,
    );
    return rest;
  } catch (error) {
    const { members } = (error as Refusal).problem;
    return (members?.errors as { path: string; code: string }[]).map(({ path, code }) =>
      `${path} ${code}`
    ).join(", ");
  }
}

function nested(depth: number): unknown {
  return depth === 0 ? 1 : { a: nested(depth - 1) };
}

const KEPT: [given: Record<string, unknown>, kept?: Record<string, unknown>][] = [
  [{}],
  [{ name: "  Ana  " }, { name: "Ana" }],
  [{ name: "" }, { name: null }],
  [{ name: "👍".repeat(200) }],
  [{
    name: null,
    email: null,
    company: null,
    notes: null,
    avatar_url: null,
    assigned_to: null,
    value: null,
  }],
  [{
    status: null,
    sale_status: null,
    source: null,
    stage: null,
    tags: null,
    channels: null,
    custom: null,
  }],
  [{
    is_vip: null,
    is_mystery_shopper: true,
    is_contractor: false,
    opted_out: true,
    do_not_call: true,
  }],
  [{ phone: null }],
  [{ email: "a@b.co" }],
  [{ email: " o'brien+tag@sub.example.museum " }, { email: "o'brien+tag@sub.example.museum" }],
  [{ email: "jösé@exämple.de" }],
  [{ email: "user@xn--e1afmkfd.xn--p1ai" }],
  [{ email: "" }, { email: null }],
  [{ email: "[email protected]" }, { email: null }],
  [{ email: "[email\u00a0protected]" }, { email: null }],
  [{ value: 0 }],
  [{ value: -0.01 }],
  [{ value: 1200.5 }],
  [{ value: 0.07 }],
  [{ value: 4.35 }],
  [{ value: 1.1e2 }],
  [{ value: 999_999_999_999.99 }],
  [{ tags: [] }],
  [{ tags: [" VIP ", "a,b", "日本"] }, { tags: ["VIP", "a,b", "日本"] }],
  [{ add_tags: ["a"], remove_tags: ["b"] }],
  [{ notes: "n".repeat(20_000) }],
  [{ custom: {} }],
  [{ custom: { a: [1, { b: null }], "": "x" } }],
  [{ custom: JSON.parse('{"__proto__":{"a":1},"constructor":2}') }],
  [{ custom: nested(32) }],
  [{ assigned_to: ID.toUpperCase() }, { assigned_to: ID }],
  [{ avatar_url: "https://x.example/a.png?b=c#d" }],
  [{ avatar_url: "" }, { avatar_url: null }],
  [{ channels: ["whatsapp", "web"] }],
  [{ stage: "inquiry", source: "lead_form", status: "lost", sale_status: "sold" }],
];

for (const [given, kept = given] of KEPT) {
  Deno.test(`a contact takes ${JSON.stringify(given).slice(0, 80)}`, () =>
    assert.deepEqual(change(given), kept));
}

const REFUSED: [given: Record<string, unknown>, errors: string][] = [
  [{ name: "a".repeat(201) }, "/name too_long"],
  [{ name: "👍".repeat(201) }, "/name too_long"],
  [{ name: 5 }, "/name invalid_type"],
  [{ company: ["Acme"] }, "/company invalid_type"],
  [{ email: "a" }, "/email invalid_format"],
  [{ email: "a@b" }, "/email invalid_format"],
  [{ email: "a b@c.de" }, "/email invalid_format"],
  [{ email: "a@b.de, c@d.ef" }, "/email invalid_format"],
  [{ email: "a..b@c.de" }, "/email invalid_format"],
  [{ email: ".a@c.de" }, "/email invalid_format"],
  [{ email: "a@-c.de" }, "/email invalid_format"],
  [
    { email: `${"a".repeat(64)}@${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(63)}.de` },
    "/email too_long",
  ],
  [{ value: "5" }, "/value invalid_type"],
  [{ value: Number.NaN }, "/value invalid_type"],
  [{ value: JSON.parse("1e999") }, "/value invalid_type"],
  [{ value: 1.005 }, "/value too_many_decimals"],
  [{ value: 1e12 }, "/value too_big"],
  [{ value: -1e12 }, "/value too_small"],
  [{ tags: "VIP" }, "/tags invalid_type"],
  [{ tags: [""] }, "/tags/0 too_short"],
  [{ tags: ["ok", "  "] }, "/tags/1 too_short"],
  [{ tags: ["t".repeat(65)] }, "/tags/0 too_long"],
  [{ tags: Array(101).fill("t") }, "/tags too_many"],
  [{ tags: [null] }, "/tags/0 invalid_type"],
  [{ add_tags: null }, "/add_tags invalid_type"],
  [{ notes: "n".repeat(20_001) }, "/notes too_long"],
  [{ custom: [] }, "/custom invalid_type"],
  [{ custom: "{}" }, "/custom invalid_type"],
  [{ custom: nested(33) }, "/custom too_deep"],
  [{ custom: { a: "x".repeat(65_536) } }, "/custom too_large"],
  [{ custom: { a: "é".repeat(32_768) } }, "/custom too_large"],
  [{ custom: { a: JSON.parse("-1e999") } }, "/custom too_big"],
  [{ assigned_to: "me" }, "/assigned_to invalid_format"],
  [{ is_vip: "true" }, "/is_vip invalid_type"],
  [{ is_vip: 1 }, "/is_vip invalid_type"],
  [{ avatar_url: "javascript:alert(1)" }, "/avatar_url invalid_format"],
  [{ avatar_url: "//x.example/a.png" }, "/avatar_url invalid_format"],
  [{ avatar_url: `https://x.example/${"a".repeat(2048)}` }, "/avatar_url too_long"],
  [{ channels: Array(21).fill("web") }, "/channels too_many"],
  [{ channels: ["c".repeat(33)] }, "/channels/0 too_long"],
  [{ status: "active" }, "/status invalid_value"],
  [{ source: "web" }, "/source invalid_value"],
  [{ stage: "" }, "/stage too_short"],
  [{ phone: "" }, "/phone too_short"],
  [{ phone: 16045551234 }, "/phone invalid_type"],
  [{ contact_id: "1" }, "/contact_id invalid_format"],
  [{ contact_id: undefined }, "/contact_id required"],
  [{ auto_status: "active", score: 5 }, "/auto_status read_only, /score read_only"],
  [{ nmae: "Ana" }, "/nmae unknown_field"],
];

for (const [given, errors] of REFUSED) {
  Deno.test(`a contact refuses ${JSON.stringify(given).slice(0, 80)}: ${errors}`, () => {
    assert.equal(change(given), errors);
  });
}

Deno.test("a new contact needs a phone number", () => {
  for (const body of [{}, { phone: null }, { phone: "" }]) {
    assert.throws(() => validate(newContact, body, "body"), Refusal);
  }
  assert.deepEqual(validate(newContact, { phone: " 604 " }, "body"), { phone: "604" });
});

Deno.test("every field of a contact is settable or computed", () => {
  const settable = new Set(Object.keys(newContact.shape));
  for (const field of Object.keys(CONTACT_EXAMPLE)) {
    assert.notEqual(settable.has(field), COMPUTED_FIELDS.has(field), field);
  }
});
