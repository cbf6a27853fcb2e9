/** POST import-contacts: rows that take more of the file than is read at once. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { contactsByPhone, counts, findings, importCsv } from "../support/imports.ts";
import { makeWorkspace } from "../support/workspace.ts";

// What is left of it behind the last whole MiB is short enough to be notes.
const HUGE = "y".repeat(2 * 1_048_576 + 5000);

for (
  const [name, cell, ending] of [
    ["in quotes", `"${HUGE}"`, "\n"],
    ["without any", HUGE, "\r\n"],
  ]
) {
  Deno.test(`a row of some MiB ${name} is one row, and no other is made of its end`, async () => {
    const { key } = await makeWorkspace();
    const rows = [
      "notes,phone",
      "first,+34600119001",
      `${cell},+34600119002`,
      "last,+34600119003",
      "bad,none",
    ];
    const done = await importCsv(key, rows.join(ending));
    assert.deepEqual(findings(done.errors), ["2 null too_long", "4 phone not_a_number"]);
    assert.deepEqual(counts(done), [2, 0, 0, 2]);
    const found = await contactsByPhone(key);
    assert.deepEqual([...found.keys()].sort(), ["+34600119001", "+34600119003"]);
  });
}

Deno.test("a last row of some MiB is one row", async () => {
  const { key } = await makeWorkspace();
  const done = await importCsv(key, `notes,phone\nfirst,+34600119011\n${HUGE},+34600119012`);
  assert.deepEqual(findings(done.errors), ["2 null too_long"]);
  assert.deepEqual(counts(done), [1, 0, 0, 1]);
});

Deno.test("a row of some MiB ends where its line does in other encodings, too", async () => {
  const { key } = await makeWorkspace();
  const text = `\ufeffnotes,phone\n${HUGE},+34600119021\nlást,+34600119022\n`;
  const done = await importCsv(key, Uint8Array.from(Buffer.from(text, "utf16le")));
  assert.deepEqual(findings(done.errors), ["1 null too_long"]);
  assert.equal((await contactsByPhone(key)).get("+34600119022")?.notes, "lást");
});
