/** The changes that are kept as events: account updates, and what is not known. */
import { EPOCH } from "../../fixtures/whatsapp/delivery.ts";
import type { Told } from "./changes.ts";
import type { Other } from "./happenings.ts";
import { timestamp } from "./people.ts";
import type { Cast } from "./story.ts";

export function otherChange({ what, second }: Other, cast: Cast): Told {
  const at = { timestamp: timestamp(second) };
  const person = cast.people[0];
  switch (what) {
    case 0:
      return {
        field: "message_template_status_update",
        time: EPOCH + second,
        parts: { event: "REJECTED", message_template_id: 501, reason: "INVALID_FORMAT" },
      };
    case 1:
      return {
        field: "phone_number_quality_update",
        time: EPOCH + second,
        parts: { display_phone_number: "16045550123", event: "THROUGHPUT_UPGRADE" },
      };
    case 2:
      return { field: "space_travel", number: 0, parts: { planets: [{ name: "Mars", ...at }] } };
    case 3: {
      const errors = [{ code: 131000, title: "Something went wrong", second }];
      return { field: "messages", number: 1, parts: { errors } };
    }
    case 4:
      return {
        field: "messages",
        number: 0,
        parts: { user_actions: [{ action: "typed", ...at }] },
      };
    case 5: {
      const system = { type: "customer_identity_changed", identity: { hash: "k9=" } };
      const item = {
        from: person.waIds[0],
        id: `wamid.${cast.salt}.key`,
        ...at,
        type: "system",
        system,
      };
      return { field: "messages", number: 0, parts: { messages: [item] } };
    }
    default: {
      // Names nobody: nothing can be stored but the update itself.
      const item = { id: `wamid.${cast.salt}.nobody.${second}`, ...at, type: "request_welcome" };
      return { field: "messages", number: 0, parts: { messages: [item] } };
    }
  }
}
