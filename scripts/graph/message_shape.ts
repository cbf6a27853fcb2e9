import { invalidParameter, invalidValue, Refusal } from "./errors.ts";
import { checkInteractive } from "./interactive_shape.ts";
import {
  coordinate,
  type Json,
  object,
  objects,
  oneOf,
  optionalObject,
  optionalText,
  text,
} from "./shape.ts";

const OPAQUE_BYTES = 512;
const CAPTION = 1024;

const CHECKS: Record<string, (content: Json) => void> = {
  text: (content) => void text(content, "body", 4096),
  image: checkMedia,
  video: checkMedia,
  audio: checkMedia,
  document: checkMedia,
  sticker: checkMedia,
  template: checkTemplate,
  interactive: checkInteractive,
  reaction: checkReaction,
  location: checkLocation,
};

/** Refuses a message that Meta would refuse for its form; says its type. */
export function checkMessage(body: Json): string {
  if (body.recipient_type !== undefined) oneOf(body, "recipient_type", ["individual", "group"]);
  const context = optionalObject(body, "context");
  if (context) text(context, "message_id");
  const opaque = optionalText(body, "biz_opaque_callback_data");
  if (opaque && new TextEncoder().encode(opaque).length > OPAQUE_BYTES) {
    throw invalidValue(`biz_opaque_callback_data may have ${OPAQUE_BYTES} bytes.`);
  }
  const type = optionalText(body, "type") ?? "text";
  if (type === "contacts") checkContacts(body);
  else if (Object.hasOwn(CHECKS, type)) CHECKS[type](object(body, type));
  else throw new Refusal({ code: 131051, details: `Type '${type}' cannot be sent.` });
  return type;
}

/** Refuses a read receipt, with or without a typing indicator, that names no message. */
export function checkReceipt(body: Json): void {
  oneOf(body, "status", ["read"]);
  text(body, "message_id");
  const typing = optionalObject(body, "typing_indicator");
  if (typing) oneOf(typing, "type", ["text"]);
}

function checkMedia(content: Json): void {
  const id = optionalText(content, "id");
  const link = optionalText(content, "link");
  if ((id === undefined) === (link === undefined)) {
    throw invalidParameter("Media takes either 'id' or 'link'.");
  }
  if (link !== undefined && !/^https?:\/\//.test(link)) {
    throw invalidValue("Parameter 'link' must be an http or https address.");
  }
  optionalText(content, "caption", CAPTION);
  optionalText(content, "filename");
}

function checkTemplate(content: Json): void {
  text(content, "name", 512);
  text(object(content, "language"), "code");
  if (content.components !== undefined) {
    for (const component of objects(content, "components", 0, 100)) text(component, "type");
  }
}

function checkReaction(content: Json): void {
  text(content, "message_id");
  // An empty one takes the reaction back.
  if (content.emoji !== "") text(content, "emoji");
}

function checkLocation(content: Json): void {
  coordinate(content, "latitude", 90);
  coordinate(content, "longitude", 180);
  optionalText(content, "name");
  optionalText(content, "address");
}

function checkContacts(body: Json): void {
  for (const contact of objects(body, "contacts", 1, 257)) {
    text(object(contact, "name"), "formatted_name");
  }
}
