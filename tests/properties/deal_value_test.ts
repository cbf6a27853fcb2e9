/** A contact is worth what a person says, else what its open deals are worth, whatever happens to them. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { createContact } from "../support/contacts.ts";
import { createDeal } from "../support/deals.ts";
import type { Client } from "../support/http.ts";
import type { Contact, Data, Deal } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";
import { holds } from "./runs.ts";

const { key, agent } = await makeWorkspace();

/** The deals of one contact in cents, and what a person has said. */
interface Model {
  said: number | null;
  deals: { id: string; cents: number | null; dollars: boolean; status: string }[];
}

type Step = (model: Model, contact: string, client: Client) => Promise<void>;

const cents = fc.option(fc.integer({ min: 0, max: 1e9 }));
const amount = (cents: number | null) => cents === null ? null : cents / 100;
const which = fc.nat({ max: 5 });

const open = fc.tuple(cents, fc.boolean()).map(
  ([cents, dollars]): Step => async (model, contact_id, client) => {
    const currency = dollars ? "USD" : "EUR";
    const { id } = await createDeal(client, { contact_id, value: amount(cents), currency });
    model.deals.push({ id, cents, dollars, status: "open" });
  },
);

/** A step on one of the deals that there are. */
function onDeal<Given>(
  given: fc.Arbitrary<Given>,
  act: (deal: Model["deals"][number], given: Given, client: Client) => Promise<void>,
): fc.Arbitrary<Step> {
  return fc.tuple(which, given).map(([n, value]): Step => async ({ deals }, _, client) => {
    if (deals.length > 0) await act(deals[n % deals.length], value, client);
  });
}

const revalue = onDeal(cents, async (deal, cents, client) => {
  const body = { value: amount(cents) };
  const answer = await client.call("PATCH", `deals/${deal.id}`, { body });
  assert.equal(answer.status, 200, answer.text);
  deal.cents = cents;
});

const exchange = onDeal(fc.boolean(), async (deal, dollars, client) => {
  const body = { currency: dollars ? "USD" : "EUR" };
  assert.equal((await client.call("PATCH", `deals/${deal.id}`, { body })).status, 200);
  deal.dollars = dollars;
});

const end = onDeal(fc.constantFrom("win", "lose", "reopen"), async (deal, what, client) => {
  const answer = await client.post<Data<Deal>>(`deals/${deal.id}/${what}`, {});
  const other = { win: "lost", lose: "won", reopen: "" }[what];
  assert.equal(answer.status, deal.status === other ? 409 : 200, answer.text);
  if (answer.status === 200) deal.status = answer.body.data.status;
});

const remove = which.map((n): Step => async ({ deals }, _, client) => {
  const [gone] = deals.splice(n, 1);
  if (gone) assert.equal((await client.delete(`deals/${gone.id}`)).status, 204);
});

const say = fc.option(fc.integer({ min: -1e6, max: 1e6 })).map(
  (said): Step => async (model, contact_id, client) => {
    // To say what is so already is to say nothing; to say what the deals say is to follow them.
    const sum = expected({ ...model, said: null });
    if (amount(said) !== expected(model)) model.said = amount(said) === sum ? null : said;
    const answer = await client.post("update-contact", { contact_id, value: amount(said) });
    assert.equal(answer.status, 200, answer.text);
  },
);

function expected({ said, deals }: Model): number | null {
  if (said !== null) return said / 100;
  const counted = deals.filter(({ cents, dollars, status }) =>
    cents !== null && dollars && status === "open"
  );
  return counted.length === 0 ? null : counted.reduce((sum, { cents }) => sum + cents!, 0) / 100;
}

const read = async (id: string) =>
  (await key.get<Data<Contact>>(`get-contact?contact_id=${id}`)).body.data.value;

Deno.test("a contact's value follows its open deals through anything that happens", async () => {
  const steps = fc.array(fc.oneof(open, open, revalue, exchange, end, remove, say), {
    minLength: 1,
    maxLength: 12,
  });
  await holds(
    fc.asyncProperty(steps, async (steps) => {
      const { id } = await createContact(key);
      const model: Model = { said: null, deals: [] };
      for (const step of steps) {
        await step(model, id, agent);
        assert.equal(await read(id), expected(model));
      }
    }),
    25,
  );
});

Deno.test("the order of concurrent writers does not matter to the sum", async () => {
  await holds(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 2, maxLength: 8 }),
      async (all) => {
        const { id: contact_id } = await createContact(key);
        const deals = await Promise.all(
          all.map((cents) => createDeal(key, { contact_id, value: cents / 100 })),
        );
        const ends = deals.map(({ id }, n) =>
          n % 2 === 0
            ? key.post(`deals/${id}/win`, {})
            : key.call("PATCH", `deals/${id}`, { body: { value: 1 } })
        );
        for (const answer of await Promise.all(ends)) assert.equal(answer.status, 200, answer.text);
        assert.equal(await read(contact_id), Math.floor(all.length / 2));
      },
    ),
    10,
  );
});
