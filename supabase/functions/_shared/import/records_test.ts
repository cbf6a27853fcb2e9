import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Refusal } from "../errors.ts";
import { lengthInFile, toUtf8 } from "./decode.ts";
import { readPlan } from "./dialect.ts";
import { EncodingScan } from "./encoding.ts";
import { nextLine, parseRecords } from "./records.ts";

const parse = (text: string, isLast = true) =>
  parseRecords(Buffer.from(text), { delimiter: ",", isLast });

Deno.test("records end where the next ones begin", () => {
  const text = 'a,é\n1,"x\r\ny"\r\n\r\n,,\n"""q""",2\r3,4';
  const records = parse(text);
  assert.deepEqual(records.map(({ cells }) => cells), [
    ["a", "é"],
    ["1", "x\r\ny"],
    ['"q"', "2"],
    ["3", "4"],
  ]);
  for (const { end } of records.slice(0, -1)) {
    const rest = parse(Buffer.from(text).subarray(end).toString());
    assert.deepEqual(rest.at(-1)!.cells, ["3", "4"]);
  }
  assert.equal(records.at(-1)!.end, Buffer.byteLength(text));
});

Deno.test("what may go on is no record yet", () => {
  assert.equal((parse("a,b\n1,2", false)).length, 1);
  assert.equal((parse('a,b\n"1\n2\n', false)).length, 1);
  assert.equal((parse('a,b\n"1\n2\n')).length, 1);
});

Deno.test("the next line is found behind any line break", () => {
  const next = (text: string) => nextLine(Buffer.from(text), 0);
  assert.deepEqual(["a\nb", "a\r\nb", "a\rb", "ab", ""].map(next), [2, 3, 2, 2, 0]);
});

function plan(bytes: Uint8Array, mapping: Record<string, string | null> = {}) {
  const scan = new EncodingScan();
  scan.add(bytes);
  const given = { decoding: scan.decoding(), isWhole: true, mapping };
  return readPlan(bytes, given);
}

for (const [name, delimiter] of [["comma", ","], ["semicolon", ";"], ["tab", "\t"]]) {
  Deno.test(`cells separated by a ${name}`, () => {
    const head = ["name", "phone", '"a,b;c\td"'].join(delimiter) + "\n";
    const found = plan(Buffer.from(`${head}x\n`));
    assert.equal(found.delimiter, delimiter);
    assert.equal(found.columns.length, 3);
    assert.equal(found.start, head.length);
  });
}

Deno.test("the separator is the one under which the columns are known", () => {
  assert.equal((plan(Buffer.from("name;phone;a, b, c, d, e\n"))).delimiter, ";");
  assert.equal((plan(Buffer.from("phone\n+34600111222\n"))).columns.length, 1);
  const stated = plan(Buffer.from("sep=;\r\nname;phone\r\nx"));
  assert.deepEqual([stated.delimiter, stated.start], [";", 19]);
});

Deno.test("a file begins behind its marks and its heading, in any encoding", () => {
  const text = "\ufeffnáme,phone,name\nx";
  const utf16 = Buffer.from(text, "utf16le");
  assert.equal((plan(utf16)).start, 2 * 17);
  assert.equal((plan(Buffer.from(text))).start, 3 + 17);
  assert.equal((plan(Buffer.from(text.slice(1), "latin1"))).start, 16);
  assert.equal((plan(Buffer.from(utf16).swap16())).encoding, "utf-16be");
});

Deno.test("lengths in UTF-8 are lengths in the file", () => {
  const text = "aé李😀";
  for (
    const [encoding, bytes] of [["utf-16le", Buffer.from(text, "utf16le")], [
      "utf-8",
      Buffer.from(text),
    ]] as const
  ) {
    assert.equal(lengthInFile(toUtf8(bytes, encoding), encoding), bytes.length);
  }
  const western = Buffer.from("aé\x80", "latin1");
  assert.equal(lengthInFile(toUtf8(western, "windows-1252"), "windows-1252"), 3);
});

for (const text of ["", "\n\n", "   ", ",,,\n"]) {
  Deno.test(`a file without a heading is refused: ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => plan(Buffer.from(text)),
      ({ problem }: Refusal) => problem.code === "validation_failed",
    );
  });
}
