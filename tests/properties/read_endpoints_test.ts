/** Whatever is asked of an endpoint that reads: an answer, or a refusal that says why. Never a 5xx. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Answer, type Client, client } from "../support/http.ts";
import { assertNoDatabaseText } from "../support/problem.ts";
import type { Contact, Data } from "../support/types.ts";
import { uniquePhone } from "../support/unique.ts";
import { makeWorkspace } from "../support/workspace.ts";
import { anyText } from "./arbitraries.ts";
import { conforming, type Ids } from "./conforming.ts";
import { type Endpoint, endpoints } from "./description.ts";
import { holds } from "./runs.ts";

const reading = (await endpoints()).filter(({ method }) => method === "GET");

function assertAnswered(answer: Answer<unknown>): void {
  assert.equal(
    answer.status >= 200 && answer.status < 500,
    true,
    `${answer.status} ${answer.text}`,
  );
  if (answer.status >= 400) assertNoDatabaseText(answer);
}

/** Values that parameters of some kind have, for those of another. */
const value: fc.Arbitrary<string> = fc.oneof(
  anyText,
  fc.integer().map(String),
  fc.double().map(String),
  fc.uuid(),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom(
    "true",
    "false",
    "200",
    "201",
    "-1",
    "a,b",
    "a\\,b",
    ",",
    "2026-11-01",
    "me",
    "none",
  ),
);

/** Parameters that the endpoint has, mostly, with values that they may have, mostly. */
function anyParameters({ parameters }: Endpoint, ids: Ids): fc.Arbitrary<[string, string][]> {
  const stray = fc.tuple(anyText, value);
  if (parameters.length === 0) return fc.array(stray, { maxLength: 2 });
  const known = parameters.map(({ name, schema }) => {
    const fitting = conforming(schema, ids).map(String);
    return fc.tuple(fc.constant(name), fc.oneof({ weight: 7, arbitrary: fitting }, value));
  });
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc.uniqueArray(fc.oneof(...known), { maxLength: 6, selector: ([name]) => name }),
    },
    { weight: 1, arbitrary: fc.array(fc.oneof(...known, stray), { maxLength: 6 }) },
  );
}

/** Query strings that no library writes. */
const anySearch: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("?", "?&&&", "?=", "?=x", "?%", "?%zz", "?a=%ff", "?a=%00", "?a[]=1", "?a=1&a=2"),
  fc.string({ unit: fc.constantFrom(..."%&=+?;,[]abz019\\\"'<>|^`{} ") }).map((text) => `?${text}`),
);

function ask(caller: Client, { path }: Endpoint, search: string): Promise<Answer<unknown>> {
  return caller.get(path + search.replaceAll("#", "%23"));
}

for (const endpoint of reading) {
  Deno.test(`any query is answered or refused: GET ${endpoint.path}`, async () => {
    const workspace = await makeWorkspace();
    const contact = { phone: uniquePhone(), name: "Ana", tags: ["VIP"] };
    const made = await workspace.key.post<Data<Contact>>("create-contact", contact);
    const ids: Ids = [made.body.data.id, workspace.agent.userId];
    const callers = [workspace.key, workspace.admin, workspace.agent, client("nonsense")];
    const search = fc.oneof(
      {
        weight: 5,
        arbitrary: anyParameters(endpoint, ids).map((pairs) => `?${new URLSearchParams(pairs)}`),
      },
      { weight: 1, arbitrary: anySearch },
    );
    await holds(
      fc.asyncProperty(search, fc.nat({ max: 9 }), async (query, who) => {
        // The one without rights is not asked often.
        const caller = callers[who < 4 ? who : who % 3];
        assertAnswered(await ask(caller, endpoint, query));
      }),
      50,
    );
  });
}
