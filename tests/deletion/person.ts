/** A person who has left traces wherever one can leave any, in words that stand nowhere else. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type postgres from "postgres";
import { seal } from "../../supabase/functions/_shared/secret_box.ts";
import { type SpawnedStack, spawnStack } from "../../scripts/spawn.ts";
import { startGraph } from "../../scripts/graph/server.ts";
import type { Graph } from "../../scripts/graph/types.ts";
import { change, delivery, type Json, sign } from "../fixtures/whatsapp/delivery.ts";
import { type Client, client } from "./calls.ts";
import { until } from "../support/until.ts";

/** The words. Nothing but this person's traces has any of them. */
export const WORDS = {
  name: "Zephyrina",
  surname: "Quuxworth-Ößner",
  profile: "zephy profile",
  username: "zephy.quux.handle",
  phone: "16045557731",
  email: "zephyrina.q@quux-mail.example",
  company: "Quuxworks Unlimited",
  tag: "quuxtag",
  custom: "quuxcustomvalue",
  field: "quuxfieldnote",
  note: "quuxinternalnote",
  avatar: "quuxavatar",
  bsuid: "CA.77310077310077",
  oldName: "Zephyformername",
  duplicateEmail: "second.zephy@quux-mail.example",
  text: "quuxmessagetext",
  caption: "quuxcaptiontext",
  fileName: "quuxdocumentname",
  edited: "quuxeditedtext",
  answer: "quuxouranswer",
  event: "quuxunknownupdate",
  pending: "quuxpendingerror",
  changed: "quuxchangeofours",
  oldChange: "quuxoldchangeofours",
  failed: "quuxfailedupdate",
  rejected: "quuxbrokenbody",
  call: "wacid.quuxcall",
  detail: "quuxconsentdetail",
  deal: "quuxdealtitle",
  dealNote: "quuxdealnote",
  meeting: "quuxmeetingplace",
  surveyed: "quuxsurveyanswer",
  reported: "quuxcallsummary",
  formerDeal: "quuxformerdealtitle",
  formerMeeting: "quuxformermeetingplace",
} as const;

export const FILE_TEXT = "quuxfilecontent";
export const OTHER_PHONE = "16045558842";
const BYSTANDER_PHONE = "16045559953";

export const WAMID = (n: string) => `wamid.quux.${n}`;

export class Stage {
  /** Every delivery that was posted, as it was. */
  readonly told: string[] = [];

  private constructor(
    readonly folder: string,
    readonly stack: SpawnedStack,
    readonly graph: Graph,
    readonly sql: postgres.Sql,
    readonly key: Client,
  ) {}

  static async start(connect: (url: string) => postgres.Sql): Promise<Stage> {
    const folder = await Deno.makeTempDir({ prefix: "leadbase-person-" });
    const graph = await startGraph();
    const stack = await spawnStack({
      data: join(folder, "data"),
      env: { GRAPH_API_URL: graph.url },
    });
    const { url, api_key, database_url } = stack.credentials;
    return new Stage(folder, stack, graph, connect(database_url), client(url, api_key));
  }

  async stop(): Promise<void> {
    await this.sql.end({ timeout: 5 });
    await this.stack.stop();
    await this.graph.stop();
    await Deno.remove(this.folder, { recursive: true });
  }

  get media(): string {
    return join(this.folder, "data", "media");
  }

  get number(): string {
    return this.stack.credentials.whatsapp.phone_number_id;
  }

  /** Posts one change as Meta does. */
  async tell(parts: Json, field = "messages", number = this.number): Promise<void> {
    const answer = await this.post(JSON.stringify(delivery(change(number, parts, field))));
    assert.equal(answer, 200);
  }

  async post(body: string): Promise<number> {
    this.told.push(body);
    const { url, whatsapp } = this.stack.credentials;
    const headers = { "x-hub-signature-256": sign(body, whatsapp.app_secret) };
    const response = await fetch(`${url}/whatsapp-webhook`, { method: "POST", body, headers });
    await response.body?.cancel();
    return response.status;
  }

  /** Gives the number its token, so that it sends and fetches. */
  async register(): Promise<void> {
    const secrets = JSON.parse(await Deno.readTextFile(join(this.folder, "data", "secrets.json")));
    const sealed = await seal("EAAB", this.number, secrets.encryption_key);
    await this.sql`
      insert into private.whatsapp_tokens (phone_number_id, sealed)
      values (${this.number}, ${sealed})`;
  }
}

/** A person's message as WhatsApp tells it. */
export function said(id: string, type: string, content: Json, more: Json = {}): Json {
  const { phone, bsuid } = WORDS;
  const timestamp = String(Math.floor(Date.now() / 1000));
  return {
    from: phone,
    from_user_id: bsuid,
    id: WAMID(id),
    timestamp,
    type,
    [type]: content,
    ...more,
  };
}

export const contacts = (name: string = WORDS.profile) => [{
  wa_id: WORDS.phone,
  user_id: WORDS.bsuid,
  profile: { name, username: WORDS.username },
}];

/** Leaves a trace by every endpoint and every kind of update; returns the contact's id. */
export async function leaveTraces(stage: Stage): Promise<string> {
  const { key } = stage;
  await stage.register();
  // The same person twice: by the id that hides the number, and as somebody entered them.
  const { from: _, ...byId } = said("byid", "text", { body: WORDS.text });
  await stage.tell({
    contacts: [{ user_id: WORDS.bsuid, profile: { name: WORDS.oldName } }],
    messages: [byId],
  });
  const id = await enter(stage);
  const [{ contact_id: duplicate }] = await stage.sql<{ contact_id: string }[]>`
    select contact_id from public.messages where wa_message_id = ${WAMID("byid")}`;
  await key.post("update-contact", { contact_id: duplicate, email: WORDS.duplicateEmail });
  await changeMinds(stage, duplicate);
  await write(stage);
  await answer(stage, id);
  await deal(stage, id);
  await tellOthers(stage);
  await breakThings(stage);
  await mistakeForAnother(stage, id);
  const found = await key.get(`get-contact?contact_id=${id}`);
  return (found.body as { data: { id: string } }).data.id;
}

/** A deal and a meeting that are not there any more: only the log has heard of their names. */
async function changeMinds({ key, sql }: Stage, contact_id: string): Promise<void> {
  const starts_at = "2026-11-04T17:00:00Z";
  const made = await key.post("deals", { contact_id, title: "A former deal" });
  const met = await key.post("meetings", { contact_id, title: "A former visit", starts_at });
  const [deal, meeting] = [made, met].map(({ body }) => (body as { data: { id: string } }).data.id);
  await sql`update public.deals set title = ${WORDS.formerDeal} where id = ${deal}`;
  await sql`update public.meetings set location = ${WORDS.formerMeeting} where id = ${meeting}`;
  for (const path of [`deals/${deal}`, `meetings/${meeting}`]) {
    assert.equal((await key.delete(path)).status, 204);
  }
}

/** Merged with somebody else, either way round, and parted again. */
async function mistakeForAnother({ key }: Stage, id: string): Promise<void> {
  const made = await key.post("create-contact", { phone: `+${BYSTANDER_PHONE}` });
  const bystander = (made.body as { data: { id: string } }).data.id;
  for (const [primary_id, duplicate_id] of [[bystander, id], [id, bystander]]) {
    const merged = await key.post("merge-contacts", { primary_id, duplicate_id });
    assert.equal(merged.status, 200, merged.text);
    const { merge_id } = (merged.body as { data: { merge_id: string } }).data;
    const parted = await key.post("merge-contacts/undo", { merge_id });
    assert.equal(parted.status, 200, parted.text);
  }
}

async function enter(stage: Stage): Promise<string> {
  const { key } = stage;
  const made = await key.post("create-contact", {
    phone: `+${WORDS.phone}`,
    name: `${WORDS.name} ${WORDS.surname}`,
    email: WORDS.email,
    company: WORDS.company,
    tags: [WORDS.tag],
    custom: { plan: WORDS.custom },
    notes: WORDS.field,
    avatar_url: `https://pictures.example/${WORDS.avatar}.png`,
  });
  assert.equal(made.status, 201, made.text);
  const { id } = (made.body as { data: { id: string } }).data;
  await key.post("update-contact", { contact_id: id, company: `${WORDS.company} Inc.` });
  const noted = await key.post("internal-notes", {
    content: WORDS.note,
    entity_type: "lead",
    entity_id: id,
  });
  assert.equal(noted.status, 201, noted.text);
  await importAgain(stage);
  return id;
}

/** A file that changes what is known of them. */
async function importAgain({ stack }: Stage): Promise<void> {
  const { url, api_key } = stack.credentials;
  const response = await fetch(`${url}/import-contacts?on_conflict=update`, {
    method: "POST",
    headers: { authorization: `Bearer ${api_key}`, "content-type": "text/csv" },
    body: `phone,company\n+${WORDS.phone},${WORDS.company} Ltd.\n`,
  });
  const { data } = await response.json();
  assert.deepEqual([data.status, data.updated], ["completed", 1]);
}

/** What they write themselves: texts, a file, a reaction, an edit; they call and refuse. */
async function write(stage: Stage): Promise<void> {
  const document = { id: "7001", mime_type: "application/pdf", filename: `${WORDS.fileName}.pdf` };
  stage.graph.addMedia({
    id: "7001",
    bytes: new TextEncoder().encode(FILE_TEXT),
    mimeType: "application/pdf",
  });
  await stage.tell({
    contacts: contacts(),
    messages: [
      said("text", "text", { body: `I am ${WORDS.name}: ${WORDS.text}, call +1 (604) 555-7731` }),
      said("file", "document", { ...document, caption: WORDS.caption }),
      said("reply", "text", { body: "OK, 604-555-7731" }, {
        context: { from: WORDS.phone, id: WAMID("text") },
      }),
    ],
  });
  await stage.tell({
    contacts: contacts(),
    messages: [
      said("edit", "edit", {
        original_message_id: WAMID("text"),
        message: { type: "text", text: { body: `${WORDS.edited} by ${WORDS.name}` } },
      }),
      said("reaction", "reaction", { message_id: WAMID("text"), emoji: "👍" }),
    ],
  });
  const { phone: from, bsuid: from_user_id, call: id } = WORDS;
  const timestamp = String(Math.floor(Date.now() / 1000));
  await stage.tell({ calls: [{ id, from, from_user_id, event: "connect", timestamp }] }, "calls");
  await stage.tell({
    user_preferences: [{
      wa_id: from,
      user_id: from_user_id,
      category: "marketing_messages",
      value: "stop",
      detail: WORDS.detail,
      timestamp,
    }],
  }, "user_preferences");
  await until(async () => {
    const [row] = await stage.sql`select from public.message_media where status = 'stored'`;
    return row;
  });
}

async function answer(stage: Stage, contact_id: string): Promise<void> {
  const { key } = stage;
  const opened = await key.post("handoff", { contact_id });
  const { id } = (opened.body as { data: { conversation: { id: string } } }).data.conversation;
  const sent = await key.post(`conversations/${id}/messages`, {
    type: "text",
    text: { body: `Dear ${WORDS.name}, ${WORDS.answer}` },
  });
  assert.equal(sent.status, 202, sent.text);
  await key.post("internal-notes", {
    content: `${WORDS.note} thread`,
    entity_type: "conversation",
    entity_id: id,
  });
  await until(async () => {
    const [row] = await stage.sql`select from private.outbox where state = 'accepted'`;
    return row;
  });
}

/** What is sold to them, where they are met, what they answer, how they are called. */
async function deal({ key, sql, stack }: Stage, contact_id: string): Promise<void> {
  const make = async (path: string, body: unknown) => {
    const answer = await key.post(path, body);
    assert.equal(answer.status, 201, answer.text);
    return (answer.body as { data: { id: string; questions: { id: string }[] } }).data;
  };
  const { id } = await make("deals", { contact_id, title: "A deal", value: 5 });
  const note = { content: WORDS.dealNote, entity_type: "deal", entity_id: id };
  await make("internal-notes", note);
  const meeting = { contact_id, title: "A visit", starts_at: "2026-11-03T17:00:00Z" };
  const { id: met } = await make("meetings", meeting);
  // Changed once, so that the log has heard of it, too.
  await sql`update public.deals set title = ${WORDS.deal} where id = ${id}`;
  await sql`update public.meetings set location = ${WORDS.meeting} where id = ${met}`;
  const [{ id: survey }] = await sql<{ id: string }[]>`
    insert into public.surveys (workspace_id, name, questions)
    values (${stack.credentials.workspace_id}, 'A survey',
      '[{"id": "0198f6c2-d144-7a43-9f72-9c315e4dc041", "text": "Well?", "type": "text", "required": false}]')
    returning id`;
  await make(`surveys/${survey}/responses`, {
    contact_id,
    meeting_id: met,
    answers: [{ question_id: "0198f6c2-d144-7a43-9f72-9c315e4dc041", value: WORDS.surveyed }],
  });
  await make("calls", { contact_id, direction: "inbound", summary: WORDS.reported });
  await key.post("update-contact", { contact_id, stage: "closing" });
}

/** What others tell about them: statuses, echoes, what nobody knows. */
async function tellOthers(stage: Stage): Promise<void> {
  const { phone, bsuid } = WORDS;
  const timestamp = String(Math.floor(Date.now() / 1000));
  const recipient = { recipient_id: phone, recipient_user_id: bsuid };
  const [{ wa_message_id: sent }] = await stage.sql<{ wa_message_id: string }[]>`
    select wa_message_id from private.outbox where state = 'accepted' limit 1`;
  await stage.tell({
    statuses: [
      { id: sent, status: "read", timestamp, ...recipient },
      // Of a message of ours that is still on its way here.
      {
        id: WAMID("pending"),
        status: "failed",
        timestamp,
        errors: [{ code: 1, title: WORDS.pending }],
        ...recipient,
      },
    ],
  });
  await stage.tell({
    message_echoes: [{
      from: "16045550100",
      to: phone,
      id: WAMID("ourchange"),
      timestamp,
      type: "edit",
      edit: {
        original_message_id: sent,
        message: { type: "text", text: { body: WORDS.changed } },
      },
    }, {
      from: "16045550100",
      to: phone,
      id: WAMID("pending"),
      timestamp,
      type: "text",
      text: { body: "From the app" },
    }],
  }, "smb_message_echoes");
  await stage.tell({
    messages: [{
      from: phone,
      id: WAMID("odd"),
      timestamp,
      type: "system",
      system: { type: "odd", body: WORDS.event },
    }],
  });
  await stage.tell({
    statuses: [{
      id: WAMID("waiting"),
      status: "failed",
      timestamp,
      errors: [{ code: 1, title: WORDS.pending }],
      ...recipient,
    }],
  });
}

/** What could not be stored as it should. */
async function breakThings(stage: Stage): Promise<void> {
  const { phone, bsuid } = WORDS;
  // No contact of its own yet: two ids that hang together with one of the person's.
  await stage.sql`
    insert into private.identity_links (workspace_id, channel, external_id, other_channel, other_id)
    select id, 'whatsapp_bsuid', ${bsuid}, 'whatsapp_parent_bsuid', 'CA.PARENT.quux'
    from public.workspaces where id = ${stage.stack.credentials.workspace_id}`;
  // Said so long ago that WhatsApp will not come back to it, and edited by the business since.
  await stage.sql`
    with said as (
      insert into public.messages (workspace_id, conversation_id, contact_id, direction, sender_type, type,
        status, body, wa_message_id, phone_number_id, created_at)
      select workspace_id, id, contact_id, 'outbound', 'business', 'text', 'sent', 'Long ago', ${
    WAMID("old")
  }, ${stage.number}, now() - interval '40 days'
      from public.conversations where contact_id in (select id from public.contacts where phone = ${`+${phone}`})
      returning *
    )
    insert into public.message_changes
      (workspace_id, phone_number_id, wa_message_id, target_wa_message_id, kind, content, happened_at, created_at)
    select workspace_id, phone_number_id, ${WAMID("old edit")}, wa_message_id, 'edit',
      ${stage.sql.json({ type: "text", body: WORDS.oldChange })}, now(), created_at from said`;
  const item = delivery(change(stage.number, {
    messages: [said("failed", "text", { body: WORDS.failed })],
  }));
  await stage.sql`
    insert into private.webhook_failures (delivery_id, item, error)
    select id, ${stage.sql.json(item as never)}, ${`22000 ${phone}`}
    from private.webhook_deliveries order by received_at desc limit 1`;
  await stage.sql`
    update private.webhook_deliveries
    set detail = ${stage.sql.json({ batch_error: `22000 ${WORDS.failed}` })}
    where id = (select delivery_id from private.webhook_failures limit 1)`;
  // Signed, but no JSON.
  assert.equal(
    await stage.post(
      `{"phone_number_id":"${stage.number}","from":"${phone}","x":"${WORDS.rejected}"`,
    ),
    400,
  );
}

/** Somebody else, in the same deliveries as the person. */
export async function leaveOthersTraces(stage: Stage): Promise<void> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  await stage.tell({
    contacts: [...contacts(), { wa_id: OTHER_PHONE, profile: { name: "Somebody Else" } }],
    messages: [
      said("together", "text", { body: WORDS.text }),
      {
        from: OTHER_PHONE,
        id: "wamid.other",
        timestamp,
        type: "text",
        text: { body: "otherspeople" },
      },
    ],
  });
}
