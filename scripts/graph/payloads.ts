/** The changes that webhooks tell, in Meta's form. */
import { webhookError } from "./errors.ts";
import { isUserId, type Person } from "./people.ts";
import type { GraphFault, GraphNumber, SentMessage, StatusName } from "./types.ts";

type Json = Record<string, unknown>;

/** A change of the field `messages`; `parts` is what it tells beside its metadata. */
export function change(number: Required<GraphNumber>, parts: Json): Json {
  const metadata = {
    display_phone_number: number.display_phone_number.replace(/\D/g, ""),
    phone_number_id: number.id,
  };
  return { field: "messages", value: { messaging_product: "whatsapp", metadata, ...parts } };
}

/** A status with the person it is about, whose username comes with all but `sent`. */
export function statusParts(
  message: SentMessage,
  person: Person,
  status: StatusName,
  time: number,
): Json {
  const contact = contactOf(status === "sent" ? { ...person, username: undefined } : person);
  return {
    contacts: [contact],
    statuses: [{
      id: message.wamid,
      status,
      timestamp: seconds(time),
      ...(person.waId === undefined ? {} : { recipient_id: person.waId }),
      recipient_user_id: person.userId,
      ...opaque(message),
      ...(status === "read" ? {} : { pricing: pricing(message) }),
    }],
  };
}

/** A failure has no contacts, and names the person only as the message did. */
export function failureParts(
  message: SentMessage,
  person: Person,
  fault: GraphFault,
  time: number,
): Json {
  const whom = isUserId(message.recipient)
    ? { recipient_user_id: person.userId }
    : { recipient_id: person.waId };
  return {
    statuses: [{
      id: message.wamid,
      status: "failed",
      timestamp: seconds(time),
      ...whom,
      ...opaque(message),
      errors: [webhookError(fault)],
    }],
  };
}

export function inboundParts(person: Person, wamid: string, text: string, time: number): Json {
  const message = {
    ...(person.waId === undefined ? {} : { from: person.waId }),
    from_user_id: person.userId,
    id: wamid,
    timestamp: seconds(time),
    type: "text",
    text: { body: text },
  };
  return { contacts: [contactOf(person)], messages: [message] };
}

function contactOf({ name, username, waId, userId }: Person): Json {
  return {
    profile: { name, ...(username === undefined ? {} : { username }) },
    ...(waId === undefined ? {} : { wa_id: waId }),
    user_id: userId,
  };
}

function opaque({ biz_opaque_callback_data }: SentMessage): Json {
  return biz_opaque_callback_data === undefined ? {} : { biz_opaque_callback_data };
}

/** Within the 24 hours after a person's message nothing but templates costs. */
function pricing({ body }: SentMessage): Json {
  return body.type === "template"
    ? { billable: true, pricing_model: "PMP", type: "regular", category: "utility" }
    : { billable: false, pricing_model: "PMP", type: "free_customer_service", category: "service" };
}

function seconds(time: number): string {
  return String(Math.floor(time / 1000));
}
