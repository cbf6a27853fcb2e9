/** The functions called by Supabase's own client, as a web page or a server calls them. */
import assert from "node:assert/strict";
import { createClient, FunctionsHttpError, type SupabaseClient } from "@supabase/supabase-js";
import { stack } from "../support/stack.ts";
import type { Contact, Data, Handoff, Page, Problem } from "../support/types.ts";
import { uniquePhone } from "../support/unique.ts";
import { makeWorkspace } from "../support/workspace.ts";

const { key, agent } = await makeWorkspace();

function connect(token: string): SupabaseClient {
  const base = stack.url.slice(0, stack.url.indexOf("/functions/v1"));
  return createClient(base, "any-key", {
    auth: { persistSession: false, autoRefreshToken: false },
    global: { headers: { Authorization: `Bearer ${token}` } },
  });
}

const supabase = connect(key.token);

Deno.test("create-contact, update-contact and list-contacts through functions.invoke", async () => {
  const phone = uniquePhone();
  const created = await supabase.functions.invoke<Data<Contact>>("create-contact", {
    body: { phone, name: "John Smith" },
  });
  assert.equal(created.error, null);
  const contact = created.data!.data;
  assert.deepEqual([contact.phone, contact.name], [phone, "John Smith"]);

  const updated = await supabase.functions.invoke<Data<Contact>>("update-contact", {
    body: { contact_id: contact.id, name: "John Smith Jr.", tags: ["VIP", "Customer"] },
  });
  assert.equal(updated.error, null);
  assert.deepEqual(updated.data!.data.tags, ["VIP", "Customer"]);

  const search = `list-contacts?search=${phone.slice(1)}&count=exact`;
  const listed = await supabase.functions.invoke<Page<Contact>>(search, { method: "GET" });
  assert.equal(listed.error, null);
  assert.deepEqual(listed.data, { data: [updated.data!.data], next_cursor: null, total: 1 });
});

Deno.test("handoff through functions.invoke, with a member's token", async () => {
  const phone = uniquePhone();
  const body = { phone };
  await supabase.functions.invoke("create-contact", { body });
  const member = connect(agent.token);
  const first = await member.functions.invoke<Data<Handoff>>("handoff", { body });
  assert.equal(first.error, null);
  const { conversation, created } = first.data!.data;
  assert.deepEqual([conversation!.contact_id, created], [phone.slice(1), true]);
  const second = await member.functions.invoke<Data<Handoff>>("handoff", { body });
  assert.deepEqual(second.data!.data, { ...first.data!.data, created: false });
});

Deno.test("paths and other methods work too", async () => {
  const phone = uniquePhone();
  const made = await supabase.functions.invoke<Data<Contact>>("create-contact", {
    body: { phone },
  });
  const note = await supabase.functions.invoke<Data<{ id: string }>>("internal-notes", {
    body: { content: "Call back", entity_type: "lead", entity_id: made.data!.data.id },
  });
  const gone = await supabase.functions.invoke(`internal-notes/${note.data!.data.id}`, {
    method: "DELETE",
  });
  assert.deepEqual([gone.error, gone.data], [null, ""]);
});

async function problemOf(error: unknown): Promise<Problem> {
  assert.equal(error instanceof FunctionsHttpError, true, String(error));
  const response = (error as FunctionsHttpError).context as Response;
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const problem = await response.json() as Problem;
  assert.equal(problem.status, response.status);
  return problem;
}

Deno.test("a refusal is a FunctionsHttpError with the problem in it", async () => {
  const { data, error } = await supabase.functions.invoke("create-contact", {
    body: { phone: "+1 604", score: 1 },
  });
  assert.equal(data, null);
  const problem = await problemOf(error);
  assert.equal(problem.code, "validation_failed");
  assert.deepEqual(problem.errors.map(({ path }) => path), ["/score"]);
});

Deno.test("the client's own key is none of ours: without a token of ours 401", async () => {
  const base = stack.url.slice(0, stack.url.indexOf("/functions/v1"));
  const stranger = createClient(base, "any-key", {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const { error } = await stranger.functions.invoke("list-contacts", { method: "GET" });
  assert.equal((await problemOf(error)).code, "invalid_credentials");
});
