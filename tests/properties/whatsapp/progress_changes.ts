/** The changes that tell how outbound messages and calls go on. */
import type { Json } from "../../fixtures/whatsapp/delivery.ts";
import type { Told } from "./changes.ts";
import { contactLine } from "./changes.ts";
import type { Call, Status } from "./happenings.ts";
import { idsOf, type Naming, timestamp } from "./people.ts";
import { addressee, type Cast, outboundWamid, said, saidAt, type Story, wamidOf } from "./story.ts";

export const ERRORS = [
  { code: 131026, title: "Message undeliverable" },
  { code: 131049, title: "Not delivered to maintain a healthy ecosystem" },
  { code: 131047, title: "Re-engagement message" },
];
const PRICES = [
  { billable: true, pricing_model: "PMP", category: "utility" },
  { billable: true, pricing_model: "PMP", category: "marketing", type: "regular" },
  { billable: false, pricing_model: "PMP", category: "service" },
];

/** Which message a status is of, of which number, and to whom it went. */
export function statusTarget(story: Story, one: Status, cast: Cast) {
  if ("outbound" in one.of) {
    const { outbound } = one.of;
    return { wamid: outboundWamid(cast, outbound), number: 0 as const, who: addressee(story).who };
  }
  const echoes = saidAt(story, ["echo"]);
  if (echoes.length === 0) return { wamid: "wamid.elsewhere", number: 0 as const, who: 0 };
  const place = echoes[one.of.echo % echoes.length];
  const { number, who } = said(story, place);
  return { wamid: wamidOf(cast, place), number, who };
}

export function statusChange(story: Story, one: Status, cast: Cast): Told {
  const { wamid, number, who } = statusTarget(story, one, cast);
  const person = cast.people[who];
  const status = {
    id: wamid,
    status: one.status,
    timestamp: timestamp(one.second),
    ...recipient(idsOf(person, one.inContacts ? firstOf(one.naming) : one.naming)),
    errors: one.status === "failed" ? [ERRORS[one.error]] : undefined,
    pricing: one.pricing === null ? undefined : PRICES[one.pricing],
    biz_opaque_callback_data: opaqueOf(one, cast),
  };
  const contacts = one.inContacts ? [contactLine(person, one.naming)] : undefined;
  return { field: "messages", number, who, parts: { contacts, statuses: [status] } };
}

function opaqueOf({ of, opaque }: Status, { outbox }: Cast): string | undefined {
  return opaque && "outbound" in of ? outbox[of.outbound] : undefined;
}

function firstOf({ wa, bsuid, parent }: Naming): Naming {
  if (wa !== null) return { wa, bsuid: null, parent: false };
  return { wa: null, bsuid, parent: bsuid === null && parent };
}

function recipient({ wa, bsuid, parent }: ReturnType<typeof idsOf>): Json {
  return { recipient_id: wa, recipient_user_id: bsuid, recipient_parent_user_id: parent };
}

export function callChange(story: Story, one: Call, cast: Cast): Told {
  const { who, naming, inbound, number } = story.calls[one.call];
  const { wa, bsuid } = idsOf(cast.people[who], naming);
  const at = { id: `wacid.${cast.salt}.${one.call}`, timestamp: timestamp(one.second) };
  if (one.event === one.event.toUpperCase()) {
    const status = {
      ...at,
      type: "call",
      status: one.event,
      recipient_id: wa,
      recipient_user_id: bsuid,
    };
    return { field: "calls", number, who, parts: { statuses: [status] } };
  }
  const ends = one.event !== "terminate" ? {} : {
    status: "COMPLETED",
    start_time: timestamp(Math.max(0, one.second - 1)),
    end_time: timestamp(one.second),
    duration: 1 + one.second,
  };
  const call = {
    ...at,
    ...(inbound ? { from: wa, from_user_id: bsuid } : { to: wa, to_user_id: bsuid }),
    event: one.event,
    direction: inbound ? "USER_INITIATED" : "BUSINESS_INITIATED",
    ...ends,
  };
  return { field: "calls", number, who, parts: { calls: [call] } };
}
