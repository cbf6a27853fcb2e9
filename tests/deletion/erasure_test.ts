/** After `history: erase` no table, file or log holds a person's data, raw deliveries included. */
import assert from "node:assert/strict";
import postgres from "postgres";
import { type Deletion, deletionEnds } from "./calls.ts";
import { filesWith, placesOf } from "./dump.ts";
import {
  contacts,
  FILE_TEXT,
  leaveOthersTraces,
  leaveTraces,
  OTHER_PHONE,
  said,
  Stage,
  WAMID,
  WORDS,
} from "./person.ts";

const WORD_LIST = [...Object.values(WORDS), "wamid.quux", "5557731", "CA.PARENT.quux"];

/** Every table that a person can leave traces in. One of which nothing is found here is not tried. */
const TRACED = [
  "private.identity_links",
  "private.import_changes",
  "private.outbox",
  "private.webhook_deliveries",
  "private.webhook_failures",
  "public.activity_log",
  "public.calls",
  "public.contact_activity",
  "public.contact_consents",
  "public.contact_identities",
  "public.contact_merges",
  "public.contacts",
  "public.internal_notes",
  "public.message_changes",
  "public.message_media",
  "public.messages",
  "public.whatsapp_events",
  "public.whatsapp_pending_statuses",
];

const connect = (url: string) => postgres(url, { max: 1, onnotice: () => {} });

Deno.test("a person is erased from every table, file and log", async (t) => {
  const stage = await Stage.start(connect);
  try {
    const contactId = await leaveTraces(stage);
    await leaveOthersTraces(stage);

    await t.step("they were everywhere", async () => {
      const places = await placesOf(stage.sql, WORD_LIST);
      for (const table of TRACED) assert.ok(places.has(table), `nothing in ${table}`);
      const found = new Set([...places.values()].flat());
      assert.deepEqual(WORD_LIST.filter((word) => !found.has(word)), []);
      assert.equal((await filesWith(stage.media, FILE_TEXT)).length, 1);
    });

    await t.step("they are deleted with a receipt", async () => {
      const body = { contact_ids: [contactId], history: "erase" };
      const answer = await stage.key.post("delete-contacts", body);
      assert.ok([200, 202].includes(answer.status), answer.text);
      const { receipt_id, not_found } = (answer.body as { data: Deletion }).data;
      assert.deepEqual(not_found, []);
      const deletion = await deletionEnds(stage.key, receipt_id);
      assert.deepEqual([deletion.status, deletion.deleted, deletion.files_left], [
        "completed",
        1,
        0,
      ]);
    });

    await t.step("they are nowhere any more", async () => {
      assert.deepEqual(await placesOf(stage.sql, [...WORD_LIST, contactId]), new Map());
      assert.deepEqual(await filesWith(stage.media, FILE_TEXT), []);
      const output = stage.stack.output();
      assert.deepEqual(WORD_LIST.filter((word) => output.includes(word)), []);
      // Under ids that they once had, too.
      const lines = await stage.sql`
        select a.action, a.entity_id from public.activity_log a
        where a.entity_type in ('contact', 'conversation', 'deal', 'meeting')
          and not exists (select from public.contacts c where c.id = a.entity_id)
          and not exists (select from public.conversations v where v.id = a.entity_id)`;
      assert.deepEqual([...lines], []);
    });

    await t.step(
      "nothing of it comes back with what WhatsApp delivers again or later",
      async () => {
        // What is no JSON is refused and kept as it came; WhatsApp sends none.
        for (const body of stage.told.filter(isJson)) await stage.post(body);
        await tellLate(stage);
        assert.deepEqual(await placesOf(stage.sql, WORD_LIST), new Map());
      },
    );

    await t.step("others who were in the same deliveries are there as before", async () => {
      const places = await placesOf(stage.sql, [OTHER_PHONE, "otherspeople", "Somebody Else"]);
      const theirs = [OTHER_PHONE, "Somebody Else", "otherspeople"];
      assert.deepEqual(places.get("private.webhook_deliveries"), theirs);
      assert.deepEqual(places.get("public.messages"), theirs);
      assert.deepEqual(places.get("public.contacts"), [OTHER_PHONE, "Somebody Else"]);
    });

    await t.step("whoever writes again is somebody new, whose refusal still counts", async () => {
      await stage.tell({ contacts: contacts(), messages: [said("new", "text", { body: "Hi" })] });
      const { body } = await stage.key.get(`get-contact?phone=%2B${WORDS.phone}`);
      const { data } = body as { data: Record<string, unknown> };
      assert.notEqual(data.id, contactId);
      assert.deepEqual([data.opted_out, data.message_count, data.email], [true, 1, null]);
      const name = data.name;
      assert.equal(name, WORDS.profile);
    });
  } finally {
    await stage.stop();
  }
});

/** A status and changes of messages that were deleted, heard of for the first time. */
async function tellLate(stage: Stage): Promise<void> {
  const { phone, bsuid } = WORDS;
  const timestamp = String(Math.floor(Date.now() / 1000));
  const recipient = { recipient_id: phone, recipient_user_id: bsuid };
  await stage.tell({
    statuses: [{
      id: WAMID("pending"),
      status: "failed",
      timestamp,
      errors: [{ code: 1, title: WORDS.pending }],
      ...recipient,
    }],
  });
  await stage.tell({
    contacts: contacts(),
    messages: [
      said("late edit", "edit", {
        original_message_id: WAMID("text"),
        message: { type: "text", text: { body: WORDS.edited } },
      }),
      said("late reaction", "reaction", { message_id: WAMID("text"), emoji: "👍" }),
    ],
  });
}

function isJson(text: string): boolean {
  return text.endsWith("}");
}
