/** Updates as Meta posts them: one change an update, signed over the bytes. */
import { DEMO } from "../../scripts/stack/seed.ts";
import { type Update, updateAt } from "./stream.ts";

/** A part of the stream, cut into POSTs. */
export interface Slice {
  /** Number of the first update. */
  first: number;
  posts: number;
  /** Updates a POST. */
  batch: number;
  /** Known contacts. */
  contacts: number;
}

/** The POST bodies of a slice, in order. */
export function bodiesOf({ first, posts, batch, contacts }: Slice): string[] {
  return Array.from({ length: posts }, (_, post) => {
    const start = first + post * batch;
    return bodyOf(Array.from({ length: batch }, (_, n) => updateAt(start + n, contacts)));
  });
}

function bodyOf(updates: Update[]): string {
  const changes = updates.map((update) => ({ field: "messages", value: valueOf(update) }));
  return JSON.stringify({
    object: "whatsapp_business_account",
    entry: [{ id: "190000000000001", changes }],
  });
}

function valueOf(update: Update): object {
  const bsuid = bsuidOf(update.waId);
  const value = {
    messaging_product: "whatsapp",
    metadata: { display_phone_number: "16045550100", phone_number_id: DEMO.phoneNumberId },
  };
  const timestamp = String(update.timestamp);
  if (update.kind === "status") {
    const pricing = { billable: true, pricing_model: "PMP", type: "regular", category: "utility" };
    const recipient = { recipient_id: update.waId, recipient_user_id: bsuid };
    const { wamid: id, status } = update;
    return { ...value, statuses: [{ id, status, timestamp, ...recipient, pricing }] };
  }
  const { wamid: id, waId, name, text } = update;
  return {
    ...value,
    contacts: [{ profile: { name }, wa_id: waId, user_id: bsuid }],
    messages: [{
      ...{ from: waId, from_user_id: bsuid, id, timestamp, type: "text" },
      text: { body: text },
    }],
  };
}

/** The business-scoped id that comes with a number since 2026. */
export function bsuidOf(waId: string): string {
  return `ES.${waId}`;
}
