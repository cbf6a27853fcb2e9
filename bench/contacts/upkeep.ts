/** What creating a contact keeps up beside the row itself, and switching that off. */
import type postgres from "postgres";

/** Triggers of public.contacts and indexes of it that an upkeep consists of, by their names. */
export interface Upkeep {
  name: string;
  triggers: string[];
  indexes: string[];
}

export const UPKEEPS: Upkeep[] = [
  { name: "KPIs", triggers: ["contacts_720_count_insert"], indexes: [] },
  { name: "activity log", triggers: ["contacts_700_log_insert"], indexes: [] },
  { name: "tag counts", triggers: ["contacts_730_count_tags_insert"], indexes: [] },
  { name: "filters", triggers: ["contacts_850_facets"], indexes: ["contacts_filter_idx"] },
  // The trigger that folds the text also computes completeness, which costs next to nothing.
  { name: "search", triggers: ["contacts_400_derived"], indexes: ["contacts_search_idx"] },
];

/** What is compared: all of it, without one each, without any. */
export interface Variant {
  name: string;
  off: Upkeep[];
}

export function variants(): Variant[] {
  return [
    { name: "all", off: [] },
    ...UPKEEPS.map((upkeep) => ({ name: `without ${upkeep.name}`, off: [upkeep] })),
    { name: "none of them", off: UPKEEPS },
  ];
}

/**
 * Turns off exactly these. An index that is marked as not ready is not written to: that takes no
 * time, where dropping and making it anew would take minutes. It lacks rows ever after, so what
 * reads it has to be measured elsewhere. @throws if something of an upkeep has another name by now
 */
export async function turnOff(sql: postgres.Sql, off: Upkeep[]): Promise<void> {
  for (const { triggers, indexes } of UPKEEPS) {
    const isOff = (name: string) => off.some((u) => [...u.triggers, ...u.indexes].includes(name));
    for (const name of triggers) {
      const verb = isOff(name) ? "disable" : "enable";
      await sql.unsafe(`alter table public.contacts ${verb} trigger ${name}`);
    }
    for (const name of indexes) {
      const { count } = await sql`
        update pg_index set indisready = ${!isOff(name)}
        where indexrelid = ${`public.${name}`}::regclass`;
      if (count !== 1) throw new Error(`There is no index ${name}.`);
    }
  }
}

/**
 * Files what GIN indexes of contacts have put off, and says how many seconds that took: without
 * it a round would not pay for what it leaves to the next.
 */
export async function settleIndexes(sql: postgres.Sql): Promise<number> {
  const began = performance.now();
  await sql`
    select gin_clean_pending_list(i.indexrelid)
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    join pg_am am on am.oid = c.relam
    where i.indrelid = 'public.contacts'::regclass and am.amname = 'gin' and i.indisready`;
  return (performance.now() - began) / 1000;
}
