import assert from "node:assert/strict";
import { readTar } from "./tar.ts";

function entry(name: string, text: string, type = "0"): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  const block = new Uint8Array(512 + Math.ceil(bytes.length / 512) * 512);
  const write = (at: number, value: string) => block.set(new TextEncoder().encode(value), at);
  write(0, name);
  write(124, bytes.length.toString(8).padStart(11, "0"));
  write(156, type);
  block.set(bytes, 512);
  return block;
}

Deno.test("an archive's files are read, its folders are not", async () => {
  const parts = [
    entry("share/", "", "5"),
    entry("share/a.sql", "select 1;"),
    entry("b.sql", "x".repeat(600)),
    new Uint8Array(1024),
  ];
  const archive = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
  const files = [...readTar(archive)].map((
    { name, bytes },
  ) => [name, new TextDecoder().decode(bytes)]);
  assert.deepEqual(files, [["share/a.sql", "select 1;"], ["b.sql", "x".repeat(600)]]);
});
