import assert from "node:assert/strict";
import { countriesOf } from "./countries.ts";

function delivery(value: unknown): unknown {
  return {
    object: "whatsapp_business_account",
    entry: [{ id: "190000000000001", changes: [{ field: "messages", value }] }],
  };
}

Deno.test("people of contacts, messages, statuses, echoes and history are found", () => {
  assert.deepEqual(
    countriesOf(delivery({
      metadata: { display_phone_number: "34910000001", phone_number_id: "280000000000001" },
      contacts: [{ profile: { name: "Ana" }, wa_id: "34600111222" }],
      messages: [{ from: "5511912345678", id: "wamid.A1" }],
      statuses: [{ id: "wamid.OUT1", recipient_id: "16045551234" }],
      message_echoes: [{ from: "34910000001", to: "5215512345678" }],
      history: [{ threads: [{ id: "447400123456", messages: [] }] }],
      state_sync: [{ contact: { phone_number: "33612345678" } }],
    })),
    {
      "34600111222": "ES",
      "5511912345678": "BR",
      "16045551234": "CA",
      "34910000001": "ES",
      "5215512345678": "MX",
      "447400123456": "GB",
      "33612345678": "FR",
    },
  );
});

Deno.test("ids of other things and numbers of no country are left out", () => {
  assert.deepEqual(
    countriesOf(delivery({
      metadata: { phone_number_id: "16045551234" },
      messages: [{ from: "ES.70010020030", id: "16045551234", image: { id: "34600111222" } }, {
        from: "99999999999",
      }],
    })),
    {},
  );
});

Deno.test("any JSON is taken", () => {
  for (
    const payload of [null, true, 1, "16045551234", [], {}, [["34600111222"]], {
      from: null,
      to: 5,
    }]
  ) {
    assert.deepEqual(countriesOf(payload), {});
  }
  const deep = JSON.parse("[".repeat(100_000) + "]".repeat(100_000));
  assert.deepEqual(countriesOf(deep), {});
});
