import assert from "node:assert/strict";
import { isAlive } from "./process.ts";

Deno.test("a process is alive until it has ended, even when nobody has taken note of its end", async () => {
  assert.equal(isAlive(Deno.pid), true);
  // A shell that never asks after its child, which stays behind as a zombie; Windows has none.
  if (Deno.build.os === "windows") return;
  const script = "sleep 60 & echo $!; exec sleep 60";
  const parent = new Deno.Command("sh", { args: ["-c", script], stdout: "piped" }).spawn();
  const reader = parent.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const child = Number((await reader.read()).value);
  try {
    assert.equal(isAlive(child), true);
    Deno.kill(child, "SIGKILL");
    for (let waited = 0; isAlive(child); waited += 10) {
      assert.equal(waited < 5000, true, "it is still alive");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  } finally {
    parent.kill("SIGKILL");
    await parent.status;
    await reader.cancel();
  }
  assert.equal(isAlive(parent.pid), false);
});
