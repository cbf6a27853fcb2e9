import assert from "node:assert/strict";
import type { Refusal } from "../errors.ts";
import { lengthInFile, toUtf8 } from "./decode.ts";
import { EncodingScan } from "./encoding.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

function utf16(text: string, isLittle: boolean): Uint8Array {
  const bytes = new Uint8Array(2 * text.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), isLittle);
  return bytes;
}

/** Windows-1252 of text whose characters are at their Unicode places there. */
const western = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** What a scan makes of bytes that come in pieces of that size. */
function scan(bytes: Uint8Array, piece = bytes.length || 1, charset?: string) {
  const scan = new EncodingScan();
  for (let at = 0; at < bytes.length; at += piece) scan.add(bytes.subarray(at, at + piece));
  try {
    const { encoding, mark } = scan.decoding(charset);
    return `${encoding} ${mark}`;
  } catch (error) {
    return (error as Refusal).problem.code;
  }
}

const TEXT = "name,phone\nJosé Müller,+34600111222\nConceição 李 😀,+351912345678\n";
const SPANISH = "nombre,teléfono\nJosé Núñez,+34600111222\nMuñoz Peñalver,+34600111333\n";

const FILES: [string, Uint8Array, string][] = [
  ["nothing", new Uint8Array(), "utf-8 0"],
  ["ASCII", utf8("a,b\n1,2\n"), "utf-8 0"],
  ["UTF-8", utf8(TEXT), "utf-8 0"],
  ["UTF-8 with its mark", utf8("\ufeff" + TEXT), "utf-8 3"],
  ["UTF-16, little end first", utf16("\ufeff" + TEXT, true), "utf-16le 2"],
  ["UTF-16, big end first", utf16("\ufeff" + TEXT, false), "utf-16be 2"],
  ["UTF-16 without a mark, little", utf16(TEXT, true), "utf-16le 0"],
  ["UTF-16 without a mark, big", utf16(TEXT, false), "utf-16be 0"],
  ["mostly Chinese UTF-16", utf16("\n" + "李小龙王".repeat(5) + ",+86138\n", true), "utf-16le 0"],
  ["Windows-1252", western(SPANISH), "windows-1252 0"],
  ["Portuguese Windows-1252", western("Conceição,+351\nAções e Corações\n"), "windows-1252 0"],
  [
    "Windows-1252 with signs of money and measures",
    western("año,£5 y ¥7\n12 m³, 1¹ é\nO´Brien col·lecció Mªdel\n"),
    "windows-1252 0",
  ],
  [
    "Polish Windows-1250",
    western("phone,name\n+48600111222,Ma³gorzata W¹sik\n+48600111333,Bo¿ena Wójcik\n"),
    "unreadable_file",
  ],
  ["Windows-1252 with a euro", Uint8Array.from([...western(SPANISH), 0x80, 10]), "windows-1252 0"],
  ["UTF-8 with one NUL", utf8("name,phone\na\0b,+34600111222\n".repeat(3)), "utf-8 0"],
  ["a broken end of UTF-8", utf8("Ã©Ã©Ã©Ã©é").subarray(0, 17), "unreadable_file"],
  ["a mark that is not true", Uint8Array.from([0xef, 0xbb, 0xbf, 0xe9, 0x61]), "unreadable_file"],
  ["UTF-16 with an odd byte", utf16("\ufeffab", true).subarray(0, 5), "unreadable_file"],
  ["UTF-32", Uint8Array.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]), "unreadable_file"],
  [
    "Windows-1251",
    Uint8Array.from([0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2, 44, 49]),
    "unreadable_file",
  ],
  [
    "UTF-8 and Windows-1252",
    Uint8Array.from([...utf8(SPANISH), ...western("é,é")]),
    "unreadable_file",
  ],
  [
    "a byte that Windows-1252 has not",
    Uint8Array.from([...western("é a é a é"), 0x81]),
    "unreadable_file",
  ],
  ["control characters", Uint8Array.from([...western("é a é"), 1, 2, 3]), "unreadable_file"],
];

for (const [name, bytes, expected] of FILES) {
  Deno.test(`${name}: ${expected}, however it is cut`, () => {
    for (const piece of [bytes.length || 1, 64, 24]) {
      assert.equal(scan(bytes, piece), expected, `in pieces of ${piece}`);
    }
  });
}

Deno.test("a mark is seen in the smallest pieces", () => {
  assert.equal(scan(utf8("\ufeffabc"), 1), "utf-8 3");
  assert.equal(scan(utf16("\ufeffabcd", false), 1), "utf-16be 2");
});

Deno.test("a file that was UTF-8 for long is not Windows-1252 in the end", () => {
  const bytes = Uint8Array.from([...utf8(SPANISH), ...western("\né a é a".repeat(100))]);
  assert.equal(scan(bytes, 32), "unreadable_file");
});

Deno.test("what cannot be seen may be said", () => {
  const russian = Uint8Array.from([0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2, 44, 49]);
  assert.equal(scan(russian, 8, "windows-1252"), "windows-1252 0");
  assert.equal(scan(russian, 8, "Windows-1251"), "windows-1251 0");
  assert.equal(scan(russian, 8, "cp1251"), "windows-1251 0");
  assert.equal(scan(russian, 8, "latin1"), "windows-1252 0");
  assert.equal(scan(western(SPANISH), 64, "iso-8859-15"), "iso-8859-15 0");
  assert.equal(scan(western(SPANISH), 64, "utf-8"), "windows-1252 0");
  assert.equal(scan(utf8(TEXT), 64, "windows-1252"), "utf-8 0");
});

Deno.test("a charset that is not read is refused by its name, unless the bytes say another", () => {
  for (const charset of ["shift_jis", "gb18030", "ebcdic-cp-us", "x-user-defined"]) {
    const scan = new EncodingScan();
    scan.add(western(SPANISH));
    assert.throws(() => scan.decoding(charset), ({ problem }: Refusal) => {
      assert.equal(problem.code, "unreadable_file");
      return problem.detail!.includes(charset);
    });
    const known = new EncodingScan();
    known.add(utf8(TEXT));
    assert.deepEqual(known.decoding(charset), { encoding: "utf-8", mark: 0 });
  }
});

Deno.test("every encoding becomes the same text", () => {
  assert.equal(toUtf8(utf16(TEXT, true), "utf-16le").toString(), TEXT);
  assert.equal(toUtf8(utf16(TEXT, false), "utf-16be").toString(), TEXT);
  assert.equal(toUtf8(western(SPANISH), "windows-1252").toString(), SPANISH);
  assert.equal(toUtf8(Uint8Array.from([0x80, 0x93]), "windows-1252").toString(), "€“");
  const polish = toUtf8(Uint8Array.from([0xa3, 0x75, 0x6b, 0x61, 0x73, 0x7a]), "windows-1250");
  assert.equal(polish.toString(), "Łukasz");
  assert.equal(lengthInFile(polish, "windows-1250"), 6);
});
