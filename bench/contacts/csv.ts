/** A CSV file as people bring it: new people with the fields that a file has. */
import postgres from "postgres";
import { drainInto } from "./drain.ts";

export interface CsvOptions {
  /** Whose contacts they are like. */
  databaseUrl: string;
  path: string;
  rows: number;
  /** What the numbers begin with; seven digits follow. Nobody else's numbers may. */
  prefix: string;
}

/** Names, companies, tags and notes of contacts that are there, under numbers that are not. */
export async function writeCsv(options: CsvOptions): Promise<void> {
  const { databaseUrl, path, rows, prefix } = options;
  const sql = postgres(databaseUrl, { max: 1 });
  try {
    const reading = await sql.unsafe(`
      copy (
        select c.name, '${prefix}' || lpad((row_number() over ())::text, 7, '0') as phone, c.email,
          c.company, c.status, c.value, array_to_string(c.tags, ',') as tags, c.notes
        from public.contacts c
        -- As often as it takes.
        cross join generate_series(1,
          (select ceil(${rows} / count(*)::float8)::int from public.contacts))
        limit ${rows}
      ) to stdout with (format csv, header)`).readable();
    await drainInto(path, reading);
  } finally {
    await sql.end();
  }
}
