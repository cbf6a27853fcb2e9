import assert from "node:assert/strict";
import { open, seal } from "./secret_box.ts";

const NAME = "LEADBASE_ENCRYPTION_KEY";
const [OLD, NEW] = [1, 2].map((byte) => btoa(String.fromCharCode(byte).repeat(32)));

/** Runs `work` with these keys, and puts back what was there. */
async function withKeys<T>(keys: string, work: () => Promise<T>): Promise<T> {
  const before = Deno.env.get(NAME);
  Deno.env.set(NAME, keys);
  try {
    return await work();
  } finally {
    if (before === undefined) Deno.env.delete(NAME);
    else Deno.env.set(NAME, before);
  }
}

Deno.test("what is sealed opens in its context", async () => {
  await withKeys(OLD, async () => {
    const sealed = await seal("EAAB… ñ", "100");
    assert.equal(await open(sealed, "100"), "EAAB… ñ");
    assert.ok(!new TextDecoder().decode(sealed).includes("EAAB"), "the text is not in it");
  });
});

Deno.test("no two sealings of a text are alike", async () => {
  await withKeys(OLD, async () => {
    assert.notDeepEqual(await seal("token", "100"), await seal("token", "100"));
  });
});

Deno.test("a sealed secret does not open in another context", async () => {
  await withKeys(OLD, async () => {
    const sealed = await seal("token", "100");
    await assert.rejects(open(sealed, "101"), /does not open/);
  });
});

Deno.test("one altered bit anywhere, or a missing byte, and it does not open", async () => {
  await withKeys(OLD, async () => {
    const sealed = await seal("token", "100");
    for (let at = 0; at < sealed.length; at++) {
      const altered = sealed.slice();
      altered[at] ^= 1;
      await assert.rejects(open(altered, "100"), /does not open/, `byte ${at}`);
    }
    for (const length of [0, 1, 28, sealed.length - 1]) {
      await assert.rejects(open(sealed.slice(0, length), "100"), /does not open/, `${length}`);
    }
  });
});

Deno.test("rotation: the first key seals, all of them open", async () => {
  const before = await withKeys(OLD, () => seal("token", "100"));
  const after = await withKeys(`${NEW}, ${OLD}`, async () => {
    assert.equal(await open(before, "100"), "token");
    return await seal("token", "100");
  });
  await withKeys(NEW, async () => {
    assert.equal(await open(after, "100"), "token");
    await assert.rejects(open(before, "100"), /does not open/, "the old key is gone");
  });
});

Deno.test("a missing key, or one that is not 32 bytes in base64, is said to be", async () => {
  await withKeys("", () => assert.rejects(seal("token", "100"), /is not set/));
  for (const key of ["c2hvcnQ=", "not base64!", OLD.slice(0, 40)]) {
    await withKeys(key, () => assert.rejects(seal("token", "100"), /32 bytes in base64/));
  }
});
