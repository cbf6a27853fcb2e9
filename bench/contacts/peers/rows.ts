/** Rows from our database into a peer's, by COPY. */
import postgres from "postgres";
import { pipeline } from "node:stream/promises";

export interface CopyOptions {
  /** Where the rows are. */
  from: string;
  /** Where they go. */
  to: string;
  /** The query of the rows, in the order of the columns. */
  query: string;
  /** The table with its columns, as COPY wants them. */
  into: string;
}

/** All rows of the query into the table. */
export async function copyRows({ from, to, query, into }: CopyOptions): Promise<void> {
  const source = postgres(from, { max: 1 });
  const target = postgres(to, { max: 1 });
  try {
    const reading = await source.unsafe(`copy (${query}) to stdout`).readable();
    const writing = await target.unsafe(`copy ${into} from stdin`).writable();
    await pipeline(reading, writing);
  } finally {
    await Promise.all([source.end(), target.end()]);
  }
}

/** Statements, one after the other; those that cannot be in a transaction too. */
export async function execute(url: string, statements: string[]): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    for (const statement of statements) await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}
