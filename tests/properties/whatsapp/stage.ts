/** Where a story is told: a workspace of its own, with what was there before. */
import type { Sql } from "../../support/database.ts";
import { EPOCH } from "../../fixtures/whatsapp/delivery.ts";
import { countriesOf } from "../../../supabase/functions/whatsapp-webhook/countries.ts";
import { type Cast, outboundWamid, type Story } from "./story.ts";

export interface Stage {
  cast: Cast;
  workspaceId: string;
  /** The contact that the outbound messages are for, as it was called in the beginning. */
  contactId: string;
  story: Story;
}

/** A workspace with two numbers, the contacts that people made, and what is in the outbox. */
export async function setStage(sql: Sql, story: Story, cast: Cast): Promise<Stage> {
  const [{ id: workspaceId }] = await sql<{ id: string }[]>`
    with w as (
      insert into public.workspaces (name, default_country) values ('Test', 'CA') returning id
    ), n as (
      insert into public.whatsapp_numbers (phone_number_id, workspace_id, waba_id, display_phone_number)
      select number, w.id, ${cast.account}, '16045550123' from w, unnest(${cast.numbers}::text[]) number
    )
    select id from w`;
  const ids: string[] = [];
  // One after the other: of two contacts that are one person, the older is kept.
  for (const { who, phone: which, ...fields } of story.made) {
    const digits = cast.people[who].waIds[which];
    const country = countriesOf({ wa_id: digits })[digits] ?? null;
    const contact = { workspace_id: workspaceId, phone: `+${digits}`, country, ...fields };
    const [{ id }] = await sql<{ id: string }[]>`
      insert into public.contacts ${sql(contact)} returning id`;
    ids.push(id);
  }
  const stage = { cast, workspaceId, contactId: ids[0], story };
  for (const [outbound, how] of story.outbound.entries()) {
    if (how === "stored before") await store(sql, stage, outbound);
    if (how === "in the outbox") await store(sql, stage, outbound, cast.outbox[outbound]);
  }
  return stage;
}

/** An outbound message with its wamid or, while Graph has not answered, in the outbox. */
async function store(
  sql: Sql,
  { cast, workspaceId, contactId }: Stage,
  outbound: number,
  id: string = crypto.randomUUID(),
): Promise<void> {
  const waits = id === cast.outbox[outbound];
  const wamid = waits ? null : outboundWamid(cast, outbound);
  const error = waits ? sql.json({ code: "no_answer" }) : null;
  const [phoneNumberId] = cast.numbers;
  await sql`
    insert into public.conversations (workspace_id, contact_id)
    select c.workspace_id, c.id from public.contacts c
    where c.id = private.current_contact(${workspaceId}, ${contactId}) on conflict do nothing`;
  await sql`
    insert into public.messages (id, workspace_id, conversation_id, contact_id, direction, sender_type,
      type, body, phone_number_id, wa_message_id, status, error, sent_at)
    select ${id}, v.workspace_id, v.id, v.contact_id, 'outbound', 'agent', 'text',
      ${`Hello ${outbound}`}, ${phoneNumberId}, ${wamid}, ${waits ? "unknown" : "queued"}, ${error},
      to_timestamp(${EPOCH - 10 + outbound}::int)
    from public.conversations v
    where v.contact_id = private.current_contact(${workspaceId}, ${contactId})
      and v.channel = 'whatsapp'
    on conflict (wa_message_id, phone_number_id) do nothing`;
  if (!waits) return;
  await sql`
    insert into private.outbox
      (id, workspace_id, conversation_id, message_id, phone_number_id, kind, request, state, error)
    select m.id, m.workspace_id, m.conversation_id, m.id, m.phone_number_id, 'message', '{}', 'unknown',
      m.error
    from public.messages m where m.id = ${id}`;
}

/** What we send meanwhile: a message is stored, or Graph's answer comes after all. */
export async function send(sql: Sql, stage: Stage, outbound: number): Promise<void> {
  const how = stage.story.outbound[outbound];
  if (how === "stored later") await store(sql, stage, outbound);
  if (how === "in the outbox") {
    const { outbox } = stage.cast;
    await sql`
      select private.accept_outbox(${outbox[outbound]}, ${outboundWamid(stage.cast, outbound)})`;
  }
}
