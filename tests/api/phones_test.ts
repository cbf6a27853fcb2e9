import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { query } from "../support/http.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Contact, Data } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";

/** How numbers are written, by the workspace's country, and what they are. */
const WRITTEN: Record<string, [written: string, e164: string, country: string | null][]> = {
  CA: [
    ["+16045550001", "+16045550001", "CA"],
    ["+1 (604) 555-0002", "+16045550002", "CA"],
    ["001 604 555 0003", "+16045550003", "CA"],
    ["011 44 7400 123456", "+447400123456", "GB"],
    ["6045550004", "+16045550004", "CA"],
    ["1-604-555-0005", "+16045550005", "CA"],
    ["(604) 555.0006", "+16045550006", "CA"],
    ["  604–555‑0007  ", "+16045550007", "CA"],
    ["２１２ ５５５ ０１０８", "+12125550108", "US"],
    ["tel:+1-604-555-0009", "+16045550009", "CA"],
    ["+49 30 901820", "+4930901820", "DE"],
    ["0049 30 901821", "+4930901821", "DE"],
    ["+800 1234 5678", "+80012345678", null],
  ],
  DE: [
    ["030 901820", "+4930901820", "DE"],
    ["0151 23456789", "+4915123456789", "DE"],
    ["+1 604 555 0001", "+16045550001", "CA"],
    ["(0)30 90 18 22", "+4930901822", "DE"],
    ["4915123456780", "+4915123456780", "DE"],
    ["447400123457", "+447400123457", "GB"],
  ],
  BR: [
    ["(11) 91234-5678", "+5511912345678", "BR"],
    ["0 21 2345-6789", "+552123456789", "BR"],
  ],
  MX: [
    ["55 1234 5678", "+525512345678", "MX"],
    ["+52 1 55 1234 5679", "+5215512345679", "MX"],
  ],
  AU: [["0011 44 7400 123458", "+447400123458", "GB"]],
  HK: [["001 65 6123 4567", "+6561234567", "SG"]],
  AR: [["011 2345-6789", "+541123456789", "AR"]],
};

for (const [country, numbers] of Object.entries(WRITTEN)) {
  const { key } = await makeWorkspace({ country });
  for (const [written, e164, of] of numbers) {
    Deno.test(`in ${country}, ${written} is ${e164}`, async () => {
      const contact = await createContact(key, { phone: written });
      assert.deepEqual(
        [contact.phone, contact.whatsapp_contact_id, contact.country],
        [e164, e164.slice(1), of],
      );
      const found = await key.get<Data<Contact>>(`get-contact${query({ phone: written })}`);
      assert.equal(found.body.data?.id, contact.id, found.text);
    });
  }
}

/** Two notations of one person's number: as typed, and as WhatsApp has it. */
const VARIANTS: [country: string, one: string, other: string][] = [
  ["Brazil", "+5511987654321", "+551187654321"],
  ["Mexico", "+525587654321", "+5215587654321"],
  ["Argentina", "+541187654321", "+5491187654321"],
];

for (const [country, ...pair] of VARIANTS) {
  for (const [first, second] of [pair, pair.toReversed()]) {
    Deno.test(`${country}: whoever is ${first} is found as ${second}`, async () => {
      const { key } = await makeWorkspace();
      const contact = await createContact(key, { phone: first });
      assert.equal(contact.phone, first);
      const found = await key.get<Data<Contact>>(`get-contact${query({ phone: second })}`);
      assert.equal(found.body.data?.id, contact.id, found.text);
      const again = await key.post("create-contact", { phone: second });
      const problem = assertProblem(again, 409, "contact_exists", ["contact_id"]);
      assert.equal(problem.contact_id, contact.id);
      // What is stored is never rewritten by its variant.
      const path = "create-contact?on_conflict=update";
      const updated = await key.post<Data<Contact>>(path, { phone: second, name: "N" });
      assert.deepEqual(
        [updated.status, updated.body.data.id, updated.body.data.phone, updated.body.data.name],
        [200, contact.id, first, "N"],
      );
    });
  }
}

Deno.test("numbers that only look like variants are different people", async () => {
  const { key } = await makeWorkspace();
  const numbers = [
    // Another area code, another country, one digit less.
    "+5511987654321",
    "+5521987654321",
    "+541187654321",
    "+571187654321",
    "+4915111112222",
    "+491511111222",
  ];
  const ids = new Set<string>();
  for (const phone of numbers) ids.add((await createContact(key, { phone })).id);
  assert.equal(ids.size, numbers.length);
});

const { key } = await makeWorkspace({ country: "CA" });

/** Numbers that cannot be, with the reason in code and in words. */
const IMPOSSIBLE: [written: string, code: string, words: RegExp][] = [
  ["", "too_short", /at least 1/],
  ["   ", "too_short", /at least 1/],
  ["abc", "not_a_number", /not a phone number/],
  ["+", "not_a_number", /not a phone number/],
  ["call me", "not_a_number", /not a phone number/],
  ["+1 604 555", "too_short", /too few digits/],
  ["555-1234", "too_short", /too few digits/],
  ["+1 604 555 123456", "too_long", /too many digits/],
  ["+49 1", "too_short", /too few digits/],
  ["+999 123456789", "invalid_country", /calling code/],
  ["00999123456789", "invalid_country", /calling code/],
  ["+1 604 555 1234 ext. 5", "has_extension", /extension/],
  ["+1604555abcd", "not_a_number", /not a phone number/],
  ["1".repeat(65), "too_long", /at most 64/],
];

for (const [written, code, words] of IMPOSSIBLE) {
  Deno.test(`${JSON.stringify(written)} is 422 ${code} and says why`, async () => {
    const problem = assertInvalid(await key.post("create-contact", { phone: written }), {
      "/phone": code,
    });
    assert.match(problem.errors[0].message, words);
    assert.match(problem.detail, words);
  });
}

Deno.test("an impossible number is refused in updates and handoffs alike", async () => {
  const { id } = await createContact(key);
  const change = { contact_id: id, phone: "+1 604 555" };
  assertInvalid(await key.post("update-contact", change), { "/phone": "too_short" });
  assertInvalid(await key.post("handoff", { phone: "abc" }), { "/phone": "not_a_number" });
});
