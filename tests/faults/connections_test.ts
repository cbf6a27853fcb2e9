/** Clients that break off, keep silent or dawdle cost nobody else their answers. */
import assert from "node:assert/strict";
import { request } from "../support/http.ts";
import { stack } from "../support/stack.ts";
import { uniquePhone } from "../support/unique.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import { delivered, sign, text, uniqueWamid } from "../fixtures/whatsapp/delivery.ts";
import { contactsOf, deliveriesOf, messagesOf } from "../webhook/rows.ts";
import { pause } from "./load.ts";

const { hostname, port } = new URL(stack.url);
const encoder = new TextEncoder();

function connect(): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname, port: Number(port) });
}

/** A POST as bytes, so that it can be sent in part. */
function post(path: string, headers: Record<string, string>, body: string): Uint8Array {
  const lines = Object.entries({
    host: `${hostname}:${port}`,
    "content-type": "application/json",
    "content-length": String(encoder.encode(body).length),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return encoder.encode(`POST /functions/v1/${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
}

/** A delivery of one message, signed. */
function delivery(
  { phoneNumberId }: Workspace,
  wamid: string,
): { bytes: Uint8Array; body: string } {
  const messages = [text("16045550111", "x".repeat(2000), { id: wamid })];
  const body = JSON.stringify(delivered(phoneNumberId, { messages }));
  const signature = sign(body, stack.whatsapp.app_secret);
  return { bytes: post("whatsapp-webhook", { "x-hub-signature-256": signature }, body), body };
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let from = 0; from < bytes.length;) from += await connection.write(bytes.subarray(from));
}

/** Still there, and quick about it. */
async function assertServing({ key }: Workspace): Promise<void> {
  const began = Date.now();
  const answer = await key.get("list-contacts?limit=1");
  assert.equal(answer.status, 200, answer.text);
  assert.equal(Date.now() - began < 3000, true, "the answer took long");
}

Deno.test("connections that break in the middle of a body: nothing stored, everybody else served", async () => {
  const workspace = await makeWorkspace();
  const bodies: string[] = [];
  for (let n = 0; n < 50; n++) {
    const { bytes, body } = delivery(workspace, uniqueWamid());
    bodies.push(body);
    const connection = await connect();
    // From the last byte of the headers on, anywhere but at the end.
    const start = bytes.length - encoder.encode(body).length;
    await writeAll(connection, bytes.subarray(0, start + Math.floor(n / 50 * body.length)));
    connection.close();
  }
  await assertServing(workspace);
  await pause(300);
  assert.deepEqual(await messagesOf(workspace.phoneNumberId), []);
  for (const body of bodies) assert.deepEqual(await deliveriesOf(body), []);
});

Deno.test("connections that break before the answer: stored whole or not at all, never twice", async () => {
  const workspace = await makeWorkspace();
  const wamids = Array.from({ length: 30 }, uniqueWamid);
  for (const wamid of wamids) {
    const { bytes } = delivery(workspace, wamid);
    const connection = await connect();
    await writeAll(connection, bytes);
    connection.close();
  }
  await assertServing(workspace);
  await pause(500);
  // Meta has got no answer and sends all of them again.
  for (const wamid of wamids) {
    const { body } = delivery(workspace, wamid);
    const headers = { "x-hub-signature-256": sign(body, stack.whatsapp.app_secret) };
    assert.equal((await request("POST", "whatsapp-webhook", { raw: body, headers })).status, 200);
  }
  const stored = (await messagesOf(workspace.phoneNumberId)).map((row) => row.wa_message_id);
  assert.deepEqual(stored.sort(), wamids.sort());
  assert.equal((await contactsOf(workspace.id))[0].message_count, wamids.length);
});

Deno.test("a body that breaks off is no contact", async () => {
  const workspace = await makeWorkspace();
  const body = JSON.stringify({ phone: uniquePhone(), name: "x".repeat(100) });
  const headers = { authorization: `Bearer ${workspace.key.token}` };
  const connection = await connect();
  await writeAll(connection, post("create-contact", headers, body).slice(0, -1));
  connection.close();
  await assertServing(workspace);
  assert.deepEqual(await contactsOf(workspace.id), []);
});

Deno.test("two hundred silent connections and two hundred unfinished requests are no obstacle", async () => {
  const workspace = await makeWorkspace();
  const connections = await Promise.all(Array.from({ length: 400 }, connect));
  try {
    const { bytes } = delivery(workspace, uniqueWamid());
    for (const [n, connection] of connections.entries()) {
      if (n % 4 === 0) await writeAll(connection, bytes.subarray(0, 20));
      if (n % 4 === 1) await writeAll(connection, bytes.subarray(0, -1));
    }
    for (let n = 0; n < 5; n++) await assertServing(workspace);
    const made = await Promise.all(
      Array.from(
        { length: 20 },
        () => workspace.key.post("create-contact", { phone: uniquePhone() }),
      ),
    );
    assert.deepEqual(made.filter(({ status }) => status !== 201), []);
  } finally {
    for (const connection of connections) connection.close();
  }
  assert.deepEqual(await messagesOf(workspace.phoneNumberId), []);
  await assertServing(workspace);
});
