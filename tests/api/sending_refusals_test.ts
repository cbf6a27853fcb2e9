/** What is not sent: bodies that WhatsApp would refuse, and what the guard and the fence forbid. */
import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import { openConversation } from "../support/sending.ts";
import type { Conversation, Data, Handoff } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";

const workspace = await makeWorkspace();
const { key } = workspace;
const opened = await openConversation(workspace);

function send(body: unknown, { id }: Pick<Conversation, "id"> = opened) {
  return key.post<Data<{ message: { id: string } }>>(`conversations/${id}/messages`, body);
}

const long = (length: number) => "x".repeat(length);
const button = (id: string, title: string) => ({ type: "reply", reply: { id, title } });
const buttons = (...list: unknown[]) => ({
  type: "interactive",
  interactive: { type: "button", body: { text: "?" }, action: { buttons: list } },
});
const list = (...sections: unknown[]) => ({
  type: "interactive",
  interactive: { type: "list", body: { text: "?" }, action: { button: "Choose", sections } },
});
const rows = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => ({ id: `r${from + n}`, title: `Row ${from + n}` }));

/** A body, then what is wrong with it: path → code. */
const WRONG: [title: string, body: unknown, findings: Record<string, string>][] = [
  ["no type", { text: { body: "Hi" } }, { "/type": "invalid_value" }],
  ["an unknown type", { type: "poll", poll: {} }, { "/type": "invalid_value" }],
  ["a type without its content", { type: "text" }, { "/text": "required" }],
  ["the content of another type", {
    type: "text",
    text: { body: "Hi" },
    image: { id: "1" },
  }, { "/image": "unknown_field" }],
  ["spaces alone", { type: "text", text: { body: " \n" } }, { "/text/body": "too_short" }],
  ["4,097 characters", { type: "text", text: { body: long(4097) } }, {
    "/text/body": "too_long",
  }],
  ["neither id nor link", { type: "image", image: {} }, { "/image": "exclusive" }],
  ["both id and link", {
    type: "sticker",
    sticker: { id: "1", link: "https://example.com/a" },
  }, { "/sticker": "exclusive" }],
  ["a link without https", { type: "video", video: { link: "http://example.com/a" } }, {
    "/video/link": "invalid_format",
  }],
  ["a caption of audio", { type: "audio", audio: { id: "1", caption: "Hi" } }, {
    "/audio/caption": "unknown_field",
  }],
  ["a file name of an image", { type: "image", image: { id: "1", filename: "a" } }, {
    "/image/filename": "unknown_field",
  }],
  ["four buttons", buttons(...[1, 2, 3, 4].map((n) => button(`${n}`, `${n}`))), {
    "/interactive/action/buttons": "too_many",
  }],
  ["a title twice", buttons(button("a", "Yes"), button("b", "Yes")), {
    "/interactive/action/buttons": "repeated",
  }],
  ["a title of 21 characters", buttons(button("a", long(21))), {
    "/interactive/action/buttons/0/reply/title": "too_long",
  }],
  ["eleven rows", list({ title: "A", rows: rows(0, 6) }, { title: "B", rows: rows(6, 5) }), {
    "/interactive/action/sections": "too_many",
  }],
  ["a row twice", list({ rows: [...rows(1, 1), ...rows(1, 1)] }), {
    "/interactive/action/sections": "repeated",
  }],
  ["sections without titles", list({ title: "A", rows: rows(1, 1) }, { rows: rows(2, 1) }), {
    "/interactive/action/sections/1/title": "required",
  }],
  ["a place off the earth", { type: "location", location: { latitude: 91, longitude: 0 } }, {
    "/location/latitude": "too_big",
  }],
  ["a card without a name", { type: "contacts", contacts: [{ name: {} }] }, {
    "/contacts/0/name/formatted_name": "required",
  }],
  ["a template in capitals", {
    type: "template",
    template: { name: "Promo", language: { code: "es" } },
  }, { "/template/name": "invalid_format" }],
  ["a bot without its epoch", { type: "text", text: { body: "Hi" }, sender: "bot" }, {
    "/control_epoch": "required",
  }],
  ["a number that the workspace does not have", {
    type: "text",
    text: { body: "Hi" },
    phone_number_id: "1",
  }, { "/phone_number_id": "unknown_number" }],
  ["a reaction to nothing", {
    type: "reaction",
    reaction: { message_id: "wamid.none", emoji: "👍" },
  }, { "/reaction/message_id": "unknown_message" }],
];

for (const [title, body, findings] of WRONG) {
  Deno.test(`422: ${title}`, async () => {
    assertInvalid(await send(body), findings);
  });
}

const GUARD = ["reasons", "retry_at", "template_required", "window_expires_at"];

Deno.test("outside the window only a template goes", async () => {
  const { id } = await createContact(key);
  const handoff = await key.post<Data<Handoff>>("handoff", { contact_id: id });
  const conversation = handoff.body.data.conversation!;
  const text = await send({ type: "text", text: { body: "Hi" } }, conversation);
  const problem = assertProblem(text, 409, "send_refused", GUARD);
  assert.deepEqual([problem.reasons, problem.template_required], [["window_closed"], true]);
  const template = { name: "hello", language: { code: "en" } };
  assert.equal((await send({ type: "template", template }, conversation)).status, 202);
});

Deno.test("the bot is fenced off once a person writes", async () => {
  const conversation = await openConversation(workspace);
  const bot = (control_epoch: number) => ({
    type: "text",
    text: { body: "Beep" },
    sender: "bot",
    control_epoch,
  });
  assert.equal((await send(bot(conversation.control_epoch), conversation)).status, 202);
  assert.equal(
    (await send({ type: "text", text: { body: "I am here" } }, conversation)).status,
    202,
  );
  const late = await send(bot(conversation.control_epoch), conversation);
  const problem = assertProblem(late, 409, "stale_control", ["control_epoch", "phase"]);
  assert.deepEqual([problem.control_epoch, problem.phase], [
    conversation.control_epoch + 1,
    "live",
  ]);
});

Deno.test("a conversation of another workspace is not there", async () => {
  const other = await makeWorkspace();
  const body = { type: "text", text: { body: "Hi" } };
  const answer = await other.key.post(`conversations/${opened.id}/messages`, body);
  assertProblem(answer, 404, "conversation_not_found");
});

Deno.test("what has optional fields only takes no body as well", async () => {
  const path = `conversations/${opened.id}`;
  const read = await key.call<Data<Conversation>>("POST", `${path}/read`);
  assert.deepEqual([read.status, read.body.data.unread_count], [200, 0]);
  assert.equal((await key.call("POST", `${path}/typing`)).status, 202);
  // Only where there is nothing at all.
  assertProblem(await key.call("POST", `${path}/read`, { raw: " " }), 400, "malformed_json");
  assertProblem(await key.call("POST", `${path}/assign`), 400, "malformed_json");
});

Deno.test("what takes no body refuses the fields of one", async () => {
  for (const action of ["accept", "request-agent", "resolve", "reopen"]) {
    const path = `conversations/${opened.id}/${action}`;
    assertInvalid(await key.post(path, { note: "Thanks" }), { "/note": "unknown_field" });
    assert.equal((await key.post(path, {})).status, 200, action);
    assert.equal((await key.call("POST", path)).status, 200, action);
  }
});
