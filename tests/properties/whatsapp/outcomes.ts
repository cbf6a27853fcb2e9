/** What becomes of messages after they were said: statuses, reactions, edits and revokes. */
import { targetOf } from "./changes.ts";
import { moodOf } from "./contents.ts";
import { type MessageChange, type Status, STATUSES, type StatusName } from "./happenings.ts";
import { identitiesOf, type Said } from "./heard.ts";
import { type Plot, timeOf } from "./model.ts";
import { ERRORS, statusTarget } from "./progress_changes.ts";
import type { Row } from "./rows.ts";
import { type Cast, outboundWamid, type Story } from "./story.ts";

/** Which of the outbound messages are stored in the end. */
export function storedOutbound(story: Story): number[] {
  return [...story.outbound.keys()].filter((outbound) => {
    const how = story.outbound[outbound];
    return how === "stored before" || how === "in the outbox" ||
      how === "stored later" && isSent(story, outbound);
  });
}

function isSent(story: Story, outbound: number): boolean {
  return story.happenings.some((one) => one.kind === "send" && one.outbound === outbound);
}

type Known = Status & { status: StatusName };

/** The statuses of a message, by `number wamid`. */
function statusesOf({ story, cast }: { story: Story; cast: Cast }, key: string): Known[] {
  return story.happenings.filter((one): one is Known => {
    if (one.kind !== "status" || one.status === "warning") return false;
    const { wamid, number } = statusTarget(story, one, cast);
    return `${number} ${wamid}` === key;
  });
}

/** Whether we know the wamid of an outbound message: from Graph, or from a status that names it. */
function hasWamid(plot: { story: Story; cast: Cast }, outbound: number): boolean {
  if (plot.story.outbound[outbound] !== "in the outbox" || isSent(plot.story, outbound)) {
    return true;
  }
  const key = `0 ${outboundWamid(plot.cast, outbound)}`;
  return statusesOf(plot, key).some(({ opaque }) => opaque);
}

const TOLD: Record<string, StatusName> = { SENT: "sent", READ: "read", ERROR: "failed" };

export interface Outcome extends Row {
  wa_message_id: string | null;
}

/** How far a message has come: one of the outbound messages, or what was said otherwise. */
export function outcomeOf(plot: Plot, message: Said | number): Outcome {
  if (typeof message === "number") {
    const wamid = outboundWamid(plot.cast, message);
    if (hasWamid(plot, message)) {
      const isInOutbox = plot.story.outbound[message] === "in the outbox";
      return {
        ...sum(statusesOf(plot, `0 ${wamid}`), isInOutbox ? ["sent"] : []),
        wa_message_id: wamid,
      };
    }
    return { ...sum([], []), wa_message_id: null, status: "unknown", error: { code: "no_answer" } };
  }
  const { wamid, number, inbound, live, told } = message;
  if (inbound) return { ...sum([], []), wa_message_id: wamid, status: "received" };
  const reached = told.map((one) => TOLD[one]);
  const known = statusesOf(plot, `${number} ${wamid}`);
  return { ...sum(known, live ? ["sent", ...reached] : reached), wa_message_id: wamid };
}

function sum(statuses: Known[], reached: StatusName[]) {
  const names = [...reached, ...statuses.map(({ status }) => status)];
  const [failed] = statuses.filter(({ status }) => status === "failed")
    .sort((a, b) => a.second - b.second || ERRORS[a.error].code - ERRORS[b.error].code);
  return {
    status: STATUSES.findLast((name) => names.includes(name)) as string ?? "queued",
    sent_status_at: earliest(statuses, "sent"),
    delivered_at: earliest(statuses, "delivered"),
    read_at: earliest(statuses, "read"),
    played_at: earliest(statuses, "played"),
    failed_at: earliest(statuses, "failed"),
    error: (failed === undefined ? null : ERRORS[failed.error]) as unknown,
  };
}

function earliest(statuses: Known[], name: StatusName): string | null {
  const seconds = statuses.filter(({ status }) => status === name).map(({ second }) => second);
  return seconds.length === 0 ? null : timeOf(Math.min(...seconds));
}

/** The statuses that wait for a message that nobody has stored. */
export function pendingOf({ story, cast, said }: Plot): Row[] {
  const stored = new Set(said.map(({ number, wamid }) => `${number} ${wamid}`));
  for (const outbound of storedOutbound(story)) {
    if (hasWamid({ story, cast }, outbound)) stored.add(`0 ${outboundWamid(cast, outbound)}`);
  }
  const keys = new Set(
    story.happenings.filter((one) => one.kind === "status").map((one) => {
      const { wamid, number } = statusTarget(story, one, cast);
      return `${number} ${wamid}`;
    }),
  );
  return [...keys].filter((key) => !stored.has(key)).flatMap((key) =>
    STATUSES.flatMap((status) => {
      const status_at = earliest(statusesOf({ story, cast }, key), status);
      return status_at === null ? [] : [{ wa_message_id: key.slice(2), status, status_at }];
    })
  );
}

/** What reactions, edits and revokes make of a message; body undefined where none edits it. */
export function changesOf(plot: Plot, wamid: string | null, number: 0 | 1) {
  const { story, cast } = plot;
  const changes = story.happenings.flatMap((one, place) =>
    one.kind === "change" && one.number === number && targetOf(story, one, cast) === wamid
      ? [{ ...one, place }]
      : []
  );
  changes.sort((a, b) => b.second - a.second || b.place - a.place);
  const edit = changes.find(({ what }) => what === "edit");
  const revoked = changes.filter(({ what }) => what === "revoke").map(({ second }) => second);
  return {
    body: edit && `Edited: ${moodOf(edit.place)} ${edit.place}`,
    edited_at: timeOf(edit?.second ?? null),
    revoked_at: timeOf(revoked.length === 0 ? null : Math.min(...revoked)),
    reactions: reactionsOf(plot, changes),
  };
}

/** How many people, and the business, have a reaction on the message: of each the latest counts. */
function reactionsOf(
  { cast, contacts }: Plot,
  latestFirst: MessageChange[],
): number {
  const byWhom = new Map<unknown, MessageChange>();
  for (const one of latestFirst.filter(({ what }) => what.endsWith("reaction"))) {
    const whom = one.inApp ? "business" : contacts.of(identitiesOf(cast, one.who, one.naming)[0]);
    if (!byWhom.has(whom)) byWhom.set(whom, one);
  }
  return [...byWhom.values()].filter(({ what }) => what === "reaction").length;
}
