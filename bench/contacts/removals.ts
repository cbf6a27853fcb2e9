/** What touches many rows in one call: a merge of much that was said, its undo, deletions. */
import postgres from "postgres";
import type { SpawnedStack } from "../../scripts/spawn.ts";
import { median } from "../figures.ts";
import type { ContactsOptions } from "./options.ts";
import { withStack } from "./stacks.ts";
import { ms, table, times } from "./table.ts";
import { type Talker, talkers } from "./talkers.ts";

/** Whom a call deletes at once, and what each of them has said. */
const DELETED = 1000;
const MESSAGES_OF_EACH = 20;

/** Milliseconds: of the calls, and of Postgres alone with the same rows bare. */
interface Round {
  merge: number;
  undo: number;
  moved: number;
  keep: number;
  erase: number;
  deleted: number;
}

export async function benchRemovals(options: ContactsOptions): Promise<void> {
  const contacts = options.contacts[options.contacts.length - 1];
  await withStack({ contacts }, async (stack) => {
    const sql = postgres(stack.adminDatabaseUrl, { max: 1, onnotice: () => {} });
    try {
      const rounds: Round[] = [];
      for (let round = 0; round < options.rounds; round++) {
        rounds.push(await oneRound(stack, sql, options.messages));
      }
      print(rounds, contacts, options);
    } finally {
      await sql.end();
    }
  });
}

async function oneRound(
  { credentials }: SpawnedStack,
  sql: postgres.Sql,
  messages: number,
): Promise<Round> {
  const { workspace_id } = credentials;
  const [duplicate, ...kept] = await talkers(sql, workspace_id, { people: 1, messages });
  kept.push(...await talkers(sql, workspace_id, { people: 1, messages: 1 }));
  const leaving = await talkers(sql, workspace_id, {
    people: 2 * DELETED,
    messages: MESSAGES_OF_EACH,
  });
  await copyBare(sql, [duplicate, ...leaving.slice(0, DELETED)]);
  await sql`vacuum analyze public.messages`;
  const call = (path: string, body: unknown) => timed(() => post(credentials, path, body));
  const merge = await call("merge-contacts", {
    primary_id: kept[0].contactId,
    duplicate_id: duplicate.contactId,
  });
  const undo = await call("merge-contacts/undo", { merge_id: merge.result.data.merge_id });
  const moved = await timed(() =>
    sql`
      update bench.messages set contact_id = ${kept[0].contactId},
        conversation_id = ${kept[0].conversationId}
      where contact_id = ${duplicate.contactId}`
  );
  const remove = (people: Talker[], history: string) =>
    timed(() => deletePeople(credentials, people.map(({ contactId }) => contactId), history));
  const keep = await remove(leaving.slice(0, DELETED), "keep");
  const erase = await remove(leaving.slice(DELETED), "erase");
  const ids = leaving.slice(0, DELETED).map(({ contactId }) => contactId);
  const deleted = await timed(() =>
    sql.begin(async (tx) => {
      await tx`delete from bench.messages where contact_id = any (${ids})`;
      await tx`delete from bench.contacts where id = any (${ids})`;
    })
  );
  await sql`drop schema bench cascade`;
  return {
    ...{ merge: merge.took, undo: undo.took, moved: moved.took },
    ...{ keep: keep.took, erase: erase.took, deleted: deleted.took },
  };
}

/** The same rows in tables with the same indexes, but no triggers and no references. */
async function copyBare(sql: postgres.Sql, people: Talker[]): Promise<void> {
  const ids = people.map(({ contactId }) => contactId);
  await sql`create schema bench`;
  for (const [name, column] of [["messages", "contact_id"], ["contacts", "id"]]) {
    await sql.unsafe(
      `create table bench.${name} (like public.${name} including defaults including indexes)`,
    );
    await sql.unsafe(
      `insert into bench.${name} select * from public.${name} where ${column} = any ($1)`,
      [ids],
    );
  }
  await sql`analyze bench.messages, bench.contacts`;
}

type Credentials = SpawnedStack["credentials"];

// deno-lint-ignore no-explicit-any -- what the API describes, whose types are the server's
type Body = any;

async function post(credentials: Credentials, path: string, body: unknown): Promise<Body> {
  return await answered(fetch(`${credentials.url}/${path}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${credentials.api_key}`,
      "content-type": "application/json",
    },
    body: JSON.stringify(body),
  }));
}

const POLL_MS = 50;

async function deletePeople(
  credentials: Credentials,
  contact_ids: string[],
  history: string,
): Promise<void> {
  let { data } = await post(credentials, "delete-contacts", { contact_ids, history });
  while (data.status === "running") {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const address = `${credentials.url}/delete-contacts?receipt_id=${data.receipt_id}`;
    const headers = { authorization: `Bearer ${credentials.api_key}` };
    ({ data } = await answered(fetch(address, { headers })));
  }
  if (data.status !== "completed" || data.deleted !== contact_ids.length) {
    throw new Error(`The deletion: ${JSON.stringify(data)}`);
  }
}

async function answered(asked: Promise<Response>): Promise<Body> {
  const answer = await asked;
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

async function timed<Result>(run: () => Promise<Result>) {
  const began = performance.now();
  const result = await run();
  return { result, took: performance.now() - began };
}

function print(rounds: Round[], contacts: number, { messages }: ContactsOptions): void {
  const middle = (what: keyof Round) => median(rounds.map((round) => round[what]));
  const line = (name: string, rows: number, what: keyof Round, bare: keyof Round) => [
    ...[name, ms(middle(what)), Math.round(1000 * rows / middle(what)), ms(middle(bare))],
    times(middle(what) / middle(bare)),
  ];
  const said = `${DELETED} contacts with ${MESSAGES_OF_EACH} messages each`;
  console.log(`\nIn a workspace of ${contacts}, the median of ${rounds.length} rounds\n`);
  console.log(
    table([
      ["call", "ms", "rows/s", "the same rows bare, ms", "ratio"],
      line(`merge of ${messages} messages`, messages, "merge", "moved"),
      line("its undo", messages, "undo", "moved"),
      line(`deletion of ${said}, history kept`, DELETED * MESSAGES_OF_EACH, "keep", "deleted"),
      line("the same, erased", DELETED * MESSAGES_OF_EACH, "erase", "deleted"),
    ]) + "\n",
  );
}
