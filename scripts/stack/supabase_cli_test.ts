import assert from "node:assert/strict";
import { remote } from "./supabase_cli.ts";

Deno.test("the CLI gets a password through its environment, out of the list of processes", () => {
  assert.deepEqual(remote("postgresql://postgres:p%40ss@db.example:5432/app?sslmode=require"), {
    flag: "--remote=postgresql://postgres@db.example:5432/app?sslmode=require",
    env: { PGPASSWORD: "p@ss" },
  });
});

Deno.test("TLS is off for this machine only", () => {
  assert.equal(remote("postgresql://postgres@127.0.0.1:5432/app").env.PGSSLMODE, "disable");
  assert.equal(remote("postgresql://postgres@db.example:5432/app").env.PGSSLMODE, undefined);
});
