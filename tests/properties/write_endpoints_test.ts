/** Whatever is sent to an endpoint that writes: an answer, or a refusal that says why. Never a 5xx. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Answer } from "../support/http.ts";
import { assertNoDatabaseText } from "../support/problem.ts";
import type { Contact, Data } from "../support/types.ts";
import { uniquePhone } from "../support/unique.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import { anyHeader, anyJson, anyText, type Json, nearly } from "./arbitraries.ts";
import { conforming, type Ids } from "./conforming.ts";
import { type Endpoint, endpoints } from "./description.ts";
import { holds } from "./runs.ts";

const writing = (await endpoints()).filter(({ method, security }) =>
  method !== "GET" && !security.includes("whatsappSignature")
);

Deno.test("the description names every endpoint that writes", () => {
  assert.deepEqual(writing.map(({ method, path }) => `${method} ${path}`).sort(), [
    "DELETE api-keys/{id}",
    "DELETE deals/{id}",
    "DELETE internal-notes/{id}",
    "DELETE meetings/{id}",
    "DELETE pipelines/{id}",
    "DELETE saved-filters/{id}",
    "DELETE scoring-signals/{id}",
    "DELETE surveys/{id}",
    "DELETE whatsapp-numbers/{id}",
    "PATCH deals/{id}",
    "PATCH meetings/{id}",
    "PATCH pipelines/{id}",
    "PATCH saved-filters/{id}",
    "PATCH scoring-signals/{id}",
    "PATCH settings",
    "PATCH surveys/{id}",
    "POST api-keys",
    "POST bulk-update-contacts",
    "POST calls",
    "POST conversations/{id}/accept",
    "POST conversations/{id}/assign",
    "POST conversations/{id}/bot",
    "POST conversations/{id}/messages",
    "POST conversations/{id}/read",
    "POST conversations/{id}/reopen",
    "POST conversations/{id}/request-agent",
    "POST conversations/{id}/resolve",
    "POST conversations/{id}/typing",
    "POST create-contact",
    "POST deals",
    "POST deals/{id}/lose",
    "POST deals/{id}/reopen",
    "POST deals/{id}/win",
    "POST delete-contacts",
    "POST handoff",
    "POST import-contacts",
    "POST import-contacts/revert",
    "POST internal-notes",
    "POST jobs",
    "POST meetings",
    "POST merge-contacts",
    "POST merge-contacts/undo",
    "POST pipelines",
    "POST saved-filters",
    "POST score-events",
    "POST scoring-signals",
    "POST scoring-signals/simulate",
    "POST scoring-signals/templates",
    "POST surveys",
    "POST surveys/{id}/responses",
    "POST update-contact",
    "POST whatsapp-numbers",
  ]);
});

function assertAnswered(answer: Answer<unknown>): void {
  assert.equal(
    answer.status >= 200 && answer.status < 500,
    true,
    `${answer.status} ${answer.text}`,
  );
  if (answer.status < 400) return;
  assert.equal(answer.headers.get("content-type"), "application/problem+json");
  assert.equal((answer.body as { status: number }).status, answer.status);
  assertNoDatabaseText(answer);
}

interface Request {
  body: Json;
  id: string;
  headers: Record<string, string>;
  query: [string, string][];
}

function anyRequest({ body = {}, parameters }: Endpoint, ids: Ids): fc.Arbitrary<Request> {
  const valid = conforming(body, ids);
  const headers = fc.record({
    "idempotency-key": anyHeader,
    "if-match": anyHeader,
    "x-request-id": anyHeader,
    "x-workspace-id": anyHeader,
  }, { requiredKeys: [] });
  const queries = parameters.map(({ name, schema }) =>
    fc.tuple(fc.constant(name), conforming(schema, ids).map(String))
  );
  return fc.record({
    body: fc.oneof(
      { weight: 6, arbitrary: valid },
      { weight: 3, arbitrary: nearly(valid) },
      { weight: 1, arbitrary: anyJson },
    ),
    id: fc.oneof(fc.constantFrom(...ids), anyText),
    headers: fc.oneof({ weight: 5, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: headers }),
    query: fc.oneof(
      { weight: 5, arbitrary: fc.constant<[string, string][]>([]) },
      ...queries.map((query) => query.map((one) => [one])),
      fc.tuple(anyText, anyText).map((one) => [one]),
    ),
  });
}

function send(
  { method, path, security }: Endpoint,
  workspace: Workspace,
  { body, id, headers, query }: Request,
): Promise<Answer<Data<Contact>>> {
  const caller = security.includes("apiKey") ? workspace.key : workspace.admin;
  const search = new URLSearchParams(query);
  // An empty or dotted id would be another path.
  const segment = /^\.*$/.test(id) ? "x" : encodeURIComponent(id.toWellFormed());
  const address = path.replace("{id}", segment) + (search.size > 0 ? `?${search}` : "");
  return caller.call(method, address, { headers, body: method === "DELETE" ? undefined : body });
}

for (const endpoint of writing) {
  Deno.test(`any body is answered or refused: ${endpoint.method} ${endpoint.path}`, async () => {
    const workspace = await makeWorkspace();
    const made = await workspace.key.post<Data<Contact>>("create-contact", {
      phone: uniquePhone(),
    });
    const ids: Ids = [made.body.data.id, workspace.agent.userId];
    await holds(
      fc.asyncProperty(anyRequest(endpoint, ids), async (given) => {
        const answer = await send(endpoint, workspace, given);
        assertAnswered(answer);
        if (answer.status < 300 && /^(create|update)-contact$/.test(endpoint.path)) {
          await assertReadBack(workspace, answer);
        }
      }),
      60,
    );
    const listed = await workspace.key.get("list-contacts?limit=200");
    assert.equal(listed.status, 200, listed.text);
  });
}

/** What was written can be read, and is what the answer said. */
async function assertReadBack(workspace: Workspace, written: Answer<Data<Contact>>): Promise<void> {
  const { id } = written.body.data;
  const read = await workspace.key.get<Data<Contact>>(`get-contact?contact_id=${id}`);
  assert.equal(read.status, 200, read.text);
  for (const [name, value] of Object.entries(written.body.data)) {
    assert.deepEqual(read.body.data[name as keyof Contact], value, name);
  }
}

Deno.test("any bytes are answered or refused by every endpoint that takes a body", async () => {
  const workspace = await makeWorkspace();
  const types = [
    "application/json",
    "text/plain",
    "application/json; charset=latin1",
    "",
    "a/b; c",
  ];
  const taking = writing.filter(({ body }) => body !== undefined);
  await holds(
    fc.asyncProperty(
      fc.constantFrom(...taking),
      fc.uint8Array({ maxLength: 200 }),
      fc.oneof(fc.constantFrom(...types), anyHeader),
      async ({ path, security }, bytes, type) => {
        const caller = security.includes("apiKey") ? workspace.key : workspace.admin;
        const raw = Uint8Array.from(bytes);
        assertAnswered(await caller.call("POST", path, { raw, headers: { "content-type": type } }));
      },
    ),
    60,
  );
});
