/** Who holds a conversation: bot, nobody yet, a person, or nobody any more. */
import * as z from "zod";
import { uuid } from "../_shared/schemas/fields.ts";
import { change } from "./parts.ts";

const AGENT = "20000000-0000-4000-8000-000000000002";
const LIVE = { phase: "live", ai_enabled: false, bot_status: "agent", control_epoch: 2 };

const accept = change({
  path: "/accept",
  operationId: "acceptConversation",
  summary: "Accept a conversation",
  description:
    "Takes it from the bot: live, and the caller's unless somebody is assigned. Of two " +
    "who accept at once, one does.",
  becomes: { ...LIVE, assigned_to: AGENT },
  errors: ["already_accepted", "conversation_resolved"],
  operation: "accept_conversation",
});

const requestAgent = change({
  path: "/request-agent",
  operationId: "requestAgent",
  summary: "Ask for a person",
  description: "From the bot to waiting for a person; the bot may not write any more, but what " +
    "it has sent before still goes out until somebody accepts. With a person already, or " +
    "waiting, nothing changes.",
  becomes: { phase: "waiting", control_epoch: 2 },
  errors: ["conversation_resolved"],
  operation: "request_agent",
});

const resolve = change({
  path: "/resolve",
  operationId: "resolveConversation",
  summary: "Resolve a conversation",
  description: "Ends it and closes the lead: a contact whose status is still `new` becomes " +
    "`contacted`; what people have set stays. The person's next message opens it again.",
  becomes: {
    status: "resolved",
    phase: "resolved",
    control_epoch: 2,
    resolved_at: "2026-11-01T10:00:00.123456+00:00",
  },
  errors: [],
  operation: "resolve_conversation",
});

const reopen = change({
  path: "/reopen",
  operationId: "reopenConversation",
  summary: "Reopen a conversation",
  description:
    "Opens a resolved one as it began: with the bot, a contractor's waiting for a person.",
  becomes: { control_epoch: 3 },
  errors: [],
  operation: "reopen_conversation",
});

const assign = change({
  path: "/assign",
  operationId: "assignConversation",
  summary: "Assign a conversation",
  description: "To a member, or to nobody (`null`). A contact and its conversations have one " +
    "person who is responsible: assigning one assigns the others.",
  body: z.strictObject({ user_id: uuid.nullable() }),
  exampleBody: { user_id: AGENT },
  becomes: { assigned_to: AGENT },
  errors: [],
  operation: "assign_conversation",
});

const switchBot = change({
  path: "/bot",
  operationId: "switchBot",
  summary: "Pause, resume or replace the bot",
  description: "`pause`: nobody answers by itself. `resume`: the bot has it again, also from a " +
    "person. `take_over`: a person has it.",
  body: z.strictObject({ action: z.enum(["pause", "resume", "take_over"]) }),
  exampleBody: { action: "pause" },
  becomes: { ai_enabled: false, bot_status: "paused", control_epoch: 2 },
  errors: ["conversation_resolved", "contractor_conversation"],
  operation: "switch_bot",
});

export const lifecycle = [accept, requestAgent, resolve, reopen, assign, switchBot];
