/** Numbers: registered with WhatsApp's consent, listed without tokens, removed. */
import assert from "node:assert/strict";
import { graphError, notJson, serverError } from "../../scripts/graph/behaviours.ts";
import { startGraph } from "../../scripts/graph/server.ts";
import { closeDatabase } from "../../supabase/functions/_shared/database.ts";
import { app } from "../../supabase/functions/whatsapp-numbers/app.ts";
import { delivered, text } from "../fixtures/whatsapp/delivery.ts";
import { withDatabase } from "../support/database.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import { registerNumber, type WhatsAppNumber } from "../support/sending.ts";
import { stack } from "../support/stack.ts";
import type { Data, Page } from "../support/types.ts";
import { uniqueNumericId, uniquePhone } from "../support/unique.ts";
import { until } from "../support/until.ts";
import { makeWorkspace } from "../support/workspace.ts";
import { deliver } from "../webhook/hook.ts";
import { messagesOf } from "../webhook/rows.ts";

const { key, agent, phoneNumberId } = await makeWorkspace();
const { key: stranger } = await makeWorkspace();

Deno.test("a number is registered with what WhatsApp says of it, and its token is not shown", async () => {
  const phone_number_id = uniqueNumericId();
  const token = `EAAB${crypto.randomUUID()}`;
  const body = { phone_number_id, access_token: token, display_phone_number: "1" };
  const answer = await key.post<Data<WhatsAppNumber>>("whatsapp-numbers", body);
  assert.equal(answer.status, 201, answer.text);
  const { created_at: _, ...number } = answer.body.data;
  assert.deepEqual(number, {
    phone_number_id,
    waba_id: null,
    display_phone_number: "+1 604-555-0100",
    verified_name: "Stand-in",
    can_send: true,
    messages_per_second: 80,
    history_phase: null,
    history_progress: null,
  });
  const list = await key.get<Page<WhatsAppNumber>>("whatsapp-numbers");
  assert.deepEqual(list.body.data.find((one) => one.phone_number_id === phone_number_id), {
    ...number,
    created_at: answer.body.data.created_at,
  });
  assert.equal(`${answer.text} ${list.text}`.includes(token), false);
  const [{ sealed }] = await withDatabase((sql) =>
    sql<{ sealed: Uint8Array }[]>`
      select sealed from private.whatsapp_tokens where phone_number_id = ${phone_number_id}`
  );
  assert.equal(new TextDecoder().decode(sealed).includes("EAAB"), false);
});

Deno.test("again: 200; in another workspace: 409", async () => {
  const body = { phone_number_id: phoneNumberId, access_token: "EAAB" };
  assert.equal((await key.post("whatsapp-numbers", body)).status, 200);
  assertProblem(await stranger.post("whatsapp-numbers", body), 409, "number_taken");
  assertProblem(
    await stranger.delete(`whatsapp-numbers/${phoneNumberId}`),
    404,
    "number_not_found",
  );
});

Deno.test("what cannot be a number or a token is refused", async () => {
  assertInvalid(
    await key.post("whatsapp-numbers", { phone_number_id: "1/x", access_token: "a b" }),
    {
      "/phone_number_id": "invalid_format",
      "/access_token": "invalid_format",
    },
  );
});

Deno.test("agents see numbers and register none", async () => {
  assert.equal((await agent.get("whatsapp-numbers")).status, 200);
  const body = { phone_number_id: uniqueNumericId(), access_token: "EAAB" };
  const extra = ["required_scope"];
  assertProblem(await agent.post("whatsapp-numbers", body), 403, "insufficient_role", extra);
});

Deno.test("a removed number is gone; what comes for it is there when it is back", async () => {
  const phone_number_id = uniqueNumericId();
  await registerNumber(key, phone_number_id);
  assert.equal((await key.delete(`whatsapp-numbers/${phone_number_id}`)).status, 204);
  const message = text(uniquePhone().slice(1), "Is anybody there?");
  await deliver(delivered(phone_number_id, { messages: [message] }));
  assert.deepEqual(await messagesOf(phone_number_id), []);
  await registerNumber(key, phone_number_id);
  const [stored] = await until(async () => {
    const messages = await messagesOf(phone_number_id);
    return messages.length > 0 ? messages : undefined;
  });
  assert.equal(stored.wa_message_id, message.id);
});

/** Registers with another WhatsApp than the stack's; its answer. */
async function registerAt(graphUrl: string, body: Record<string, string>) {
  Deno.env.set("SUPABASE_DB_URL", stack.database_url);
  Deno.env.set("GRAPH_API_URL", graphUrl);
  Deno.env.set("LEADBASE_ENCRYPTION_KEY", new Uint8Array(32).toBase64());
  const response = await app.fetch(
    new Request("http://localhost/whatsapp-numbers", {
      method: "POST",
      headers: { authorization: `Bearer ${key.token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  );
  return await response.json();
}

async function stopped(graph: Awaited<ReturnType<typeof startGraph>>): Promise<void> {
  const names = ["SUPABASE_DB_URL", "GRAPH_API_URL", "LEADBASE_ENCRYPTION_KEY"];
  for (const name of names) Deno.env.delete(name);
  await closeDatabase();
  await graph.stop();
  // The counts that would be sent in a second.
  await new Promise((resolve) => setTimeout(resolve, 1100));
}

Deno.test("without WhatsApp's consent there is no registration", async (test) => {
  const graph = await startGraph({ tokens: ["EAAB-good"] });
  const register = async (given: { token?: string; url?: string } = {}) => {
    const phone_number_id = uniqueNumericId();
    const access_token = given.token ?? "EAAB-good";
    const problem = await registerAt(given.url ?? graph.url, { phone_number_id, access_token });
    const listed = await key.get<Page<WhatsAppNumber>>("whatsapp-numbers");
    assert.equal(listed.text.includes(phone_number_id), false);
    return [problem.status, problem.code, problem.graph_error?.code];
  };
  try {
    await test.step("a token that WhatsApp does not know", async () => {
      assert.deepEqual(await register({ token: "EAAB-bad" }), [422, "invalid_access_token", 190]);
    });
    await test.step("a number that the token may not use", async () => {
      graph.script(() => graphError(100));
      assert.deepEqual(await register(), [422, "invalid_access_token", 100]);
    });
    for (const behaviour of [serverError(503), notJson(), graphError({ code: 2, status: 500 })]) {
      await test.step(`a fault: ${JSON.stringify(behaviour)}`, async () => {
        graph.script(() => behaviour);
        assert.deepEqual(await register(), [502, "graph_unavailable", undefined]);
      });
    }
    await test.step("nobody there", async () => {
      const found = await register({ url: "http://127.0.0.1:9" });
      assert.deepEqual(found, [502, "graph_unavailable", undefined]);
    });
  } finally {
    await stopped(graph);
  }
});

Deno.test("a number sends as fast as WhatsApp says, also when it is registered again", async () => {
  const number = { id: uniqueNumericId(), throughput: { level: "HIGH" as const } };
  const graph = await startGraph({ numbers: [number] });
  const body = { phone_number_id: number.id, access_token: "EAAB" };
  try {
    assert.equal((await registerAt(graph.url, body)).data.messages_per_second, 1000);
    assert.equal((await key.delete(`whatsapp-numbers/${number.id}`)).status, 204);
    assert.equal((await registerAt(graph.url, body)).data.messages_per_second, 1000);
  } finally {
    await stopped(graph);
  }
  assert.equal((await registerNumber(key, number.id)).messages_per_second, 1000);
});
