/** A request for every operation of the API that works, and who may make it. */
import assert from "node:assert/strict";
import { createContact } from "./contacts.ts";
import { createDeal, createPipeline } from "./deals.ts";
import { createMeeting, createSurvey, reportCall } from "./meetings.ts";
import type { Client } from "./http.ts";
import { storeMedia } from "./media.ts";
import { merge } from "./merging.ts";
import type { ApiKey, Conversation, Data, Handoff, Note } from "./types.ts";
import { createSignal, signalBody, simulate } from "./scoring.ts";
import { openConversation, registerNumber } from "./sending.ts";
import { uniqueNumericId, uniquePhone, uniqueWord } from "./unique.ts";
import type { Workspace } from "./workspace.ts";

export interface Example {
  method: string;
  /** Below `/functions/v1/`. */
  path: string;
  /** JSON, or a Blob of another type. */
  body?: Record<string, unknown> | Blob;
}

export interface OperationCase {
  /** A scope, or `admin`: the token of an owner or admin. */
  required: string;
  /** Scopes that it needs beside that one. */
  further?: readonly string[];
  /** The status of a good answer. */
  status: number;
  /**
   * What someone of another workspace gets for this very request: 404 where it names something of
   * ours, their own (empty) list or record where it does not.
   */
  foreign: number;
  /** A request that works once for that caller; it makes what it needs. */
  example(workspace: Workspace, caller?: Client): Promise<Example> | Example;
}

export const SCOPES = [
  "contacts:read",
  "contacts:write",
  "contacts:delete",
  "conversations:read",
  "conversations:write",
  "notes:read",
  "notes:write",
  "settings:read",
  "settings:write",
];

async function makeConversation({ key }: Workspace): Promise<Conversation> {
  const { id } = await createContact(key);
  const answer = await key.post<Data<Handoff>>("handoff", { contact_id: id });
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data.conversation!;
}

/** A case that acts on a conversation of its own. */
function onConversation(
  method: "GET" | "POST",
  path = "",
  body?: Record<string, unknown>,
): OperationCase {
  return {
    required: method === "GET" ? "conversations:read" : "conversations:write",
    status: 200,
    foreign: 404,
    async example(workspace) {
      return {
        method,
        path: `conversations/${(await makeConversation(workspace)).id}${path}`,
        body,
      };
    },
  };
}

/** A case that writes to a person who has just written. */
function onOpened(path: string, body: Record<string, unknown>, status: number): OperationCase {
  return {
    required: "conversations:write",
    status,
    foreign: 404,
    async example(workspace) {
      const { id } = await openConversation(workspace);
      return { method: "POST", path: `conversations/${id}${path}`, body };
    },
  };
}

async function makeNote({ key }: Workspace, author: Client): Promise<Note> {
  const { id } = await createContact(key);
  const answer = await author.post<Data<Note>>("internal-notes", {
    content: "A note",
    entity_type: "lead",
    entity_id: id,
  });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.data;
}

/** The id of an import of one contact. */
async function importOne(key: Client): Promise<string> {
  const body = new Blob([`phone\n${uniquePhone()}\n`], { type: "text/csv" });
  const answer = await key.post<Data<{ id: string }>>("import-contacts", body);
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data.id;
}

async function makeFilter(key: Client): Promise<string> {
  const body = { name: uniqueWord(), filter: { is_vip: true }, shared: true };
  const answer = await key.post<Data<{ id: string }>>("saved-filters", body);
  assert.equal(answer.status, 201, answer.text);
  return answer.body.data.id;
}

async function makeApiKey({ admin }: Workspace): Promise<ApiKey> {
  const body = { name: "A key", scopes: ["*"] };
  const answer = await admin.post<Data<ApiKey>>("api-keys", body);
  assert.equal(answer.status, 201, answer.text);
  return answer.body.data;
}

/** A case that changes a deal of its own. */
function onDeal(method: string, path = "", body?: Record<string, unknown>): OperationCase {
  return {
    required: method === "GET" ? "contacts:read" : "contacts:write",
    status: method === "DELETE" ? 204 : 200,
    foreign: 404,
    async example({ key }) {
      const { id } = await createDeal(key);
      return { method, path: `deals/${id}${path}`, body };
    },
  };
}

/** A case that is about a pipeline of its own. */
function onPipeline(method: string, body?: Record<string, unknown>): OperationCase {
  return {
    required: method === "GET" ? "contacts:read" : "settings:write",
    status: method === "DELETE" ? 204 : 200,
    foreign: 404,
    async example({ key }) {
      return { method, path: `pipelines/${(await createPipeline(key)).id}`, body };
    },
  };
}

/** A case that is about a scoring signal of its own. */
function onSignal(method: string, body?: Record<string, unknown>): OperationCase {
  return {
    required: method === "GET" ? "settings:read" : "settings:write",
    status: method === "DELETE" ? 204 : 200,
    foreign: 404,
    async example({ key }) {
      return { method, path: `scoring-signals/${(await createSignal(key)).id}`, body };
    },
  };
}

/** A case that is about a meeting of its own. */
function onMeeting(method: string, body?: Record<string, unknown>): OperationCase {
  return {
    required: method === "GET" ? "contacts:read" : "contacts:write",
    status: method === "DELETE" ? 204 : 200,
    foreign: 404,
    async example({ key }) {
      return { method, path: `meetings/${(await createMeeting(key)).id}`, body };
    },
  };
}

/** A case that is about a survey of its own. */
function onSurvey(method: string, path = "", body?: Record<string, unknown>): OperationCase {
  return {
    required: method === "GET" ? "contacts:read" : "settings:write",
    status: method === "DELETE" ? 204 : 200,
    foreign: 404,
    async example({ key }) {
      return { method, path: `surveys/${(await createSurvey(key)).id}${path}`, body };
    },
  };
}

/**
 * Every operation that takes credentials, by method and path as the description has them. One that
 * is described and not here makes tests fail: whoever adds an endpoint says here who may call it.
 */
export const OPERATIONS: Record<string, OperationCase> = {
  "GET /list-contacts": {
    required: "contacts:read",
    status: 200,
    foreign: 200,
    example: () => ({ method: "GET", path: "list-contacts" }),
  },
  "GET /export-contacts": {
    required: "contacts:read",
    status: 200,
    foreign: 200,
    example: () => ({ method: "GET", path: "export-contacts" }),
  },
  "GET /get-contact": {
    required: "contacts:read",
    status: 200,
    foreign: 404,
    async example({ key }) {
      const { id } = await createContact(key);
      return { method: "GET", path: `get-contact?contact_id=${id}` };
    },
  },
  "POST /create-contact": {
    required: "contacts:write",
    status: 201,
    foreign: 201,
    example: () => ({ method: "POST", path: "create-contact", body: { phone: uniquePhone() } }),
  },
  "POST /update-contact": {
    required: "contacts:write",
    status: 200,
    foreign: 404,
    async example({ key }) {
      const { id } = await createContact(key);
      return { method: "POST", path: "update-contact", body: { contact_id: id, name: "N" } };
    },
  },
  "POST /import-contacts": {
    required: "contacts:write",
    status: 200,
    foreign: 200,
    example: () => ({
      method: "POST",
      path: "import-contacts",
      body: new Blob([`name,phone\nImported,${uniquePhone()}\n`], { type: "text/csv" }),
    }),
  },
  "GET /import-contacts": {
    required: "contacts:write",
    status: 200,
    foreign: 404,
    async example({ key }) {
      return { method: "GET", path: `import-contacts?import_id=${await importOne(key)}` };
    },
  },
  "GET /import-contacts/errors": {
    required: "contacts:write",
    status: 200,
    foreign: 404,
    async example({ key }) {
      return { method: "GET", path: `import-contacts/errors?import_id=${await importOne(key)}` };
    },
  },
  "POST /import-contacts/revert": {
    required: "contacts:write",
    status: 200,
    foreign: 404,
    async example({ key }) {
      const import_id = await importOne(key);
      return { method: "POST", path: "import-contacts/revert", body: { import_id } };
    },
  },
  "POST /delete-contacts": {
    required: "contacts:delete",
    status: 200,
    // Somebody else's ids are nobody's.
    foreign: 200,
    async example({ key }) {
      const { id } = await createContact(key);
      return { method: "POST", path: "delete-contacts", body: { contact_ids: [id] } };
    },
  },
  "GET /delete-contacts": {
    required: "contacts:delete",
    status: 200,
    foreign: 404,
    async example({ key }) {
      const { id } = await createContact(key);
      const answer = await key.post<Data<{ receipt_id: string }>>("delete-contacts", {
        contact_ids: [id],
      });
      assert.equal(answer.status, 200, answer.text);
      return {
        method: "GET",
        path: `delete-contacts?receipt_id=${answer.body.data.receipt_id}`,
      };
    },
  },
  "GET /contact-data": {
    required: "contacts:read",
    further: ["conversations:read", "notes:read"],
    status: 200,
    foreign: 404,
    async example({ key }) {
      const { id } = await createContact(key);
      return { method: "GET", path: `contact-data?contact_id=${id}` };
    },
  },
  "POST /bulk-update-contacts": {
    required: "contacts:write",
    status: 200,
    // Somebody else's ids are nobody's.
    foreign: 200,
    async example({ key }) {
      const body = { contact_ids: [(await createContact(key)).id], set: { status: "lost" } };
      return { method: "POST", path: "bulk-update-contacts", body };
    },
  },
  "GET /bulk-update-contacts": {
    required: "contacts:write",
    status: 200,
    foreign: 404,
    async example({ key }) {
      const body = { contact_ids: [(await createContact(key)).id], set: { status: "lost" } };
      const answer = await key.post<Data<{ job_id: string }>>("bulk-update-contacts", body);
      assert.equal(answer.status, 200, answer.text);
      return { method: "GET", path: `bulk-update-contacts?job_id=${answer.body.data.job_id}` };
    },
  },
  "GET /saved-filters": {
    required: "contacts:read",
    status: 200,
    foreign: 200,
    example: () => ({ method: "GET", path: "saved-filters" }),
  },
  "POST /saved-filters": {
    required: "contacts:write",
    status: 201,
    foreign: 201,
    example: () => {
      const body = { name: uniqueWord(), filter: { status: ["new"] } };
      return { method: "POST", path: "saved-filters", body };
    },
  },
  "PATCH /saved-filters/{id}": {
    required: "contacts:write",
    status: 200,
    foreign: 404,
    async example({ key }) {
      const body = { name: uniqueWord() };
      return { method: "PATCH", path: `saved-filters/${await makeFilter(key)}`, body };
    },
  },
  "DELETE /saved-filters/{id}": {
    required: "contacts:write",
    status: 204,
    foreign: 404,
    async example({ key }) {
      return { method: "DELETE", path: `saved-filters/${await makeFilter(key)}` };
    },
  },
  "GET /contact-kpis": {
    required: "contacts:read",
    status: 200,
    foreign: 200,
    example: () => ({ method: "GET", path: "contact-kpis" }),
  },
  "GET /contact-tags": {
    required: "contacts:read",
    status: 200,
    foreign: 200,
    example: () => ({ method: "GET", path: "contact-tags" }),
  },
  "GET /contact-timeline": {
    required: "contacts:read",
    status: 200,
    foreign: 404,
    async example({ key }) {
      const { id } = await createContact(key);
      return { method: "GET", path: `contact-timeline?contact_id=${id}` };
    },
  },
  "GET /merge-contacts": {
    required: "contacts:write",
    status: 200,
    foreign: 404,
    async example({ key }) {
      const { id } = await createContact(key);
      return { method: "GET", path: `merge-contacts?contact_id=${id}` };
    },
  },
  "POST /merge-contacts": {
    required: "contacts:write",
    status: 200,
    foreign: 404,
    async example({ key }) {
      const [primary, duplicate] = [await createContact(key), await createContact(key)];
      const body = { primary_id: primary.id, duplicate_id: duplicate.id };
      return { method: "POST", path: "merge-contacts", body };
    },
  },
  "POST /merge-contacts/undo": {
    required: "contacts:write",
    status: 200,
    foreign: 404,
    async example({ key }) {
      const [primary, duplicate] = [await createContact(key), await createContact(key)];
      const merge_id = await merge(key, primary.id, duplicate.id);
      return { method: "POST", path: "merge-contacts/undo", body: { merge_id } };
    },
  },
  "GET /internal-notes": {
    required: "notes:read",
    status: 200,
    foreign: 404,
    async example({ key }) {
      const { id } = await createContact(key);
      return { method: "GET", path: `internal-notes?entity_type=lead&entity_id=${id}` };
    },
  },
  "POST /internal-notes": {
    required: "notes:write",
    status: 201,
    foreign: 404,
    async example({ key }) {
      const { id } = await createContact(key);
      const body = { content: "A note", entity_type: "lead", entity_id: id };
      return { method: "POST", path: "internal-notes", body };
    },
  },
  "DELETE /internal-notes/{id}": {
    required: "notes:write",
    status: 204,
    foreign: 404,
    async example(workspace, caller = workspace.agent) {
      const { id } = await makeNote(workspace, caller);
      return { method: "DELETE", path: `internal-notes/${id}` };
    },
  },
  "GET /pipelines": {
    required: "contacts:read",
    status: 200,
    foreign: 200,
    example: () => ({ method: "GET", path: "pipelines" }),
  },
  "POST /pipelines": {
    required: "settings:write",
    status: 201,
    foreign: 201,
    example: () => {
      const body = { name: crypto.randomUUID(), stages: [{ name: "Only", probability: 50 }] };
      return { method: "POST", path: "pipelines", body };
    },
  },
  "GET /pipelines/{id}": onPipeline("GET"),
  "PATCH /pipelines/{id}": onPipeline("PATCH", { is_default: false }),
  "DELETE /pipelines/{id}": onPipeline("DELETE"),
  "GET /deals": {
    required: "contacts:read",
    status: 200,
    foreign: 200,
    example: () => ({ method: "GET", path: "deals" }),
  },
  "POST /deals": {
    required: "contacts:write",
    status: 201,
    foreign: 404,
    async example({ key }) {
      const { id } = await createContact(key);
      return { method: "POST", path: "deals", body: { title: "A deal", contact_id: id } };
    },
  },
  "GET /deals/{id}": onDeal("GET"),
  "PATCH /deals/{id}": onDeal("PATCH", "", { title: "Another title" }),
  "DELETE /deals/{id}": onDeal("DELETE"),
  "POST /deals/{id}/win": onDeal("POST", "/win", {}),
  "POST /deals/{id}/lose": onDeal("POST", "/lose", { reason: "Too dear" }),
  "POST /deals/{id}/reopen": onDeal("POST", "/reopen", {}),
  "GET /scoring-signals": {
    required: "settings:read",
    status: 200,
    foreign: 200,
    example: () => ({ method: "GET", path: "scoring-signals" }),
  },
  "POST /scoring-signals": {
    required: "settings:write",
    status: 201,
    foreign: 201,
    example: () => ({ method: "POST", path: "scoring-signals", body: signalBody() }),
  },
  "GET /scoring-signals/{id}": onSignal("GET"),
  "PATCH /scoring-signals/{id}": onSignal("PATCH", { points: 7 }),
  "DELETE /scoring-signals/{id}": onSignal("DELETE"),
  "POST /scoring-signals/simulate": {
    required: "settings:write",
    further: ["contacts:read"],
    status: 200,
    foreign: 200,
    example: () => ({
      method: "POST",
      path: "scoring-signals/simulate",
      body: { weights: { intent: 2 } },
    }),
  },
  "GET /scoring-signals/simulate": {
    required: "settings:read",
    further: ["contacts:read"],
    status: 200,
    foreign: 404,
    async example({ key }) {
      return { method: "GET", path: `scoring-signals/simulate?id=${(await simulate(key)).id}` };
    },
  },
  "GET /scoring-signals/rescoring": {
    required: "settings:read",
    status: 200,
    foreign: 200,
    example: () => ({ method: "GET", path: "scoring-signals/rescoring" }),
  },
  "GET /score-events": {
    required: "contacts:read",
    status: 200,
    foreign: 404,
    async example({ key }) {
      return { method: "GET", path: `score-events?contact_id=${(await createContact(key)).id}` };
    },
  },
  "POST /score-events": {
    required: "contacts:write",
    status: 201,
    foreign: 404,
    async example({ key }) {
      const { id } = await createContact(key);
      return { method: "POST", path: "score-events", body: { contact_id: id, points: 5 } };
    },
  },
  "GET /contact-explanation": {
    required: "contacts:read",
    further: ["conversations:read"],
    status: 200,
    foreign: 404,
    async example({ key }) {
      const { id } = await createContact(key);
      return { method: "GET", path: `contact-explanation?contact_id=${id}` };
    },
  },
  "GET /scoring-signals/templates": {
    required: "settings:read",
    status: 200,
    foreign: 200,
    example: () => ({ method: "GET", path: "scoring-signals/templates" }),
  },
  "POST /scoring-signals/templates": {
    required: "settings:write",
    status: 200,
    foreign: 200,
    example: () => ({
      method: "POST",
      path: "scoring-signals/templates",
      body: { business_type: "retail" },
    }),
  },
  "GET /meetings": {
    required: "contacts:read",
    status: 200,
    foreign: 200,
    example: () => ({ method: "GET", path: "meetings" }),
  },
  "POST /meetings": {
    required: "contacts:write",
    status: 201,
    foreign: 404,
    async example({ key }) {
      const contact_id = (await createContact(key)).id;
      const body = { title: "A visit", contact_id, starts_at: "2026-11-03T17:00:00Z" };
      return { method: "POST", path: "meetings", body };
    },
  },
  "GET /meetings/{id}": onMeeting("GET"),
  "PATCH /meetings/{id}": onMeeting("PATCH", { title: "Another" }),
  "DELETE /meetings/{id}": onMeeting("DELETE"),
  "GET /surveys": {
    required: "contacts:read",
    status: 200,
    foreign: 200,
    example: () => ({ method: "GET", path: "surveys" }),
  },
  "POST /surveys": {
    required: "settings:write",
    status: 201,
    foreign: 201,
    example: () => {
      const body = { name: "A survey", questions: [{ text: "Well?", type: "boolean" }] };
      return { method: "POST", path: "surveys", body };
    },
  },
  "GET /surveys/{id}": onSurvey("GET"),
  "PATCH /surveys/{id}": onSurvey("PATCH", "", { name: "Another" }),
  "DELETE /surveys/{id}": onSurvey("DELETE"),
  "GET /surveys/{id}/responses": onSurvey("GET", "/responses"),
  "POST /surveys/{id}/responses": {
    required: "contacts:write",
    status: 201,
    foreign: 404,
    async example({ key }) {
      const [{ id: contact_id }, survey] = [await createContact(key), await createSurvey(key)];
      const answers = [{ question_id: survey.questions[0].id, value: true }];
      return {
        method: "POST",
        path: `surveys/${survey.id}/responses`,
        body: { contact_id, answers },
      };
    },
  },
  "GET /calls": {
    required: "conversations:read",
    status: 200,
    foreign: 200,
    example: () => ({ method: "GET", path: "calls" }),
  },
  "POST /calls": {
    required: "conversations:write",
    status: 201,
    foreign: 404,
    async example({ key }) {
      const { id: contact_id } = await createContact(key);
      return { method: "POST", path: "calls", body: { direction: "inbound", contact_id } };
    },
  },
  "GET /calls/{id}": {
    required: "conversations:read",
    status: 200,
    foreign: 404,
    async example({ key }) {
      return { method: "GET", path: `calls/${(await reportCall(key)).id}` };
    },
  },
  "POST /handoff": {
    required: "conversations:write",
    status: 200,
    foreign: 404,
    async example({ key }) {
      const { id } = await createContact(key);
      return { method: "POST", path: "handoff", body: { contact_id: id } };
    },
  },
  "GET /media/{id}": {
    required: "conversations:read",
    status: 200,
    foreign: 404,
    async example(workspace) {
      return { method: "GET", path: `media/${await storeMedia(workspace)}` };
    },
  },
  "GET /conversations": {
    required: "conversations:read",
    status: 200,
    foreign: 200,
    example: () => ({ method: "GET", path: "conversations" }),
  },
  "GET /conversations/{id}": onConversation("GET"),
  "GET /conversations/{id}/messages": onConversation("GET", "/messages"),
  "POST /conversations/{id}/accept": onConversation("POST", "/accept", {}),
  "POST /conversations/{id}/request-agent": onConversation("POST", "/request-agent", {}),
  "POST /conversations/{id}/resolve": onConversation("POST", "/resolve", {}),
  "POST /conversations/{id}/reopen": onConversation("POST", "/reopen", {}),
  "POST /conversations/{id}/assign": onConversation("POST", "/assign", { user_id: null }),
  "POST /conversations/{id}/bot": onConversation("POST", "/bot", { action: "pause" }),
  "POST /conversations/{id}/messages": onOpened(
    "/messages",
    { type: "text", text: { body: "Hello" } },
    202,
  ),
  "POST /conversations/{id}/read": onOpened("/read", { receipt: false }, 200),
  "POST /conversations/{id}/typing": onOpened("/typing", {}, 202),
  "GET /settings": {
    required: "settings:read",
    status: 200,
    foreign: 200,
    example: () => ({ method: "GET", path: "settings" }),
  },
  "PATCH /settings": {
    required: "settings:write",
    status: 200,
    foreign: 200,
    example: () => ({ method: "PATCH", path: "settings", body: { grades: { A: 90 } } }),
  },
  "GET /whatsapp-numbers": {
    required: "settings:read",
    status: 200,
    foreign: 200,
    example: () => ({ method: "GET", path: "whatsapp-numbers" }),
  },
  "POST /whatsapp-numbers": {
    required: "settings:write",
    status: 201,
    foreign: 201,
    example: () => {
      const body = { phone_number_id: uniqueNumericId(), access_token: "EAAB" };
      return { method: "POST", path: "whatsapp-numbers", body };
    },
  },
  "DELETE /whatsapp-numbers/{id}": {
    required: "settings:write",
    status: 204,
    foreign: 404,
    async example({ key }) {
      const phone_number_id = uniqueNumericId();
      await registerNumber(key, phone_number_id);
      return { method: "DELETE", path: `whatsapp-numbers/${phone_number_id}` };
    },
  },
  "GET /can-send": {
    required: "conversations:read",
    status: 200,
    foreign: 404,
    async example({ key }) {
      const { id } = await createContact(key);
      return { method: "GET", path: `can-send?contact_id=${id}` };
    },
  },
  "GET /activity": {
    required: "contacts:read",
    status: 200,
    foreign: 200,
    example: () => ({ method: "GET", path: "activity" }),
  },
  "GET /api-keys": {
    required: "admin",
    status: 200,
    foreign: 200,
    example: () => ({ method: "GET", path: "api-keys" }),
  },
  "POST /api-keys": {
    required: "admin",
    status: 201,
    foreign: 201,
    example: () => {
      const body = { name: "A key", scopes: ["contacts:read"] };
      return { method: "POST", path: "api-keys", body };
    },
  },
  "DELETE /api-keys/{id}": {
    required: "admin",
    status: 204,
    foreign: 404,
    async example(workspace) {
      return { method: "DELETE", path: `api-keys/${(await makeApiKey(workspace)).id}` };
    },
  },
};
