/**
 * The three curl calls of the product's documentation, as printed there. The fixture is the section
 * "API Access" byte for byte; only the host, the key and the id of a contact are filled in.
 */
import assert from "node:assert/strict";
import { runShell } from "../support/shell.ts";
import { stack } from "../support/stack.ts";
import type { Contact, Data, Page, Problem } from "../support/types.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";

const HOST = "https://mtxbiyilvgwhbdptysex.supabase.co";
const printed = await Deno.readTextFile(
  new URL("../fixtures/documented_calls.txt", import.meta.url),
);
const [list, create, update] = [...printed.matchAll(/^curl .*(?:\n(?!\n|[A-Z]).*)*/gm)]
  .map(([call]) => call);

async function run<Body>(
  call: string,
  { key }: Workspace,
  id = "",
): Promise<{ status: number; body: Body }> {
  const filled = call.replace(HOST, new URL(stack.url).origin).replace("YOUR_API_KEY", key.token)
    .replace("uuid-here", id);
  // The call stays as it is printed; the function around curl only has the status said too.
  const script = `curl() { command curl -s -w '\\n%{http_code}' "$@"; }\n${filled}`;
  const { stdout, stderr } = await runShell(script, {});
  const at = stdout.lastIndexOf("\n");
  assert.notEqual(at, -1, stderr);
  return { status: Number(stdout.slice(at + 1)), body: JSON.parse(stdout.slice(0, at)) };
}

Deno.test("the fixture holds what the documentation prints", () => {
  assert.match(list, /^curl -X GET "https:[^"]+\/list-contacts" \\\n {2}-H "Auth[^\n]+"$/);
  assert.match(create, /"email": "\[email\u00a0protected\]"\n {2}\}'$/);
  assert.match(update, /"tags": \["VIP", "Customer"\]\n {2}\}'$/);
});

Deno.test("list, create and update work as printed", async () => {
  const workspace = await makeWorkspace();
  const nobody = await run<Page<Contact>>(list, workspace);
  assert.deepEqual(nobody, { status: 200, body: { data: [], next_cursor: null } });

  const created = await run<Data<Contact>>(create, workspace);
  assert.equal(created.status, 201, JSON.stringify(created));
  const contact = created.body.data;
  assert.deepEqual(
    [contact.phone, contact.whatsapp_contact_id, contact.name, contact.email],
    ["+16045551234", "16045551234", "John Smith", null],
  );

  const updated = await run<Data<Contact>>(update, workspace, contact.id);
  assert.equal(updated.status, 200, JSON.stringify(updated));
  const { updated_at, ...rest } = updated.body.data;
  const { updated_at: before, ...unchanged } = contact;
  assert.equal(updated_at > before, true);
  assert.deepEqual(rest, { ...unchanged, name: "John Smith Jr.", tags: ["VIP", "Customer"] });

  const listed = await run<Page<Contact>>(list, workspace);
  assert.deepEqual(listed.body, { data: [updated.body.data], next_cursor: null });
});

Deno.test("printed twice, the create call says that the contact exists", async () => {
  const workspace = await makeWorkspace();
  const { body } = await run<Data<Contact>>(create, workspace);
  const again = await run<Problem>(create, workspace);
  assert.deepEqual(
    [again.status, again.body.code, again.body.contact_id],
    [409, "contact_exists", body.data.id],
  );
});

Deno.test("printed without filling in the id, the update call says what is wrong", async () => {
  const { status, body } = await run<Problem>(update, await makeWorkspace(), "uuid-here");
  assert.deepEqual([status, body.code], [422, "validation_failed"]);
  assert.deepEqual(body.errors.map(({ path, code }) => [path, code]), [
    ["/contact_id", "invalid_format"],
  ]);
});
