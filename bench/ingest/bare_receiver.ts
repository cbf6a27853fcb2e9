/**
 * A receiver that only stores: the signature, the JSON, a bare row for each update, 200. What is
 * left of the limit once the rows come over HTTP, in a process of its own as the functions are:
 * `deno run bare_receiver.ts <Receiving JSON>` prints its address and runs until it is ended.
 */
import postgres from "postgres";
import { isSigned } from "../../supabase/functions/whatsapp-webhook/signature.ts";
import { insertStatement, parametersOfRows, type Row } from "./bare_rows.ts";
import { contactId, conversationId } from "./ids.ts";
import { personOfWaId } from "./stream.ts";

export interface Receiving {
  databaseUrl: string;
  secret: string;
  /** Of the database. */
  connections: number;
}

interface Value {
  messages?: { from: string; id: string; timestamp: string; text: { body: string } }[];
  contacts?: { profile: { name: string } }[];
  statuses?: { recipient_id: string; id: string; timestamp: string; status: string }[];
}

if (import.meta.main) {
  const { databaseUrl, secret, connections }: Receiving = JSON.parse(Deno.args[0]);
  const sql = postgres(databaseUrl, { max: connections, fetch_types: false });
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      const bytes = new Uint8Array(await request.arrayBuffer());
      const signature = request.headers.get("x-hub-signature-256");
      if (!await isSigned(signature, bytes, [secret])) return new Response(null, { status: 401 });
      const rows = rowsOf(new TextDecoder().decode(bytes));
      const statement = insertStatement(rows.length, "bench.received");
      await sql.unsafe(statement, parametersOfRows(rows), { prepare: true });
      return new Response('{"data":{"received":true}}', {
        headers: { "content-type": "application/json" },
      });
    },
  );
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.addr.port}` }));
}

function rowsOf(body: string): Row[] {
  const { entry } = JSON.parse(body) as { entry: { changes: { value: Value }[] }[] };
  return entry.flatMap(({ changes }) => changes.flatMap(({ value }) => rowsOfValue(value)));
}

function rowsOfValue({ messages = [], contacts = [], statuses = [] }: Value): Row[] {
  return [
    ...messages.map(({ from, id, timestamp, text }) => ({
      ...shared(from, timestamp),
      ...{ direction: "inbound", sender_type: "contact", sender_name: contacts[0].profile.name },
      ...{ body: text.body, wa_message_id: id, status: "received" },
    })),
    ...statuses.map(({ recipient_id, id, timestamp, status }) => ({
      ...shared(recipient_id, timestamp),
      ...{ direction: "outbound", sender_type: "bot", sender_name: null },
      // The index wants each message id once.
      ...{ body: null, wa_message_id: id + status, status },
    })),
  ];
}

function shared(waId: string, timestamp: string) {
  const person = personOfWaId(waId);
  return {
    conversation_id: conversationId(person),
    contact_id: contactId(person),
    sent_at: new Date(Number(timestamp) * 1000).toISOString(),
  };
}
