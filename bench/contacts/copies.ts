/** What Postgres itself takes for the same rows: COPY in and out. */
import postgres from "postgres";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { drain, drainInto } from "./drain.ts";

/**
 * The contacts with numbers of that prefix, every column, as COPY reads them: of another workspace
 * and under new ids, so that they can be stored once more.
 */
export async function writeCopies(
  adminUrl: string,
  { path, prefix, workspaceId }: { path: string; prefix: string; workspaceId: string },
): Promise<string[]> {
  const sql = postgres(adminUrl, { max: 1 });
  try {
    const columns = (await sql<{ name: string }[]>`
      select attname as name from pg_attribute
      where attrelid = 'public.contacts'::regclass and attnum > 0 and not attisdropped
        and attgenerated = ''
      order by attnum`).map(({ name }) => name);
    const others: Record<string, string> = {
      id: "private.uuid_v7()",
      workspace_id: `'${workspaceId}'::uuid`,
    };
    const reading = await sql.unsafe(`
      copy (
        select ${columns.map((name) => others[name] ?? `c.${name}`).join(", ")}
        from public.contacts c where c.phone like '${prefix}_______'
      ) to stdout`).readable();
    await drainInto(path, reading);
    return columns;
  } finally {
    await sql.end();
  }
}

/**
 * COPY of such a file into public.contacts with all its indexes, but without triggers and checks of
 * foreign keys; → seconds until it is committed.
 */
export async function copyIn(adminUrl: string, path: string, columns: string[]): Promise<number> {
  const sql = postgres(adminUrl, { max: 1 });
  try {
    await sql`set session_replication_role = replica`;
    const began = performance.now();
    const writing = await sql.unsafe(`copy public.contacts (${columns.join(", ")}) from stdin`)
      .writable();
    await pipeline(createReadStream(path), writing);
    return (performance.now() - began) / 1000;
  } finally {
    await sql.end();
  }
}

/** COPY of what an export of the workspace holds, as CSV, to a reader that drops it; → seconds. */
export async function copyOut(adminUrl: string, workspaceId: string): Promise<number> {
  const sql = postgres(adminUrl, { max: 1 });
  try {
    const began = performance.now();
    const reading = await sql.unsafe(`
      copy (
        select r.* from private.contact_records r join public.contacts c using (id)
        where c.workspace_id = '${workspaceId}'
      ) to stdout with (format csv, header)`).readable();
    await drain(reading, () => {});
    return (performance.now() - began) / 1000;
  } finally {
    await sql.end();
  }
}
