/**
 * What a telling has left in the database, in a form that two tellings have in common: rows are
 * called what they stand for instead of their ids, and what says when we heard of something
 * (created_at, updated_at, version) is left out.
 */
import type { Sql } from "../../support/database.ts";
import type { Stage } from "./stage.ts";
import type { Cast } from "./story.ts";

/** A contact is called by its identities and, if it has none, by its phone. */
const CONTACT_NAMES = `
  select c.id, coalesce(
    (select string_agg(i.channel || ' ' || i.external_id, ', '
        order by (i.channel || ' ' || i.external_id) collate "C")
      from public.contact_identities i where i.contact_id = c.id), c.phone) as called
  from public.contacts c where c.workspace_id = $1`;

const rows = (select: string) => `(select coalesce(jsonb_agg(r), '[]') from (${select}) as t (r))`;

/** The row without what is the telling's own. */
function bare(alias: string, ...more: string[]): string {
  const left = ["id", "workspace_id", "contact_id", "conversation_id", "created_at", "updated_at"];
  return `to_jsonb(${alias}) - '{${[...left, ...more].join(",")}}'::text[]`;
}

const named = "jsonb_build_object('contact', n.called)";

const ALL = `
  with named as (${CONTACT_NAMES})
  select jsonb_build_object(
    'contacts', ${
  rows(`
      select ${bare("c", "version", "tags")} || ${named}
        -- A set: which tag was put on first is no part of what is known.
        || jsonb_build_object('tags', array(select t from unnest(c.tags) t order by t))
        || to_jsonb(a) - '{contact_id,workspace_id,contact_created_at}'::text[]
      from public.contacts c join named n using (id)
      join public.contact_activity a on a.contact_id = c.id`)
},
    'contact_identities', ${
  rows(`
      select ${bare("i")} || ${named}
      from public.contact_identities i join named n on n.id = i.contact_id`)
},
    'identity_links', ${
  rows(`select ${bare("l")} from private.identity_links l where l.workspace_id = $1`)
},
    'conversations', ${
  rows(`
      -- How often a contractor's thread has changed hands, and since when they wait for a person,
      -- depends on whether we knew from the start whose it is.
      select ${bare("v")}
        - case when c.is_contractor then '{control_epoch,escalated_at}'::text[] else '{}' end || ${named}
      from public.conversations v join public.contacts c on c.id = v.contact_id
      join named n on n.id = v.contact_id`)
},
    'messages', ${
  rows(`
      select ${
    bare("m")
  } || ${named} || jsonb_build_object('thread', v.channel, 'thread_of', o.called)
      from public.messages m join named n on n.id = m.contact_id
      join public.conversations v on v.id = m.conversation_id join named o on o.id = v.contact_id`)
},
    'conversation_sessions', ${
  rows(`
      select ${bare("s")} || ${named} || jsonb_build_object('thread', v.channel)
      from private.conversation_sessions s join public.conversations v on v.id = s.conversation_id
      join named n on n.id = v.contact_id`)
},
    'message_changes', ${
  rows(`
      select ${bare("h")} || jsonb_build_object('contact', n.called)
      from public.message_changes h left join named n on n.id = h.contact_id
      where h.workspace_id = $1`)
},
    'calls', ${
  rows(`
      select ${bare("k")} || ${named} || jsonb_build_object('thread_of', o.called)
      from public.calls k join named n on n.id = k.contact_id
      left join public.conversations v on v.id = k.conversation_id
      left join named o on o.id = v.contact_id`)
},
    'contact_consents', ${
  rows(`
      -- What people set is of the time at which they set it, which is before the story.
      select ${bare("s")} - case when s.source = 'person' then 'happened_at' else '' end || ${named}
      from public.contact_consents s join named n on n.id = s.contact_id`)
},
    'whatsapp_pending_statuses', ${
  rows(`
      select ${bare("p")} from public.whatsapp_pending_statuses p
      where p.phone_number_id = any ($2)`)
},
    'whatsapp_events', ${
  rows(`select ${bare("e", "dedupe_key")} from public.whatsapp_events e where e.workspace_id = $1`)
},
    'whatsapp_numbers', ${
  rows(`select ${bare("w")} from public.whatsapp_numbers w where w.workspace_id = $1`)
},
    'kpis', ${
  rows(`
      select jsonb_build_object('status', k.status, 'contacts', k.contacts, 'with_tests', t)
      from private.contact_counts($1, false) k
      join lateral (select contacts from private.contact_counts($1, true) i
        where i.status = k.status) as tests (t) on true`)
},
    'failures', ${
  rows(`
      select to_jsonb(f.error) from private.webhook_failures f
      join private.webhook_deliveries d on d.id = f.delivery_id where d.body like '%' || $3 || '%'`)
}) as found`;

export type Row = Record<string, unknown>;
export type Found = Record<string, Row[]>;

export async function found(sql: Sql, { workspaceId, cast }: Stage): Promise<Found> {
  // As every call does before it reads: whoever was busy with a contact has left it due.
  await sql`select private.follow_due(1000, ${workspaceId}::uuid)`;
  const [row] = await sql.unsafe(ALL, [workspaceId, cast.numbers as never, cast.account]);
  return renamed(row.found, cast);
}

/** The same with names for the ids that are the telling's own, the rows in one order. */
export function renamed(tables: Found, { numbers, account, salt, outbox }: Cast): Found {
  let text = JSON.stringify(tables);
  for (const [n, own] of [...numbers, account, salt, ...outbox].entries()) {
    text = text.replaceAll(own, `#${n}`);
  }
  return Object.fromEntries(
    Object.entries(JSON.parse(text) as Found).map(([table, rows]) => [table, sorted(rows)]),
  );
}

function sorted(rows: Row[]): Row[] {
  const keys = new Map(rows.map((row) => [row, JSON.stringify(row)]));
  return rows.sort((a, b) => keys.get(a)! < keys.get(b)! ? -1 : 1);
}
