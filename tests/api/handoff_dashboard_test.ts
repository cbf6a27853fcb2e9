/** The one setting that changes answers, with the function itself run in this process. */
import assert from "node:assert/strict";
import { closeDatabase } from "../../supabase/functions/_shared/database.ts";
import { app } from "../../supabase/functions/handoff/app.ts";
import { createContact } from "../support/contacts.ts";
import { stack } from "../support/stack.ts";
import type { Data, Handoff } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";

const { key } = await makeWorkspace();

/** Runs something with other environment variables. */
async function withEnvironment(values: Record<string, string>, run: () => Promise<void>) {
  const before = Object.keys(values).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(values)) Deno.env.set(name, value);
  try {
    await run();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
}

for (const url of ["https://app.example.com", "https://app.example.com/"]) {
  Deno.test(`with DASHBOARD_URL ${url} the inbox is there`, async () => {
    const contact = await createContact(key);
    const environment = { DASHBOARD_URL: url, SUPABASE_DB_URL: stack.database_url };
    await withEnvironment(environment, async () => {
      const response = await app.fetch(
        new Request("http://localhost/handoff", {
          method: "POST",
          headers: { authorization: `Bearer ${key.token}`, "content-type": "application/json" },
          body: JSON.stringify({ contact_id: contact.id }),
        }),
      );
      const { data } = await response.json() as Data<Handoff>;
      const { id } = data.conversation!;
      const place = `https://app.example.com/dashboard/whatsapp/inbox?chat=${id}`;
      assert.equal(data.redirect_url, place);
      assert.equal(response.headers.get("location"), place);
      // Closes the pool and sends the counts that would be sent in a second.
      await closeDatabase();
      await new Promise((resolve) => setTimeout(resolve, 1100));
    });
  });
}
