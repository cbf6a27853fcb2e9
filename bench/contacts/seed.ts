/**
 * Fills a workspace of a running stack with contacts, and others around it:
 * `deno run -A bench/contacts/seed.ts --credentials <file> [--contacts 1000000] [--workspace <id>]`.
 *
 * Rows go through their triggers, so that what is computed is what it would be; only contact_activity
 * is given, because messages would have changed it. What makes it fast is that the indexes are built
 * at the end. A run that is killed leaves them out: fill a stack that can be thrown away.
 */
import postgres from "postgres";
import { parseArgs } from "node:util";

export interface SeedOptions {
  /** Of the workspace. */
  contacts: number;
  workspaceId: string;
  /** Contacts of other workspaces; three for every seventeen unless given. */
  around?: number;
  /** Over how many workspaces those are spread. */
  workspaces?: number;
}

// Rows a statement: a trigger's transition table of a million would go to disk.
const CHUNK = 20_000;
// As many as there are cores for: two fill faster than one.
const SESSIONS = 2;

/** Adds the contacts and leaves vacuumed, analysed tables. The database has to be its owner's. */
export async function seedContacts(databaseUrl: string, options: SeedOptions): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {}, prepare: false });
  try {
    await addWorkspaces(sql, options);
    const indexes = await dropIndexes(sql);
    await sql`alter table public.contacts disable trigger contacts_690_activity`;
    try {
      await addContacts(databaseUrl, options);
    } finally {
      await sql`alter table public.contacts enable trigger contacts_690_activity`;
      await sql`set maintenance_work_mem = '512MB'`;
      for (const definition of indexes) await sql.unsafe(definition);
    }
    await settle(sql);
  } finally {
    await sql.end();
  }
}

async function readSql(name: string): Promise<string> {
  return await Deno.readTextFile(new URL(name, import.meta.url));
}

/** Twenty members for the workspace, an owner for each of the others. */
async function addWorkspaces(
  sql: postgres.Sql,
  { workspaceId, workspaces = 50 }: SeedOptions,
): Promise<void> {
  await sql.unsafe(await readSql("ids.sql"));
  await sql`
    insert into public.workspaces (id, name)
    select pg_temp.workspace_id(n), 'Around ' || n from generate_series(1, ${workspaces}::int) n
    on conflict do nothing`;
  await sql`
    insert into auth.users (id, email)
    select pg_temp.user_id(n), 'bench' || n || '@members.example'
    from (select generate_series(1, ${workspaces}::int) union all select generate_series(1000, 1019)) as u (n)
    on conflict do nothing`;
  await sql`
    insert into public.workspace_members (workspace_id, user_id, role, handle)
    select pg_temp.workspace_id(n), pg_temp.user_id(n), 'owner'::public.member_role, 'owner'
    from generate_series(1, ${workspaces}::int) n
    union all
    select ${workspaceId}, pg_temp.user_id(n), 'agent', 'bench' || n from generate_series(1000, 1019) n
    on conflict do nothing`;
}

/** All but those of constraints; returns their definitions. */
async function dropIndexes(sql: postgres.Sql): Promise<string[]> {
  const indexes = await sql<{ name: string; definition: string }[]>`
    select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition
    from pg_index i
    where i.indrelid in ('public.contacts'::regclass, 'public.contact_activity'::regclass)
      and not exists (select from pg_constraint c where c.conindid = i.indexrelid)`;
  for (const { name } of indexes) await sql.unsafe(`drop index ${name}`);
  return indexes.map(({ definition }) => definition);
}

async function addContacts(databaseUrl: string, options: SeedOptions): Promise<void> {
  const { contacts, around = Math.round(contacts * 3 / 17), workspaces = 50 } = options;
  const all = contacts + around;
  const thousandths = Math.round(1000 * contacts / all);
  const insert = await readSql("contacts.sql");
  let next = 0;
  const session = async () => {
    const sql = postgres(databaseUrl, { max: 1, onnotice: () => {}, prepare: false });
    try {
      await sql`set synchronous_commit = off`;
      await sql.unsafe(await readSql("ids.sql"));
      await sql.unsafe(await readSql("people.sql"));
      for (let from = next; from < all; from = next) {
        next = Math.min(from + CHUNK, all);
        await sql.unsafe(insert, [from, next, all, options.workspaceId, thousandths, workspaces]);
      }
    } finally {
      await sql.end();
    }
  };
  await Promise.all(Array.from({ length: SESSIONS }, session));
}

/** So that no autovacuum of these rows falls into what is measured. */
async function settle(sql: postgres.Sql): Promise<void> {
  await sql`select private.sweep()`;
  await sql`vacuum analyze`;
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      credentials: { type: "string" },
      contacts: { type: "string", default: "1000000" },
      workspace: { type: "string" },
    },
  });
  if (!values.credentials) {
    throw new Error("--credentials <credentials.json of a stack> is missing");
  }
  const { database_url, workspace_id } = JSON.parse(await Deno.readTextFile(values.credentials));
  const start = Date.now();
  await seedContacts(database_url, {
    contacts: Number(values.contacts),
    workspaceId: values.workspace ?? workspace_id,
  });
  console.log(`${values.contacts} contacts in ${Math.round((Date.now() - start) / 1000)} s`);
}
