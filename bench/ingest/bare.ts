/**
 * The yardstick: the rows of the same updates, bare, into a copy of the message table, in a process
 * of its own: `deno run bare.ts <Inserting JSON>`.
 */
import postgres from "postgres";
import { insertStatement, parametersOf } from "./bare_rows.ts";
import type { Slice } from "./delivery.ts";
import { paced } from "./pace.ts";

export interface Inserting {
  databaseUrl: string;
  slice: Slice;
  connections: number;
}

if (import.meta.main) {
  const { databaseUrl, slice, connections }: Inserting = JSON.parse(Deno.args[0]);
  const statement = insertStatement(slice.batch);
  const parameters = parametersOf(slice);
  const sql = postgres(databaseUrl, { max: connections, fetch_types: false });
  const worker = async (n: number) => {
    await sql.unsafe(statement, parameters[n], { prepare: true });
  };
  // A batch a connection that counts for nothing: connecting and preparing are not of the round.
  const first = slice.first + slice.posts * slice.batch;
  const rehearsal = parametersOf({ ...slice, first, posts: connections });
  await Promise.all(rehearsal.map((batch) => sql.unsafe(statement, batch, { prepare: true })));
  const workers = Array.from({ length: connections }, () => worker);
  console.log(JSON.stringify(
    await paced({ itemsEach: slice.batch, count: slice.posts }, workers),
  ));
  await sql.end();
}
