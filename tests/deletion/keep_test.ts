/** After `history: keep` what was said is there, and nobody can tell who said it. */
import assert from "node:assert/strict";
import postgres from "postgres";
import { client, type Deletion, deletionEnds } from "./calls.ts";
import { filesWith, placesOf } from "./dump.ts";
import { FILE_TEXT, leaveTraces, Stage, WORDS } from "./person.ts";

// What somebody says, as long as it does not name them.
const CONTENT = [
  WORDS.text,
  WORDS.caption,
  WORDS.edited,
  WORDS.answer,
  WORDS.changed,
  WORDS.oldChange,
] as string[];
const NAMING = [...Object.values(WORDS), "wamid.quux", "5557731", "555-7731", "CA.PARENT.quux"]
  .filter((word) => !CONTENT.includes(word));

const connect = (url: string) => postgres(url, { max: 1, onnotice: () => {} });

interface Retained {
  pseudonym: string;
  direction: string;
  type: string;
  body: string | null;
  payload: Record<string, unknown>;
  quotes: string | null;
}

Deno.test("a person's messages are kept under a pseudonym and nothing else is", async (t) => {
  const stage = await Stage.start(connect);
  try {
    const contactId = await leaveTraces(stage);
    const answer = await stage.key.post("delete-contacts", { contact_ids: [contactId] });
    const { receipt_id } = (answer.body as { data: Deletion }).data;
    const deletion = await deletionEnds(stage.key, receipt_id);
    assert.deepEqual([deletion.status, deletion.history], ["completed", "keep"]);

    await t.step("nothing names them, in no table, file or log", async () => {
      assert.deepEqual(await placesOf(stage.sql, [...NAMING, contactId]), new Map());
      assert.deepEqual(await filesWith(stage.media, FILE_TEXT), []);
      assert.deepEqual(NAMING.filter((word) => stage.stack.output().includes(word)), []);
    });

    await t.step("what was said stands in the retained messages only", async () => {
      const places = await placesOf(stage.sql, CONTENT);
      assert.deepEqual([...places.keys()], ["public.retained_messages"]);
    });

    await t.step("every message is there, in its words but for the names", async () => {
      const rows = await stage.sql<Retained[]>`
        select v.pseudonym, m.direction, m.type, m.body, m.payload, q.body as quotes
        from public.retained_messages m join public.retained_conversations v on v.id = m.conversation_id
        left join public.retained_messages q on q.id = m.reply_to
        order by m.sent_at, m.body`;
      assert.equal(new Set(rows.map(({ pseudonym }) => pseudonym)).size, 1);
      assert.match(rows[0].pseudonym, /^person-[0-9a-f]{24}$/);
      const edited = `${WORDS.edited} by [masked]`;
      assert.deepEqual(
        rows.map(({ direction, body, quotes }) => [direction, body, quotes]).sort(),
        [
          ["inbound", "OK, [masked]", edited],
          ["inbound", WORDS.caption, null],
          ["inbound", edited, null],
          ["inbound", WORDS.text, null],
          ["outbound", "From the app", null],
          ["outbound", WORDS.oldChange, null],
          ["outbound", WORDS.changed, null],
        ].sort(),
      );
      const file = rows.find(({ type }) => type === "document")!;
      assert.deepEqual(file.payload, {
        document: { mime_type: "application/pdf", caption: WORDS.caption },
      });
    });

    await t.step("owners and admins read them, agents and keys do not", async () => {
      const { admin, agent } = stage.stack.credentials;
      const count = (userId: string | null) =>
        stage.sql.begin(async (sql) => {
          const [{ id }] =
            await sql`select id from public.api_keys where workspace_id = ${stage.stack.credentials.workspace_id} limit 1`;
          const claims = userId
            ? { role: "authenticated", sub: userId }
            : { role: "authenticated", api_key_id: id };
          await sql`select set_config('request.jwt.claims', ${
            JSON.stringify(claims)
          }, true), set_config('role', 'authenticated', true)`;
          const [{ n }] = await sql`select count(*)::int as n from public.retained_messages`;
          return n as number;
        });
      assert.deepEqual(
        [await count(admin.user_id), await count(agent.user_id), await count(null)],
        [7, 0, 0],
      );
    });

    await t.step("lists and conversations know nothing of them", async () => {
      const { url, admin } = stage.stack.credentials;
      const list = await client(url, admin.token).get(`conversations?search=${WORDS.phone}`);
      assert.deepEqual((list.body as { data: unknown[] }).data, []);
    });
  } finally {
    await stage.stop();
  }
});
