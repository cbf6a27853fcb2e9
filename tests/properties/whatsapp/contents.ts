/** Messages of all types as WhatsApp writes them, and what a person reads of each. */
import type { Json } from "../../fixtures/whatsapp/delivery.ts";
import type { Content } from "./happenings.ts";

/** The type and its body; `n` makes the words of one message its own. */
export function contentOf(content: Content, n: string): Json {
  switch (content) {
    case "image":
      return {
        type: "image",
        image: { id: `9${n}`, mime_type: "image/jpeg", caption: `See ${n}` },
      };
    case "voice":
      return { type: "audio", audio: { id: `8${n}`, mime_type: "audio/ogg", voice: true } };
    case "list":
      return {
        type: "interactive",
        interactive: { type: "list_reply", list_reply: { id: n, title: `Row ${n}` } },
      };
    case "button":
      return { type: "button", button: { payload: "BYE", text: "Unsubscribe" } };
    case "location":
      return { type: "location", location: { latitude: 40.41, longitude: -3.7, name: n } };
    case "order":
      return { type: "order", order: { catalog_id: "77", text: `Order ${n}`, product_items: [] } };
    case "quote":
      return { ...text(`Re ${n}`), context: { from: "16045550123", id: "wamid.elsewhere" } };
    case "unsupported":
      return { type: "unsupported", errors: [{ code: 131051, title: "Message type unknown" }] };
    case "hologram":
      return { type: "hologram", hologram: { depth: n } };
    case "text":
      return text(`${moodOf(n)} ${n}`);
    default:
      return text(content);
  }
}

export function text(body: string): Json {
  return { type: "text", text: { body } };
}

const MOODS = ["Hi", "Great, thanks!", "This is terrible", "No me gusta", "😍", "Ciao bella"];

/** Words in some mood; which one is told by the last digit. */
export function moodOf(n: string | number): string {
  return MOODS[String(n).charCodeAt(String(n).length - 1) % MOODS.length];
}

/** What a person reads of it. */
export function bodyOf(content: Content, n: string): string | null {
  switch (content) {
    case "image":
      return `See ${n}`;
    case "list":
      return `Row ${n}`;
    case "button":
      return "Unsubscribe";
    case "order":
      return `Order ${n}`;
    case "quote":
      return `Re ${n}`;
    case "text":
      return `${moodOf(n)} ${n}`;
    case "voice":
    case "location":
    case "unsupported":
    case "hologram":
      return null;
    default:
      return content;
  }
}

/** What it says about consent, if it says anything. */
export function consentOf(content: Content): boolean | undefined {
  if (content === "STOP" || content === "stop!" || content === "button") return false;
  return content === "START" ? true : undefined;
}
