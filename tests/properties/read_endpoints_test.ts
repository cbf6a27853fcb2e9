/** Whatever is asked of an endpoint that reads: an answer, or a refusal that says why. Never a 5xx. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Answer, type Client, client } from "../support/http.ts";
import { assertNoDatabaseText } from "../support/problem.ts";
import { uniquePhone } from "../support/unique.ts";
import { makeWorkspace } from "../support/workspace.ts";
import { anyText } from "./arbitraries.ts";
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

const value: fc.Arbitrary<string> = fc.oneof(
  anyText,
  fc.integer().map(String),
  fc.double().map(String),
  fc.uuid(),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10)),
  fc.constantFrom("true", "false", "1", "0", "200", "201", "-1", "a,b", "a\\,b", ",", "2026-11-01"),
);

/** Parameters that the endpoint has, mostly, with values that they may have, mostly. */
function anyParameters({ parameters }: Endpoint): fc.Arbitrary<[string, string][]> {
  const stray = fc.tuple(anyText, value);
  if (parameters.length === 0) return fc.array(stray, { maxLength: 3 });
  const known = fc.constantFrom(...parameters).chain(({ name, values }) =>
    fc.tuple(
      fc.constant(name),
      values.length === 0 ? value : fc.oneof(fc.constantFrom(...values), value),
    )
  );
  const pair = fc.oneof({ weight: 15, arbitrary: known }, { weight: 1, arbitrary: stray });
  return fc.array(pair, { maxLength: 5 });
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
    await workspace.key.post("create-contact", {
      phone: uniquePhone(),
      name: "Ana",
      tags: ["VIP"],
    });
    const callers = [workspace.key, workspace.admin, workspace.agent, client("nonsense")];
    const search = fc.oneof(
      {
        weight: 5,
        arbitrary: anyParameters(endpoint).map((pairs) => `?${new URLSearchParams(pairs)}`),
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
