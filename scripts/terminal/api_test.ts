import assert from "node:assert/strict";
import { Away, patiently } from "./api.ts";

Deno.test("a server that stays away is given up, one that refuses is not asked again", async () => {
  const pace = { patienceMs: 50, everyMs: 10 };
  let asked = 0;
  const away = () => Promise.reject(new Away(`away ${++asked}`));
  await assert.rejects(patiently(away, pace), Away);
  assert.ok(asked > 1);
  let refused = 0;
  const refuse = () => Promise.reject(new Error(`refused ${++refused}`));
  await assert.rejects(patiently(refuse, pace), { message: "refused 1" });
  let came = 0;
  const back = () => ++came < 3 ? Promise.reject(new Away("away")) : Promise.resolve(came);
  assert.equal(await patiently(back, pace), 3);
});
