/** Everything that is stored of a workspace, row by row, for claims that nothing else has changed. */
import type { Sql } from "./database.ts";

/** `{ table: [row, …] }`, rows as JSON text in their order. */
export type Snapshot = Record<string, string[]>;

const OF_IMPORTS = "t.import_id in (select id from public.contact_imports where workspace_id = $1)";

/** How the rows of a table that has no workspace_id are found. `$1` is the workspace. */
const INDIRECT: Record<string, string> = {
  "public.workspaces": "t.id = $1",
  "public.whatsapp_pending_statuses":
    "t.phone_number_id in (select phone_number_id from public.whatsapp_numbers where workspace_id = $1)",
  "private.whatsapp_tokens":
    "t.phone_number_id in (select phone_number_id from public.whatsapp_numbers where workspace_id = $1)",
  "private.import_rows": OF_IMPORTS,
  "private.import_errors": OF_IMPORTS,
  "private.import_changes": OF_IMPORTS,
  "private.batch_job_parts":
    "t.job_id in (select id from private.batch_jobs where workspace_id = $1)",
  "private.signal_queries":
    "t.signal_id in (select id from public.scoring_signals where workspace_id = $1)",
  "private.sentiment_queue":
    "t.message_id in (select id from public.messages where workspace_id = $1)",
  "private.identities_together":
    "t.identity_id in (select id from public.contact_identities where workspace_id = $1)",
  "private.merge_moves":
    "t.merge_id in (select id from public.contact_merges where workspace_id = $1)",
  "private.merge_rows":
    "t.merge_id in (select id from public.contact_merges where workspace_id = $1)",
  "private.merged_conversations":
    "t.merged_into in (select id from public.conversations where workspace_id = $1)",
};

/** Tables that are no workspace's, or say what was done and not what is. */
const LEFT_OUT = new Set([
  // Who did what, and the merges themselves.
  "public.activity_log",
  "public.contact_merges",
  // Who changed when.
  "private.kpi_log",
  "private.kpi_log_sums",
  // Sums of them are compared instead.
  "private.contact_kpi_deltas",
  "private.contact_tag_deltas",
  // When to look at a contact again, which need not be late.
  "private.due_contacts",
  // When a conversation may send next: never earlier than WhatsApp's limits were told.
  "private.outbox_lanes",
  "private.outbox_rates",
  // Of everybody.
  "public.profiles",
  "private.secrets",
  "private.erasure_keys",
  // Bytes of files on their way in.
  "private.import_chunks",
  "private.forgotten_updates",
  "private.consent_words",
  "private.clock",
  "private.scoring_templates",
  "private.sentiment_words",
  "private.scoring_templates",
  "private.sentiment_model",
  "private.webhook_deliveries",
  "private.webhook_failures",
  "private.unclaimed_updates",
  "private.media_removals",
  "private.idempotency_keys",
  "private.rate_limits",
]);

async function tables(sql: Sql): Promise<{ name: string; owned: boolean }[]> {
  return await sql`
    select c.oid::regclass::text as name, exists (
      select from pg_attribute a where a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped) as owned
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition
    order by 1`;
}

function condition({ name, owned }: { name: string; owned: boolean }): string {
  if (INDIRECT[name]) return INDIRECT[name];
  if (owned) return "t.workspace_id = $1";
  throw new Error(`${name}: say in tests/support/snapshot.ts how its rows are a workspace's`);
}

/**
 * The rows of all tables that are the workspace's. `masked`: `{ table: columns }` that are not
 * compared.
 */
export async function snapshot(
  sql: Sql,
  workspaceId: string,
  masked: Record<string, readonly string[]> = {},
): Promise<Snapshot> {
  const found: Snapshot = {};
  await sql.begin(async (tx) => {
    await tx`set local search_path = ''`;
    for (const table of await tables(tx as unknown as Sql)) {
      const name = table.name;
      if (LEFT_OUT.has(name)) continue;
      const columns = `{${(masked[name] ?? []).join(",")}}`;
      const rows = await tx.unsafe<{ row: string }[]>(
        `select (to_jsonb(t) - '${columns}'::text[])::text as row from ${name} t
          where ${condition(table)} order by 1`,
        [workspaceId],
      );
      found[name] = rows.map(({ row }) => row);
    }
    const sums = await tx<{ row: string }[]>`
      select concat_ws(' ', status, is_test, stage, sum(delta)) as row from private.contact_kpi_deltas
      where workspace_id = ${workspaceId} group by status, is_test, stage having sum(delta) <> 0
      union all
      select concat_ws(' ', tag, sum(delta)) from private.contact_tag_deltas
      where workspace_id = ${workspaceId} group by tag having sum(delta) <> 0 order by 1`;
    found.sums = sums.map(({ row }) => row);
  });
  return found;
}

/** What a merge and its undo leave changed: versions and times of writing, which only rise. */
export const WRITTEN = {
  // When the test itself called last.
  "public.api_keys": ["last_used_at"],
  // The worker may look at a file meanwhile.
  "public.message_media": ["attempts", "next_attempt_at"],
  "public.contacts": ["version", "updated_at"],
  // Never late, but a message that comes does not say that it is later.
  "public.contact_activity": ["due_at"],
  // A bot that was told an epoch must never be believed again once control has passed.
  "public.conversations": ["updated_at", "control_epoch"],
} as const;

/**
 * What a merge and its undo change of the contacts is history as well and stays. A later snapshot,
 * of the history only what an earlier one had.
 */
export function withoutNewHistory(now: Snapshot, earlier: Snapshot): Snapshot {
  const known = new Set(earlier["public.contact_history"]);
  const kept = now["public.contact_history"].filter((row) => known.has(row));
  return { ...now, "public.contact_history": kept };
}

/** The contacts whose history does not end where they are: a claim about `withoutNewHistory`. */
export async function strayHistory(sql: Sql, workspaceId: string): Promise<unknown[]> {
  const strays = await sql`
    select c.id, f.field, f.value, h.new_value
    from public.contacts c
    cross join lateral (values ('stage', c.stage), ('status', c.status::text), ('sale_status', c.sale_status::text)) as f (field, value)
    cross join lateral (
      select t.new_value from public.contact_history t where t.contact_id = c.id and t.field = f.field
      order by t.changed_at desc, t.id desc limit 1) as h
    where c.workspace_id = ${workspaceId} and h.new_value <> f.value`;
  return [...strays];
}
