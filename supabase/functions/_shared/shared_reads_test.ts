import assert from "node:assert/strict";
import { SharedReads } from "./shared_reads.ts";

/** Readings that end when told to, each with its number. */
function readings(patience = 60_000) {
  const pending: PromiseWithResolvers<number>[] = [];
  const shared = new SharedReads<number>(patience);
  return {
    pending,
    ask: (question = "same") =>
      shared.ask(question, () => {
        const reading = Promise.withResolvers<number>();
        pending.push(reading);
        return reading.promise;
      }),
    end: async (number: number, error?: Error) => {
      if (error) pending[number].reject(error);
      else pending[number].resolve(number);
      // Everything that follows from it.
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    },
  };
}

Deno.test("who comes during a reading shares the next one", async () => {
  const { ask, end, pending } = readings();
  const first = ask();
  const others = [ask(), ask(), ask()];
  assert.equal(pending.length, 1);
  await end(0);
  assert.equal(pending.length, 2);
  const later = ask();
  await end(1);
  await end(2);
  assert.deepEqual(await Promise.all([first, ...others, later]), [0, 1, 1, 1, 2]);
});

Deno.test("a reading that is held up does not hold up who comes later; a third never begins", async () => {
  const pause = (milliseconds: number) =>
    new Promise((resolve) => setTimeout(resolve, milliseconds));
  const { ask, end, pending } = readings(10);
  const asked = [ask(), ask(), ask()];
  assert.equal(pending.length, 1);
  while (pending.length < 2) await pause(1);
  const later = [ask(), ask()];
  await pause(50);
  assert.equal(pending.length, 2);
  await end(1);
  assert.equal(pending.length, 3);
  await end(2);
  await end(0);
  assert.deepEqual(await Promise.all([...asked, ...later]), [0, 1, 1, 2, 2]);
  assert.equal(pending.length, 3);
});

Deno.test("nobody is answered with what was read before they asked", async () => {
  const shared = new SharedReads<number>();
  let written = 0;
  const ask = async () => {
    const before = written;
    const read = await shared.ask("same", async () => {
      const seen = written;
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      return seen;
    });
    return read >= before;
  };
  const asked: Promise<boolean>[] = [];
  for (let turn = 0; turn < 200; turn++) {
    written++;
    asked.push(ask());
    if (turn % 3 === 0) await Promise.resolve();
  }
  assert.ok((await Promise.all(asked)).every((fresh) => fresh));
});

Deno.test("other questions are asked at once", async () => {
  const { ask, end, pending } = readings();
  const asked = [ask("one"), ask("another")];
  assert.equal(pending.length, 2);
  await end(1);
  await end(0);
  assert.deepEqual(await Promise.all(asked), [0, 1]);
});

Deno.test("a reading that fails fails for those who share it, and for nobody after", async () => {
  const { ask, end } = readings();
  const asked = [ask(), ask(), ask()].map((answer) => answer.catch((error) => error.message));
  await end(0, new Error("lost"));
  const later = ask();
  await end(1, new Error("lost again"));
  await end(2);
  assert.deepEqual(await Promise.all(asked), ["lost", "lost again", "lost again"]);
  assert.equal(await later, 2);
});

Deno.test("nothing is kept once nobody asks", async () => {
  const { ask, end, pending } = readings();
  const first = ask();
  await end(0);
  assert.equal(await first, 0);
  const second = ask();
  assert.equal(pending.length, 2);
  await end(1);
  assert.equal(await second, 1);
});
