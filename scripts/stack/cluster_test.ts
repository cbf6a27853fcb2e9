import assert from "node:assert/strict";
import { lastError } from "./cluster.ts";
import { platformPackage } from "./binaries.ts";
import { quietEnvironment } from "./process.ts";

Deno.test("the telling line of a log is its last error", () => {
  const log =
    "2026 LOG:  starting\n2026 FATAL:  could not open file\n2026 LOG:  database system is shut down\n";
  assert.equal(lastError(log), "could not open file");
});

Deno.test("a log without errors tells its last line", () => {
  assert.equal(lastError("waiting\nstopped waiting\n"), "stopped waiting");
  assert.equal(lastError(""), "no reason given");
});

Deno.test("the binaries' package has npm's names for platforms", () => {
  assert.equal(platformPackage("linux", "x86_64"), "linux-x64");
  assert.equal(platformPackage("darwin", "aarch64"), "darwin-arm64");
  assert.equal(platformPackage("windows", "x86_64"), "windows-x64");
});

Deno.test("variables for other databases are kept from our programs", () => {
  const env = { PATH: "/bin", PGHOST: "elsewhere", SUPABASE_DB_PASSWORD: "x", HOME: "/h" };
  assert.deepEqual(quietEnvironment(env), { PATH: "/bin", HOME: "/h" });
});
