/** The KPIs as one counts them by hand. */
import type { AnyKpis, Contact } from "../../support/types.ts";

const STATUSES = ["new", "contacted", "qualified", "converted", "lost"];

/** Plain days of the workspace; `to` is not in it. */
export interface Range {
  from?: string;
  to?: string;
}

/** What is counted: contacts as the API last answered them, and the workspace's time zone. */
export interface World {
  zone: string;
  contacts: ReadonlyMap<string, Contact>;
}

function dayOf(at: string, zone: string): string {
  return new Date(at).toLocaleDateString("en-CA", { timeZone: zone });
}

function groups(keys: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}

export function expectedKpis(
  { zone, contacts }: World,
  { from = "", to = "9" }: Range,
  includeTest: boolean,
): AnyKpis {
  const those = [...contacts.values()].filter((contact) => {
    const day = dayOf(contact.created_at, zone);
    return from <= day && day < to && (includeTest || !contact.is_mystery_shopper);
  });
  const by_status = {
    ...Object.fromEntries(STATUSES.map((status) => [status, 0])),
    ...groups(those.map(({ status }) => status)),
  };
  const total_contacts = those.length;
  const qualified_leads = by_status.qualified + by_status.converted;
  return {
    ...(from || to !== "9" ? { new_contacts: total_contacts } : {}),
    total_contacts,
    qualified_leads,
    conversion_rate: total_contacts && Math.round(10_000 * qualified_leads / total_contacts) / 100,
    lost_leads: by_status.lost,
    by_status,
    by_source: groups(those.map(({ source }) => source)),
    by_stage: groups(those.map(({ stage }) => stage)),
    by_grade: groups(those.map(({ grade }) => grade ?? "none")),
    by_assignee: groups(those.map(({ assigned_to }) => assigned_to ?? "none")),
    by_day: groups(those.map(({ created_at }) => dayOf(created_at, zone))),
  };
}
