import { invalidParameter, Refusal } from "./errors.ts";
import { checkMessage, checkReceipt } from "./message_shape.ts";
import type { Numbers } from "./numbers.ts";
import { isUserId, type People } from "./people.ts";
import { isObject, type Json } from "./shape.ts";
import type { GraphFault, SentMessage } from "./types.ts";

export interface MessageContext {
  numbers: Numbers;
  people: People;
  now: () => number;
  newWamid: () => string;
  limit: (phoneNumberId: string, recipient: string) => GraphFault | undefined;
  accept: (message: SentMessage) => void;
}

/** What `POST /{phone_number_id}/messages` answers; throws a Refusal. */
export function postMessage(context: MessageContext, phoneNumberId: string, body: unknown): Json {
  context.numbers.get(phoneNumberId);
  if (!isObject(body)) throw invalidParameter("The body must be a JSON object.");
  if (body.messaging_product !== "whatsapp") {
    throw invalidParameter("Parameter 'messaging_product' must be 'whatsapp'.");
  }
  if (body.status !== undefined) {
    checkReceipt(body);
    return { success: true };
  }
  return send(context, phoneNumberId, body);
}

function send(context: MessageContext, phoneNumberId: string, body: Json): Json {
  const type = checkMessage(body);
  const address = addressOf(body);
  if (type === "template") refuseMissingTemplate(body.template as Json);
  const fault = context.limit(phoneNumberId, address.recipient) ??
    context.people.about(address.recipient).refuse;
  if (fault) throw new Refusal(fault);
  const message: SentMessage = {
    wamid: context.newWamid(),
    phone_number_id: phoneNumberId,
    recipient: address.recipient,
    body,
    biz_opaque_callback_data: body.biz_opaque_callback_data as string | undefined,
    dropped: address.dropped,
    time: context.now(),
  };
  context.accept(message);
  return {
    messaging_product: "whatsapp",
    contacts: [{ input: address.input, ...answeredIds(context, address) }],
    messages: [{ id: message.wamid, message_status: "accepted" }],
  };
}

interface Address {
  /** As it was written. */
  input: string;
  recipient: string;
  dropped: boolean;
}

/** `to` wins, even with a user id in it, which Meta takes for a number and never delivers. */
function addressOf({ to, recipient }: Json): Address {
  if (to !== undefined && to !== null) {
    if (typeof to !== "string") throw invalidParameter("Parameter 'to' must be a text.");
    if (isUserId(to)) return { input: to, recipient: to, dropped: true };
    const digits = to.replace(/\D/g, "");
    if (!/^\+?[\d\s().-]+$/.test(to) || digits.length < 5 || digits.length > 15) {
      throw invalidParameter("Parameter 'to' is no phone number.");
    }
    return { input: to, recipient: digits, dropped: false };
  }
  if (typeof recipient !== "string") throw invalidParameter("'to' or 'recipient' is required.");
  if (!isUserId(recipient)) throw invalidParameter("Parameter 'recipient' is no user id.");
  return { input: recipient, recipient, dropped: false };
}

function answeredIds({ people }: MessageContext, { recipient, dropped }: Address): Json {
  if (dropped) return { wa_id: recipient.slice(recipient.indexOf(".") + 1) };
  const { waId, userId } = people.identify(recipient);
  if (!isUserId(recipient)) return { wa_id: waId };
  return { ...(waId === undefined ? {} : { wa_id: waId }), user_id: userId };
}

/** The one name that no account here has, so that the error can be tried. */
function refuseMissingTemplate({ name, language }: Json): void {
  if (name !== "missing_template") return;
  const { code } = language as { code: string };
  throw new Refusal({
    code: 132001,
    details: `template name (${name}) does not exist in ${code}`,
  });
}
