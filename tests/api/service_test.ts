/** health and openapi: what tells about the service itself. */
import assert from "node:assert/strict";
import { request } from "../support/http.ts";
import { fetchDescription, operationsOf } from "../support/openapi.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import { closeDatabase } from "../../supabase/functions/_shared/database.ts";
import { app as health } from "../../supabase/functions/health/app.ts";

Deno.test("health says that function and database answer", async () => {
  const answer = await request<{ data: { time: string } }>("GET", "health");
  assert.equal(answer.status, 200, answer.text);
  const { time, ...rest } = answer.body.data;
  assert.deepEqual(rest, { status: "ok", database: "ok" });
  assert.equal(Math.abs(Date.parse(time) - Date.now()) < 60_000, true);
  assertInvalid(await request("GET", "health?deep=1"), { "/deep": "unknown_parameter" });
});

Deno.test("health is 503 when there is no database", async () => {
  const before = Deno.env.get("SUPABASE_DB_URL");
  // Nobody listens there, and nobody is let in there.
  Deno.env.set("SUPABASE_DB_URL", "postgresql://nobody:wrong@127.0.0.1:1/postgres");
  try {
    const response = await health.fetch(new Request("http://localhost/health"));
    const text = await response.text();
    const answer = { status: response.status, headers: response.headers, text };
    assertProblem({ ...answer, body: JSON.parse(text) }, 503, "database_unavailable");
    assert.match(response.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
  } finally {
    await closeDatabase();
    if (before === undefined) Deno.env.delete("SUPABASE_DB_URL");
    else Deno.env.set("SUPABASE_DB_URL", before);
  }
});

const description = await fetchDescription();
const operations = operationsOf(description);

/** Every reference in the description. */
function* references(value: unknown): Generator<string> {
  if (value === null || typeof value !== "object") return;
  for (const [name, item] of Object.entries(value)) {
    if (name === "$ref" && typeof item === "string") yield item;
    else yield* references(item);
  }
}

Deno.test("the description is OpenAPI 3.1 whose references lead somewhere", () => {
  assert.match(description.openapi, /^3\.1\.\d+$/);
  assert.equal(typeof description.info.title, "string");
  assert.match(description.info.version, /^\d+\.\d+\.\d+$/);
  const all = [...references(description)];
  assert.equal(all.length > 50, true);
  for (const reference of all) {
    let found: unknown = description;
    for (const part of reference.replace(/^#\//, "").split("/")) {
      found = (found as Record<string, unknown>)
        ?.[part.replaceAll("~1", "/").replaceAll("~0", "~")];
    }
    assert.notEqual(found, undefined, reference);
  }
});

Deno.test("every operation is whole: id, words, parameters, answers, problems", () => {
  const ids = new Set<string>();
  for (const [name, operation] of operations) {
    assert.match(operation.operationId, /^[a-z][A-Za-z]+$/, name);
    ids.add(operation.operationId);
    const { summary, description, tags } = operation as unknown as Record<string, string>;
    assert.equal(Boolean(summary && description && tags), true, name);
    const statuses = Object.keys(operation.responses);
    assert.equal(statuses.some((status) => /^[23]\d\d$/.test(status)), true, name);
    assert.equal(statuses.includes("500"), true, name);
    const inPath = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
    const described = (operation.parameters ?? [])
      .filter((parameter) => "in" in parameter && parameter.in === "path")
      .map((parameter) => "name" in parameter ? parameter.name : "");
    assert.deepEqual(described, inPath, name);
    for (const [status, response] of Object.entries(operation.responses)) {
      if (Number(status) < 400) continue;
      assert.notEqual(
        response.content?.["application/problem+json"],
        undefined,
        `${name} ${status}`,
      );
    }
  }
  assert.equal(ids.size, operations.size);
});

Deno.test("every endpoint of the contract that exists is described", () => {
  assert.deepEqual([...operations.keys()].toSorted(), [
    "DELETE /api-keys/{id}",
    "DELETE /deals/{id}",
    "DELETE /internal-notes/{id}",
    "DELETE /meetings/{id}",
    "DELETE /pipelines/{id}",
    "DELETE /saved-filters/{id}",
    "DELETE /scoring-signals/{id}",
    "DELETE /surveys/{id}",
    "DELETE /whatsapp-numbers/{id}",
    "GET /activity",
    "GET /api-keys",
    "GET /bulk-update-contacts",
    "GET /calls",
    "GET /calls/{id}",
    "GET /can-send",
    "GET /contact-data",
    "GET /contact-explanation",
    "GET /contact-kpis",
    "GET /contact-tags",
    "GET /contact-timeline",
    "GET /conversations",
    "GET /conversations/{id}",
    "GET /conversations/{id}/messages",
    "GET /deals",
    "GET /deals/{id}",
    "GET /delete-contacts",
    "GET /export-contacts",
    "GET /get-contact",
    "GET /health",
    "GET /import-contacts",
    "GET /import-contacts/errors",
    "GET /internal-notes",
    "GET /list-contacts",
    "GET /media/{id}",
    "GET /meetings",
    "GET /meetings/{id}",
    "GET /merge-contacts",
    "GET /openapi",
    "GET /pipelines",
    "GET /pipelines/{id}",
    "GET /saved-filters",
    "GET /score-events",
    "GET /scoring-signals",
    "GET /scoring-signals/rescoring",
    "GET /scoring-signals/simulate",
    "GET /scoring-signals/templates",
    "GET /scoring-signals/{id}",
    "GET /settings",
    "GET /surveys",
    "GET /surveys/{id}",
    "GET /surveys/{id}/responses",
    "GET /whatsapp-numbers",
    "GET /whatsapp-webhook",
    "PATCH /deals/{id}",
    "PATCH /meetings/{id}",
    "PATCH /pipelines/{id}",
    "PATCH /saved-filters/{id}",
    "PATCH /scoring-signals/{id}",
    "PATCH /settings",
    "PATCH /surveys/{id}",
    "POST /api-keys",
    "POST /bulk-update-contacts",
    "POST /calls",
    "POST /conversations/{id}/accept",
    "POST /conversations/{id}/assign",
    "POST /conversations/{id}/bot",
    "POST /conversations/{id}/messages",
    "POST /conversations/{id}/read",
    "POST /conversations/{id}/reopen",
    "POST /conversations/{id}/request-agent",
    "POST /conversations/{id}/resolve",
    "POST /conversations/{id}/typing",
    "POST /create-contact",
    "POST /deals",
    "POST /deals/{id}/lose",
    "POST /deals/{id}/reopen",
    "POST /deals/{id}/win",
    "POST /delete-contacts",
    "POST /handoff",
    "POST /import-contacts",
    "POST /import-contacts/revert",
    "POST /internal-notes",
    "POST /jobs",
    "POST /meetings",
    "POST /merge-contacts",
    "POST /merge-contacts/undo",
    "POST /pipelines",
    "POST /saved-filters",
    "POST /score-events",
    "POST /scoring-signals",
    "POST /scoring-signals/simulate",
    "POST /scoring-signals/templates",
    "POST /surveys",
    "POST /surveys/{id}/responses",
    "POST /update-contact",
    "POST /whatsapp-numbers",
    "POST /whatsapp-webhook",
  ]);
});

/** The documented parameters of list-contacts; saved filters come with their own endpoint. */
const LIST_PARAMETERS =
  "search status auto_status source channel stage sale_status grade sentiment tags tags_all " +
  "created_from created_to last_contact_from last_contact_to has_email call_count_min " +
  "call_count_max score_min score_max value_min value_max assigned_to is_vip is_at_risk " +
  "is_mystery_shopper is_contractor opted_out do_not_call filter_id sort limit cursor count";

Deno.test("list-contacts is described with every parameter of the contract", () => {
  const parameters = operations.get("GET /list-contacts")?.parameters ?? [];
  const names = parameters.flatMap((parameter) =>
    "in" in parameter && parameter.in === "query" ? [parameter.name] : []
  );
  assert.deepEqual(names.toSorted(), LIST_PARAMETERS.split(" ").toSorted());
});

/** A Markdown table's rows of status and code. */
function statusesOf(markdown: string): Map<string, string> {
  const rows = markdown.matchAll(/^\| +(\d{3}) +\| +`(\w+)` +\|/gm);
  return new Map([...rows].map(([, status, code]) => [code, status]));
}

Deno.test("the description's introduction has every code of docs/errors.md with its status", async () => {
  const path = new URL("../../docs/errors.md", import.meta.url);
  const documented = statusesOf(await Deno.readTextFile(path));
  assert.equal(documented.size > 30, true);
  assert.deepEqual([...statusesOf(description.info.description)], [...documented]);
});

Deno.test("the operations name codes that are documented, under their statuses", () => {
  const documented = statusesOf(description.info.description);
  for (const [name, { responses }] of operations) {
    for (const [status, { content }] of Object.entries(responses)) {
      const codes = Object.keys(content?.["application/problem+json"]?.examples ?? {});
      if (Number(status) >= 400) assert.equal(codes.length > 0, true, `${name} ${status}`);
      for (const code of codes) assert.equal(documented.get(code), status, `${name} ${code}`);
    }
  }
});
