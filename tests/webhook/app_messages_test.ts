/** What WhatsApp's own app hands over: what the business wrote there, and the chat history. */
import assert from "node:assert/strict";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import {
  at,
  type Json,
  person,
  status,
  text,
  timeAt,
  uniqueWamid,
} from "../fixtures/whatsapp/delivery.ts";
import { contactsOf, eventsOf, messagesOf } from "./rows.ts";
import { ask, echo, resolveAt, tell } from "./updates.ts";

const ANA = "16045550111";

interface Thread {
  status: string;
  phase: string;
  ai_enabled: boolean;
  bot_status: string;
  unread_count: number;
  message_count: number;
  is_open: boolean;
}

async function threadOf(workspace: Workspace): Promise<Thread> {
  const [thread, ...others] = await ask<Thread>(
    `select status, phase, ai_enabled, bot_status, unread_count, message_count,
      last_inbound_at is not null as is_open from public.conversations where workspace_id = $1`,
    workspace.id,
  );
  assert.deepEqual(others, []);
  return thread;
}

function wroteInApp(workspace: Workspace, ...message_echoes: Json[]): Promise<void> {
  return tell(workspace, { message_echoes }, "smb_message_echoes");
}

const live = {
  status: "active",
  phase: "live",
  ai_enabled: false,
  bot_status: "agent",
  unread_count: 0,
  is_open: true,
};

Deno.test("who answers in the app takes over from the bot, and has read what came before", async () => {
  const workspace = await makeWorkspace();
  await tell(workspace, { messages: [1, 2].map((n) => text(ANA, "Hi", { timestamp: at(n) })) });
  assert.equal((await threadOf(workspace)).unread_count, 2);
  const wamid = uniqueWamid();
  await wroteInApp(workspace, echo(ANA, wamid, 5));
  assert.deepEqual(await threadOf(workspace), { ...live, message_count: 3 });
  const row = (await messagesOf(workspace.phoneNumberId)).at(-1)!;
  assert.deepEqual(
    [row.wa_message_id, row.direction, row.sender_type, row.status, row.body, row.sent_at],
    [wamid, "outbound", "business", "sent", "From the app", timeAt(5)],
  );
  assert.equal((await contactsOf(workspace.id)).length, 1);
  assert.deepEqual(await eventsOf(workspace.id), []);
  await tell(workspace, { messages: [text(ANA, "Thanks", { timestamp: at(6) })] });
  assert.deepEqual(await threadOf(workspace), { ...live, unread_count: 1, message_count: 4 });
});

Deno.test("an echo before the message that it answers leaves what came after it unread", async () => {
  const workspace = await makeWorkspace();
  await wroteInApp(workspace, echo(ANA, uniqueWamid(), 5));
  await tell(workspace, { messages: [4, 6].map((n) => text(ANA, "Hi", { timestamp: at(n) })) });
  assert.deepEqual(await threadOf(workspace), { ...live, unread_count: 1, message_count: 3 });
});

Deno.test("an echo from before the end of the conversation leaves what began since to the bot", async () => {
  for (const [echoed, shown] of [[50, "automated"], [150, "live"], [250, "live"]] as const) {
    const workspace = await makeWorkspace();
    await tell(workspace, { messages: [text(ANA, "Hi", { timestamp: at(10) })] });
    await resolveAt(workspace, 100);
    await tell(workspace, { messages: [text(ANA, "Me again", { timestamp: at(200) })] });
    assert.equal((await threadOf(workspace)).phase, "automated");
    await wroteInApp(workspace, echo(ANA, uniqueWamid(), echoed));
    const { phase, ai_enabled } = await threadOf(workspace);
    assert.deepEqual([echoed, phase, ai_enabled], [echoed, shown, shown === "automated"]);
  }
});

Deno.test("an echo to a stranger makes the contact, once, by number or by id, and opens no window", async () => {
  const workspace = await makeWorkspace();
  const [wamid, other] = [uniqueWamid(), uniqueWamid()];
  const toId = { ...echo(ANA, wamid, 5), to: undefined, to_user_id: "CA.7" };
  await wroteInApp(workspace, toId, { ...echo(ANA, other, 6), to_user_id: "CA.7" });
  await wroteInApp(workspace, toId);
  const [contact, ...others] = await contactsOf(workspace.id);
  assert.deepEqual(others, []);
  assert.deepEqual([contact.phone, contact.message_count], [`+${ANA}`, 2]);
  assert.equal((await threadOf(workspace)).is_open, false);
});

Deno.test("statuses of what was written in the app find it, before and after", async () => {
  const workspace = await makeWorkspace();
  const wamid = uniqueWamid();
  await tell(workspace, { statuses: [status(wamid, "delivered", 6)] });
  await wroteInApp(workspace, echo(ANA, wamid, 5));
  await tell(workspace, { statuses: [status(wamid, "read", 7)] });
  const [row] = await messagesOf(workspace.phoneNumberId);
  assert.deepEqual([row.status, row.delivered_at, row.read_at], ["read", timeAt(6), timeAt(7)]);
});

Deno.test("media in an echo is kept as media", async () => {
  const workspace = await makeWorkspace();
  const image = { id: "911", mime_type: "image/jpeg", sha256: "q1w=", caption: "Look" };
  await wroteInApp(
    workspace,
    echo(ANA, uniqueWamid(), 5, { type: "image", image, text: undefined }),
  );
  const [row] = await messagesOf(workspace.phoneNumberId);
  assert.deepEqual([row.type, row.body, row.media], ["image", "Look", {
    id: "911",
    mime_type: "image/jpeg",
    sha256: "q1w=",
  }]);
});

/** A chunk of history: one thread with Ana. */
function chunk(metadata: Json, ...messages: Json[]): Json {
  return { metadata, threads: [{ id: ANA, context: { wa_id: ANA, user_id: "CA.7" }, messages }] };
}

function hand(workspace: Workspace, ...history: Json[]): Promise<void> {
  return tell(workspace, { history }, "history");
}

function old(from: string, second: number, read: string): Json {
  return {
    ...text(from, `old ${second}`),
    timestamp: at(second),
    history_context: { status: read },
  };
}

const BUSINESS = "16045550123";

Deno.test("history is stored as what it was: whose, how far, and never as news", async () => {
  const workspace = await makeWorkspace();
  await hand(
    workspace,
    chunk(
      { phase: 0, chunk_order: 1, progress: 100 },
      old(ANA, 1, "READ"),
      ...["SENT", "DELIVERED", "READ", "PLAYED", "ERROR", "PENDING"].map((how, n) =>
        old(BUSINESS, 2 + n, how)
      ),
    ),
  );
  const rows = await messagesOf(workspace.phoneNumberId);
  assert.deepEqual(
    rows.map((row) => [row.direction, row.status, row.from_history]),
    [
      ["inbound", "received", true],
      ...["sent", "delivered", "read", "played", "failed", "sent"].map((how) => [
        "outbound",
        how,
        true,
      ]),
    ],
  );
  const { is_open, ...thread } = await threadOf(workspace);
  assert.deepEqual(thread, {
    status: "active",
    phase: "automated",
    ai_enabled: true,
    bot_status: "active",
    unread_count: 0,
    message_count: 7,
  });
  assert.equal(is_open, false);
  assert.deepEqual((await contactsOf(workspace.id)).map(({ message_count }) => message_count), [7]);
  assert.deepEqual(await eventsOf(workspace.id), []);
});

async function progressOf(workspace: Workspace): Promise<(number | null)[]> {
  const [{ history_phase, history_progress }] = await ask<
    { history_phase: number | null; history_progress: number | null }
  >(
    "select history_phase, history_progress from public.whatsapp_numbers where workspace_id = $1",
    workspace.id,
  );
  return [history_phase, history_progress];
}

Deno.test("chunks come in any order: all messages are stored, and the furthest progress stays", async () => {
  const chunks = [
    chunk({ phase: 0, chunk_order: 1, progress: 55 }, old(ANA, 9, "READ")),
    chunk({ phase: 0, chunk_order: 2, progress: 100 }, old(ANA, 8, "READ")),
    chunk({ phase: 1, chunk_order: 1, progress: 20 }, old(ANA, 7, "READ")),
    chunk({ phase: "broken", progress: {} }, old(ANA, 6, "READ")),
  ];
  for (const order of [[0, 1, 2, 3], [2, 1, 0, 3], [3, 1, 2, 0]]) {
    const workspace = await makeWorkspace();
    assert.deepEqual(await progressOf(workspace), [null, null]);
    for (const index of order) await hand(workspace, chunks[index]);
    assert.deepEqual(await progressOf(workspace), [1, 20]);
    assert.deepEqual(
      (await messagesOf(workspace.phoneNumberId)).map(({ body }) => body),
      [6, 7, 8, 9].map((n) => `old ${n}`),
    );
  }
});

Deno.test("a message that comes live and with the history is news, once, whichever is first", async () => {
  const message = { ...text(ANA, "Hi"), timestamp: at(5) };
  const steps = (workspace: Workspace) => [
    () => tell(workspace, { messages: [message] }),
    () => hand(workspace, chunk({}, { ...message, history_context: { status: "READ" } })),
  ];
  for (const order of [[0, 1], [1, 0], [1, 1, 0, 0], [0, 1, 0]]) {
    const workspace = await makeWorkspace();
    for (const index of order) await steps(workspace)[index]();
    const [row, ...others] = await messagesOf(workspace.phoneNumberId);
    assert.deepEqual(others, []);
    assert.equal(row.from_history, false);
    const { unread_count, message_count, is_open } = await threadOf(workspace);
    assert.deepEqual([unread_count, message_count, is_open], [1, 1, true]);
  }
});

Deno.test("history is theirs who wrote it, however the thread spells their number", async () => {
  const workspace = await makeWorkspace();
  const byId = { ...old("", 3, "READ"), from: undefined, from_user_id: "BR.7" };
  const messages = [old("5511987654321", 1, "READ"), old(BUSINESS, 2, "READ"), byId];
  await hand(workspace, { metadata: {}, threads: [{ id: "551187654321", messages }] });
  const rows = await messagesOf(workspace.phoneNumberId);
  assert.deepEqual(rows.map(({ body, direction }) => [body, direction]).sort(), [
    ["old 1", "inbound"],
    ["old 2", "outbound"],
    ["old 3", "inbound"],
  ]);
});

Deno.test("history that is declined is kept as an event, and tells no progress", async () => {
  const workspace = await makeWorkspace();
  const declined = { errors: [{ code: 2593109, title: "History sync is turned off" }] };
  await hand(workspace, declined);
  assert.deepEqual((await eventsOf(workspace.id)).map(({ payload }) => payload), [declined]);
  assert.deepEqual(await progressOf(workspace), [null, null]);
});

Deno.test("messages in a change of the field history that are in no thread are kept as events", async () => {
  const workspace = await makeWorkspace();
  const message = text(ANA, "Where do I belong?");
  await tell(workspace, { messages: [message] }, "history");
  assert.deepEqual((await eventsOf(workspace.id)).map(({ payload }) => payload), [message]);
  assert.deepEqual(await messagesOf(workspace.phoneNumberId), []);
});

/** The names a contact has: what it is called, and what the app's phone book calls it. */
async function namesOf(workspace: Workspace): Promise<unknown[]> {
  const [row] = await ask<{ name: string | null; phonebook_name: string | null }>(
    "select name, phonebook_name from public.contacts where workspace_id = $1",
    workspace.id,
  );
  return [row.name, row.phonebook_name];
}

function inPhoneBook(action: string, seconds: number, contact: Json): Json {
  return {
    type: "contact",
    action,
    contact: { phone_number: `+${ANA}`, ...contact },
    metadata: { timestamp: at(seconds) },
  };
}

Deno.test("the app's phone book adds, renames and removes, by its own times", async () => {
  const steps = [
    inPhoneBook("add", 5, { full_name: "Ana R", first_name: "Ana" }),
    inPhoneBook("edit", 7, { first_name: "Anita" }),
    inPhoneBook("remove", 9, {}),
  ];
  const sync = (workspace: Workspace, ...state_sync: Json[]) =>
    tell(workspace, { state_sync }, "smb_app_state_sync");
  const workspace = await makeWorkspace();
  await sync(workspace, steps[0]);
  assert.deepEqual(await namesOf(workspace), ["Ana R", "Ana R"]);
  assert.deepEqual((await contactsOf(workspace.id)).map(({ phone }) => phone), [`+${ANA}`]);
  await sync(workspace, steps[1]);
  assert.deepEqual(await namesOf(workspace), ["Anita", "Anita"]);
  await sync(workspace, steps[2], steps[0]);
  assert.deepEqual(await namesOf(workspace), [null, null]);
  assert.deepEqual(await eventsOf(workspace.id), []);

  const other = await makeWorkspace();
  await sync(other, steps[2]);
  assert.deepEqual(await contactsOf(other.id), [], "nobody is made by being taken out");
  await sync(other, steps[0]);
  await sync(other, steps[1]);
  assert.deepEqual(await namesOf(other), [null, null]);
});

Deno.test("who was erased and is then taken out of the phone book does not come back", async () => {
  const workspace = await makeWorkspace();
  const said = { contacts: [person(ANA)], messages: [text(ANA, "Hello")] };
  await tell(workspace, said);
  const [{ id }] = await contactsOf(workspace.id);
  const erased = await workspace.admin.post("delete-contacts", {
    contact_ids: [id],
    history: "erase",
  });
  assert.equal(erased.status, 200, erased.text);
  const removal = inPhoneBook("remove", 90, { user_id: "CA.90" });
  await tell(workspace, { state_sync: [removal] }, "smb_app_state_sync");
  assert.deepEqual(await contactsOf(workspace.id), []);
  // Known by another id first: what was told of the number holds once it is known.
  const added = inPhoneBook("add", 80, { full_name: "Ana R" });
  await tell(workspace, { state_sync: [added] }, "smb_app_state_sync");
  assert.deepEqual(await namesOf(workspace), [null, null]);
});
