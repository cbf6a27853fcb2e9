/** The requests that are measured, each with the statement that its function makes of it. */
import type { Credentials } from "../scripts/stack/credentials.ts";
import { createHash } from "node:crypto";
import type { LoadRequest } from "./run_load.ts";

export interface Scenario extends LoadRequest {
  name: string;
  /** The same as a pgbench script; `:run` and `:client_id` keep its numbers apart. */
  script: string;
}

const DELIVERY = JSON.stringify({
  object: "whatsapp_business_account",
  entry: [{
    id: "190000000000001",
    changes: [{
      field: "messages",
      value: {
        messaging_product: "whatsapp",
        metadata: { display_phone_number: "16045550100", phone_number_id: "100000000000001" },
        contacts: [{ profile: { name: "Ana" }, wa_id: "34{n}" }],
        messages: [{
          from: "34{n}",
          id: "wamid.{n}",
          timestamp: "1790000001",
          type: "text",
          text: { body: "Hola" },
        }],
      },
    }],
  }],
});

/** All of them, for the demo workspace of a running stack. `run` keeps numbers of runs apart. */
export function scenarios({ api_key, whatsapp }: Credentials, run: number): Scenario[] {
  const hash = createHash("sha256").update(api_key).digest("hex");
  const headers = { authorization: `Bearer ${api_key}`, "content-type": "application/json" };
  return [
    {
      name: "list-contacts (50)",
      method: "GET",
      path: "/list-contacts",
      headers,
      script: callStatement(hash, "contacts:read", "list_contacts", `'{"filter":{}}'`),
    },
    {
      name: "create-contact",
      method: "POST",
      path: "/create-contact",
      headers,
      body: JSON.stringify({ phone: "+4930{n}", name: "Contact {n}", email: "c{n}@bench.example" }),
      script: `${COUNTER}\n` + callStatement(
        hash,
        "contacts:write",
        "create_contact",
        `replace('{"contact":{"phone":"+4931<n>","name":"Contact <n>","email":"c<n>@bench.example","country":"DE"}}', '<n>', ${
          unique(run)
        })`,
      ),
    },
    {
      name: "whatsapp-webhook (1 message)",
      method: "POST",
      path: "/whatsapp-webhook",
      headers: { "content-type": "application/json" },
      body: DELIVERY,
      secret: whatsapp.app_secret,
      script: `${COUNTER}\nselect private.ingest_whatsapp(replace('${
        DELIVERY.replaceAll("34{n}", "35<n>").replaceAll("wamid.{n}", "wamid.P<n>")
      }', '<n>', ${unique(run)}), '{}');`,
    },
  ];
}

// Variables of pgbench live as long as the client: each counts its own transactions.
const COUNTER = "\\set i :i + 1";

/** Seven digits: the run, the client (0 to 15 → two digits), its transaction. */
function unique(run: number): string {
  return `(${run}::bigint * 10000000 + :client_id * 100000 + :i)::text`;
}

function callStatement(hash: string, scope: string, operation: string, args: string): string {
  // pgbench would take the colon of a scope for a variable, in a string too.
  const spelled = scope.replace(":", "' || ':' || '");
  return `select status, body, headers, rate_limit, principal_id from private.call(` +
    `jsonb_build_object('type', 'api_key', 'hash', '${hash}'), '${spelled}', '${operation}', (${args})::jsonb, null, null);`;
}
