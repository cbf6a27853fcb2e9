/** Errors of the database: the documented code, and not a word of its own. */
import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { withDatabase } from "../support/database.ts";
import { assertNoDatabaseText, assertProblem } from "../support/problem.ts";
import type { Contact, Data } from "../support/types.ts";
import { uniquePhone } from "../support/unique.ts";
import { makeWorkspace } from "../support/workspace.ts";

const { key, id: workspace } = await makeWorkspace();

/** SQLSTATEs that Postgres may raise in the middle of a call, and what they are to a caller. */
const RAISED: [sqlstate: string, status: number, code: string][] = [
  ["23505", 409, "conflict"],
  ["23503", 422, "invalid_value"],
  ["23514", 422, "invalid_value"],
  ["23502", 422, "invalid_value"],
  ["22P02", 422, "invalid_value"],
  ["22003", 422, "invalid_value"],
  ["42501", 403, "forbidden"],
  ["40001", 503, "try_again"],
  ["40P01", 503, "try_again"],
  ["53100", 503, "database_unavailable"],
  ["53300", 503, "database_unavailable"],
  ["57P01", 503, "database_unavailable"],
  ["08006", 503, "database_unavailable"],
  ["57014", 503, "timeout"],
  ["42P01", 500, "internal_error"],
  ["42703", 500, "internal_error"],
  ["P0001", 500, "internal_error"],
  ["XX000", 500, "internal_error"],
];

/** Has inserts of this workspace's contacts fail with the SQLSTATE that their notes name. */
async function whileFailing(run: () => Promise<void>): Promise<void> {
  const name = `fail_${workspace.replaceAll("-", "")}`;
  await withDatabase(async (sql) => {
    await sql.unsafe(`
      create sequence private.${name};
      grant usage on sequence private.${name} to authenticated;
      create function private.${name}() returns trigger language plpgsql as $$
      begin
        perform nextval('private.${name}');
        raise exception 'null value in column "secret" of relation "contacts" violates SQLSTATE %', new.notes
          using errcode = new.notes, detail = 'Failing row contains (secret).', hint = 'constraint secret_fkey',
            constraint = 'secret_fkey', table = 'contacts', column = 'secret';
      end $$;
      create trigger ${name} before insert on public.contacts for each row
      when (new.workspace_id = '${workspace}' and length(new.notes) = 5) execute function private.${name}()`);
    try {
      await run();
    } finally {
      await sql.unsafe(`
        drop trigger ${name} on public.contacts;
        drop function private.${name}();
        drop sequence private.${name}`);
    }
  });
}

/** How often the failing insert was tried; a sequence counts what is rolled back too. */
async function attempts(): Promise<number> {
  const name = `fail_${workspace.replaceAll("-", "")}`;
  const [{ count }] = await withDatabase((sql) =>
    sql.unsafe(`
      select case when is_called then last_value else 0 end::int as count from private.${name}`)
  );
  return count;
}

Deno.test("whatever the database raises, its words stay inside", async () => {
  await whileFailing(async () => {
    for (const [sqlstate, status, code] of RAISED) {
      const answer = await key.post("create-contact", { phone: uniquePhone(), notes: sqlstate });
      assertProblem(answer, status, code);
      assert.doesNotMatch(answer.text, /secret|Failing row/);
      const wait = answer.headers.get("retry-after");
      if (status === 503) assert.match(wait ?? "", /^[1-9]\d*$/);
      else assert.equal(wait, null);
    }
  });
});

Deno.test("with an Idempotency-Key too, and such a failure is not kept", async () => {
  const headers = { "idempotency-key": crypto.randomUUID() };
  const body = { phone: uniquePhone(), notes: "23514" };
  await whileFailing(async () => {
    assertProblem(await key.post("create-contact", body, headers), 422, "invalid_value");
    assertProblem(await key.post("create-contact", body, headers), 422, "invalid_value");
  });
  const answer = await key.post<Data<Contact>>("create-contact", body, headers);
  assert.equal(answer.status, 201, answer.text);
  assert.equal(answer.headers.get("idempotency-replayed"), null);
});

Deno.test("a transaction that was in another's way is tried three times in all", async () => {
  await whileFailing(async () => {
    for (const sqlstate of ["40001", "40P01"]) {
      const before = await attempts();
      const body = { phone: uniquePhone(), notes: sqlstate };
      assertProblem(await key.post("create-contact", body), 503, "try_again");
      assert.equal(await attempts() - before, 3);
    }
    const before = await attempts();
    await key.post("create-contact", { phone: uniquePhone(), notes: "23514" });
    assert.equal(await attempts() - before, 1);
  });
});

/** Texts that break careless SQL, in every place that takes one. */
const NASTY = [
  "'; drop table public.contacts; --",
  "\\",
  "%",
  "_",
  '"',
  "{}",
  "$1",
  "a\u2028b",
  "\u202e",
  "NULL",
  "infinity",
  "🌸".repeat(40),
];

Deno.test("nasty texts are only texts", async () => {
  for (const text of NASTY) {
    const contact = await createContact(key, {
      name: text,
      tags: [text],
      custom: { [text]: text },
    });
    assert.deepEqual(
      [contact.name, contact.tags, contact.custom],
      [text, [text], { [text]: text }],
    );
    const word = encodeURIComponent(text);
    const escaped = encodeURIComponent(text.replaceAll(",", "\\,"));
    for (
      const search of [
        `search=${word}`,
        `tags=${escaped}`,
        `tags_all=${escaped}`,
        `channel=${escaped}`,
        `stage=${escaped}`,
        `cursor=${word}`,
        `created_from=${word}`,
        `assigned_to=${word}`,
      ]
    ) {
      const answer = await key.get(`list-contacts?${search}`);
      assert.equal([200, 400, 422].includes(answer.status), true, `${search}: ${answer.text}`);
      if (answer.status !== 200) assertNoDatabaseText(answer);
    }
    const tagged = await key.get<{ data: Contact[] }>(`list-contacts?tags=${escaped}`);
    assert.deepEqual(tagged.body.data.map(({ id }) => id), [contact.id], text);
  }
});
