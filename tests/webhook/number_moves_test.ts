/** A number that another workspace has registered since: what the first one has stays as it was. */
import assert from "node:assert/strict";
import { withDatabase } from "../support/database.ts";
import { makeWorkspace, type Workspace } from "../support/workspace.ts";
import { at, type Item, person, text, uniqueWamid } from "../fixtures/whatsapp/delivery.ts";
import { messagesOf } from "./rows.ts";
import { tell } from "./updates.ts";

const FROM = "16045550177";

function say(place: Workspace, name: string, ...messages: Item[]): Promise<void> {
  return tell(place, { contacts: [person(FROM, name)], messages });
}

function about(type: string, id: string, more: Record<string, unknown> = {}): Item {
  return {
    from: FROM,
    id: uniqueWamid(),
    timestamp: at(60),
    type,
    [type]: { original_message_id: id, message_id: id, ...more },
  };
}

async function move({ phoneNumberId }: Workspace, to: Workspace): Promise<void> {
  await withDatabase((sql) =>
    sql`update public.whatsapp_numbers set workspace_id = ${to.id}
      where phone_number_id = ${phoneNumberId}`
  );
}

Deno.test("edits, revokes and reactions that come for the one change nothing of the other's", async () => {
  const [first, second] = [await makeWorkspace(), await makeWorkspace()];
  const messages = ["edited", "revoked", "liked"].map((body) =>
    text(FROM, body, { timestamp: at(1) })
  );
  await say(first, "Ana", ...messages);
  const before = await messagesOf(first.phoneNumberId);
  await move(first, second);
  const [edited, revoked, liked] = messages.map(({ id }) => String(id));
  await say(
    first,
    "Ana",
    about("edit", edited, { message: { type: "text", text: { body: "For the second" } } }),
    about("revoke", revoked),
    about("reaction", liked, { emoji: "👍" }),
  );
  assert.deepEqual(await messagesOf(first.phoneNumberId), before);
});

Deno.test("news of what the first has from a chat history does not rename its writer there", async () => {
  const [first, second] = [await makeWorkspace(), await makeWorkspace()];
  const message = text(FROM, "Long ago", { timestamp: at(1) });
  const history = [{ threads: [{ id: FROM, messages: [message] }] }];
  await tell(first, { history } as Parameters<typeof tell>[1], "history");
  const before = await messagesOf(first.phoneNumberId);
  assert.equal(before.length, 1);
  await move(first, second);
  await say(first, "Renamed", message);
  assert.deepEqual(await messagesOf(first.phoneNumberId), before);
});
