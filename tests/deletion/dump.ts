/** Where words stand: every row of every table there is, and every file of a folder. */
import { join } from "node:path";
import type postgres from "postgres";

/** Table → which of the words stand in it. */
export type Places = Map<string, string[]>;

// What Postgres keeps about itself, statements and samples of columns included: not what is dumped.
const TABLES = `
  select format('%I.%I', n.nspname, c.relname) as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'm') and n.nspname !~ '^(pg_|information_schema)' order by 1`;

/** The tables of all schemas in whose rows a word stands, as text or as bytes. */
export async function placesOf(sql: postgres.Sql, words: string[]): Promise<Places> {
  const places: Places = new Map();
  for (const { name } of await sql.unsafe<{ name: string }[]>(TABLES)) {
    const rows = await sql.unsafe<{ word: string }[]>(
      `select "~word" as word from unnest($1::text[]) as given ("~word")
       where exists (select from ${name} t where strpos(lower(t::text), lower("~word")) > 0
         or strpos(t::text, encode(convert_to("~word", 'UTF8'), 'hex')) > 0) order by 1`,
      [words],
    );
    if (rows.length > 0) places.set(name, rows.map(({ word }) => word));
  }
  return places;
}

/** The files below a folder in whose bytes a text stands; paths from that folder. */
export async function filesWith(folder: string, text: string): Promise<string[]> {
  const found: string[] = [];
  for await (const path of filesOf(folder)) {
    const bytes = await Deno.readFile(join(folder, path));
    if (new TextDecoder("latin1").decode(bytes).includes(text)) found.push(path);
  }
  return found;
}

async function* filesOf(folder: string, below = ""): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(join(folder, below))) {
    const path = join(below, entry.name);
    if (entry.isDirectory) yield* filesOf(folder, path);
    else yield path;
  }
}
