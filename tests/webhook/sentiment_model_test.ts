/** A language model in the words' place: a stack of its own with an endpoint on this machine. */
import assert from "node:assert/strict";
import { join } from "node:path";
import postgres from "postgres";
import { spawnStack } from "../../scripts/spawn.ts";
import { until } from "../support/until.ts";
import { delivered, person, sign, text } from "../fixtures/whatsapp/delivery.ts";

const KEY = "sk-of-the-test";
type Asked = { n: number; text: string }[];

/** An endpoint that answers as `answer` says, and notes what it was asked. */
function endpoint() {
  const model = {
    asked: [] as Asked[],
    keys: new Set<string | null>(),
    answer: (_: Asked): unknown => undefined,
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { messages } = await request.json();
    const asked: Asked = JSON.parse(messages[1].content).messages;
    model.asked.push(asked);
    model.keys.add(request.headers.get("authorization"));
    const content = JSON.stringify(model.answer(asked));
    return Response.json({ choices: [{ message: { content } }] });
  });
  return Object.assign(model, {
    url: `http://127.0.0.1:${server.addr.port}/v1/`,
    stop: () => server.shutdown(),
  });
}

const grumpy = (asked: Asked) => ({
  readings: asked.map(({ n }) => ({ n, score: -0.75, language: "it" })),
});

Deno.test("a language model reads after the delivery is acknowledged, and only then", async (t) => {
  const model = endpoint();
  const data = join(await Deno.makeTempDir({ prefix: "leadbase-sentiment-" }), "data");
  const stack = await spawnStack({
    data,
    env: { SENTIMENT_LLM_URL: model.url, SENTIMENT_LLM_MODEL: "small", SENTIMENT_LLM_KEY: KEY },
  });
  const { credentials } = stack;
  const sql = postgres(credentials.database_url, { max: 1, onnotice: () => {} });

  async function receive(body: string): Promise<string> {
    const message = text("16045550144", body);
    const parts = { contacts: [person("16045550144", "Ana")], messages: [message] };
    const raw = JSON.stringify(delivered(credentials.whatsapp.phone_number_id, parts));
    const headers = { "x-hub-signature-256": sign(raw, credentials.whatsapp.app_secret) };
    const url = `${credentials.url}/whatsapp-webhook`;
    const response = await fetch(url, { method: "POST", body: raw, headers });
    assert.equal(response.status, 200, await response.text());
    return message.id;
  }

  async function reading(wamid: string): Promise<string[]> {
    const [row] = await sql`
      select concat_ws(' ', m.sentiment, m.sentiment_language, m.sentiment_source) as mood,
        c.sentiment || ' ' || a.sentiment_count as contact
      from public.messages m join public.contact_activity a using (contact_id)
      join public.contacts c on c.id = contact_id
      where m.wa_message_id = ${wamid}`;
    return [row.mood, row.contact];
  }

  const settled = () =>
    until(async () => {
      const [{ waiting }] = await sql`
        select exists (select from private.sentiment_queue) as waiting`;
      return waiting ? undefined : true;
    });

  try {
    await until(async () => (await sql`select from private.sentiment_model`)[0]);

    await t.step("what it says goes before the words, and for the contact", async () => {
      model.answer = grumpy;
      const wamid = await receive("Excellent service");
      await settled();
      assert.deepEqual(await reading(wamid), ["very_negative it model", "very_negative 1"]);
      assert.deepEqual(model.asked, [[{ n: 1, text: "Excellent service" }]]);
      assert.deepEqual([...model.keys], [`Bearer ${KEY}`]);
    });

    await t.step("signals that it is to look for count for the score", async () => {
      const [{ id }] = await sql`
        insert into public.scoring_signals (workspace_id, name, kind, category, points, description)
        values (${credentials.workspace_id}, 'Budget', 'ai', 'fit', 15, 'Says what they can pay.')
        returning id`;
      model.answer = (asked) => ({
        readings: asked.map(({ n, text }) => ({
          ...{ n, score: 0, language: "en" },
          shows: text.includes("900") ? [1] : [],
        })),
      });
      const shows = await receive("I can pay 900");
      await receive("Where are you?");
      await settled();
      const events = await sql`
        select m.wa_message_id, c.score, c.grade from public.score_events e
        join public.messages m on m.id = e.message_id join public.contacts c on c.id = e.contact_id
        where e.signal_id = ${id}`;
      assert.deepEqual([...events], [{ wa_message_id: shows, score: 15, grade: "E" }]);
      await sql`update public.scoring_signals set is_active = false where id = ${id}`;
    });

    await t.step("what it says wrongly is asked again, then the words stand", async () => {
      model.answer = () => ({ readings: [{ n: 1, score: 7, language: "en" }] });
      model.asked.length = 0;
      const wamid = await receive("Excellent service");
      await until(async () => {
        await sql`update private.sentiment_queue set next_attempt_at = now()
          where next_attempt_at < now() + interval '1 minute'`;
        const [row] = await sql`select from private.sentiment_queue`;
        return row ? undefined : true;
      }, 60_000);
      assert.equal(model.asked.length, 3);
      assert.deepEqual(await reading(wamid), ["very_positive en words", "neutral 4"]);
    });
    assert.ok(!stack.output().includes(KEY), "the key is in the log");
    assert.ok(!stack.output().includes("Excellent"), "a message is in the log");
  } finally {
    await sql.end({ timeout: 5 });
    await stack.stop();
    await model.stop();
    await Deno.remove(join(data, ".."), { recursive: true });
  }
});
