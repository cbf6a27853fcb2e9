/** Latencies of all that is read, in workspaces of several sizes, in turns. */
import { type Case, cases } from "./cases.ts";
import { type Asking, compare, middleCursor, type Place } from "./latency.ts";
import type { ContactsOptions } from "./options.ts";
import { withStacks } from "./stacks.ts";
import { row, table } from "./table.ts";
import { line, type Measured, verdict } from "./verdicts.ts";

const ASKING: Asking = { times: 80, budgetMs: 2500 };
// Each has to be paged through to its middle first; these have ties, nulls and a join.
const DEEP_SORTS = ["-created_at", "name", "-value", "-last_contact_at"];

export async function benchReads(options: ContactsOptions): Promise<void> {
  const sizes = options.contacts.map((contacts) => ({ contacts, folder: options.data }));
  await withStacks(sizes, async (stacks) => {
    const places = stacks.map(({ credentials: { url, api_key: key } }) => ({ url, key }));
    const measured: Measured[] = [];
    printHead(options.contacts);
    const add = (one: Measured) => {
      measured.push(one);
      // `health` is the first one.
      console.log(row(line(one, measured[0].latencies)));
    };
    for (const one of cases()) add({ one, ...await compare(one, places, ASKING) });
    for (const sort of DEEP_SORTS) add(await deepPage(sort, places, options.contacts));
    const missed = measured.filter((one) => verdict(one, measured[0].latencies)[1]);
    console.log(`\n${missed.length} of ${measured.length} miss their aim.`);
    for (const { one } of missed) console.log(`- ${one.name}`);
  });
}

function printHead(contacts: number[]): void {
  const sizes = contacts.flatMap((size) => [`${size}: p50 ms`, "p95 ms", "rows"]);
  console.log("\nOne connection, one request after the other, the sizes in turns\n");
  console.log(table([["request", ...sizes, "growth", "aim"]]));
}

/** Each place has a cursor of its own. */
async function deepPage(sort: string, places: Place[], contacts: number[]): Promise<Measured> {
  const own: Place[] = [];
  for (const [index, place] of places.entries()) {
    const cursor = await middleCursor(place, sort, contacts[index]);
    own.push({ ...place, more: `&cursor=${cursor}` });
  }
  const one: Case = {
    name: `deep page ${sort}`,
    paths: [`/list-contacts?sort=${sort}`],
    aim: { kind: "ratio", most: 1.5 },
  };
  return { one, ...await compare(one, own, ASKING) };
}
