/** The mood of what people write: with each message, as the contact's average, and the latest. */
import assert from "node:assert/strict";
import { withDatabase } from "../support/database.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import type { ContactDetail, Data, Message, Page } from "../support/types.ts";
import { at, type Item, text, timeAt, uniqueWamid } from "../fixtures/whatsapp/delivery.ts";
import { contactsOf } from "./rows.ts";
import { tell } from "./updates.ts";

const ANA = "16045550111";

function says(body: string, second: number): Item {
  return text(ANA, body, { timestamp: at(second) });
}

function changes(type: "edit" | "revoke", second: number, content: object): Item {
  return { from: ANA, id: uniqueWamid(), timestamp: at(second), type, [type]: content };
}

const happy = says("Muchas gracias, excelente atención 😍", 1);
const angry = says("This is terrible, I want my money back", 3);
const asking = says("Quel est le prix ?", 2);
const unknown = says("Спасибо большое", 4);
const STORY: Item[] = [
  happy,
  angry,
  asking,
  unknown,
  changes("edit", 5, {
    original_message_id: angry.id,
    message: { type: "text", text: { body: "This is great" } },
  }),
  changes("revoke", 6, { original_message_id: happy.id }),
];

async function contactOf({ id, key }: Workspace): Promise<ContactDetail> {
  const [row] = await contactsOf(id);
  const answer = await key.get<Data<ContactDetail>>(`get-contact?contact_id=${row.id}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data;
}

/** Body, level and language of the contact's messages, by their time. */
async function moodsOf({ key }: Workspace, { conversation }: ContactDetail) {
  const path = `conversations/${conversation!.id}/messages`;
  const { body } = await key.get<Page<Message>>(path);
  return body.data
    .sort((a, b) => a.sent_at < b.sent_at ? -1 : 1)
    .map((m) => [m.sentiment, m.sentiment_score, m.sentiment_language]);
}

Deno.test("a message has its mood, and its contact the average and the latest", async () => {
  const workspace = await makeWorkspace();
  await tell(workspace, { messages: [happy, angry, asking, unknown] });
  const contact = await contactOf(workspace);
  const moods = await moodsOf(workspace, contact);
  assert.deepEqual(moods.map(([level, , language]) => [level, language]), [
    ["very_positive", "es"],
    ["neutral", "fr"],
    ["very_negative", "en"],
    ["neutral", null],
  ]);
  const scores = moods.slice(0, 3).map(([, score]) => score as number);
  const average = scores.reduce((sum, score) => sum + score, 0) / 3;
  assert.equal(contact.sentiment, "neutral");
  assert.ok(Math.abs(contact.sentiment_score - average) <= 0.0005, `${contact.sentiment_score}`);
  // What is not understood is no reading.
  assert.deepEqual(contact.latest_sentiment, {
    sentiment: "very_negative",
    sentiment_score: scores[2],
    sent_at: timeAt(3).toISOString().replace(".000Z", "+00:00"),
  });
});

Deno.test("an edit is read anew, what was revoked counts no more, and lists find the level", async () => {
  const workspace = await makeWorkspace();
  await tell(workspace, { messages: STORY });
  const contact = await contactOf(workspace);
  assert.deepEqual(
    (await moodsOf(workspace, contact)).map(([level, , language]) => [level, language]),
    [["neutral", null], ["neutral", "fr"], ["positive", "en"], ["neutral", null]],
  );
  assert.equal(contact.sentiment, "positive");
  for (const [level, count] of [["positive", 1], ["neutral", 0], ["negative", 0]] as const) {
    const { body } = await workspace.key.get<Page<unknown>>(`list-contacts?sentiment=${level}`);
    assert.equal(body.data.length, count, level);
  }
});

Deno.test("whatever the order and however often, the mood is that of a rebuild", async () => {
  const orders = [STORY, STORY.toReversed(), [...STORY.slice(3), ...STORY, ...STORY.slice(0, 2)]];
  const ends = [];
  for (const order of orders) {
    const workspace = await makeWorkspace();
    for (const item of order) await tell(workspace, { messages: [item] });
    const contact = await contactOf(workspace);
    await withDatabase((sql) => sql`select private.recount_sentiment(array[${contact.id}::uuid])`);
    const { sentiment_score, latest_sentiment } = await contactOf(workspace);
    assert.deepEqual([contact.sentiment_score, contact.latest_sentiment], [
      sentiment_score,
      latest_sentiment,
    ]);
    ends.push([await moodsOf(workspace, contact), sentiment_score, latest_sentiment]);
  }
  assert.deepEqual(ends, [ends[0], ends[0], ends[0]]);
});
