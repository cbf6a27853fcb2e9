import assert from "node:assert/strict";
import { parseDatabaseUrl, retrying } from "./database.ts";

Deno.test("a transaction pooler is known by its port or its mark", () => {
  const pooled = (url: string) => parseDatabaseUrl(url).pooled;
  assert.equal(pooled("postgres://u:p@db.example:5432/postgres"), false);
  assert.equal(pooled("postgres://u:p@db.example/postgres"), false);
  assert.equal(pooled("postgres://u:p@db.example:6543/postgres"), true);
  assert.equal(pooled("postgres://u:p@db.example:5432/postgres?pgbouncer=true"), true);
});

Deno.test("Postgres gets the rest of the address as it was", () => {
  const { url } = parseDatabaseUrl(
    "postgres://u:p%40@db.example/postgres?sslmode=require&pgbouncer=true",
  );
  assert.equal(url, "postgres://u:p%40@db.example/postgres?sslmode=require");
});

function failing(times: number, code: string): { run: () => Promise<string>; tries: () => number } {
  let tries = 0;
  const run = () =>
    ++tries > times
      ? Promise.resolve("done")
      : Promise.reject(Object.assign(new Error(), { code }));
  return { run, tries: () => tries };
}

Deno.test("a statement that was rolled back because of another is tried three times", async () => {
  for (const code of ["40001", "40P01"]) {
    const twice = failing(2, code);
    assert.equal(await retrying(twice.run), "done");
    const always = failing(9, code);
    await assert.rejects(retrying(always.run), { code });
    assert.equal(always.tries(), 3);
  }
});

Deno.test("nothing else is tried again: it may have been carried out", async () => {
  for (const code of ["23505", "57014", "CONNECTION_CLOSED", "PT409"]) {
    const once = failing(1, code);
    await assert.rejects(retrying(once.run), { code });
    assert.equal(once.tries(), 1);
  }
});
