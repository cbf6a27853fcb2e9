/** Reading: the inbox, one conversation, its messages. */
import * as z from "zod";
import { route } from "../_shared/route.ts";
import {
  conversation,
  conversationDetail,
  dataOf,
  message,
  pageOf,
} from "../_shared/schemas/answers.ts";
import { page } from "../_shared/schemas/contact_query.ts";
import { CONVERSATION_PHASE, CONVERSATION_STATUS } from "../_shared/schemas/enums.ts";
import {
  CONTACT_EXAMPLE,
  CONVERSATION_EXAMPLE,
  MESSAGE_EXAMPLE,
} from "../_shared/schemas/examples.ts";
import { flag, text } from "../_shared/schemas/fields.ts";
import { EXAMPLE_PARAMS, params } from "./parts.ts";

const listConversations = route({
  method: "GET",
  path: "/",
  operationId: "listConversations",
  tag: "Conversations",
  summary: "List conversations",
  description: "The inbox, newest activity first. `phase=waiting` is the list of escalated ones.",
  scope: "conversations:read",
  query: z.strictObject({
    view: z.enum(["mine", "all", "unassigned"]).optional().meta({
      description: "`all` unless given. `mine` is empty for an API key.",
    }),
    status: z.array(z.enum(CONVERSATION_STATUS)).max(50).optional(),
    phase: z.array(z.enum(CONVERSATION_PHASE)).max(50).optional(),
    channel: z.array(text(1, 32)).max(100).optional(),
    unread: flag.optional().meta({ description: "With or without unread messages." }),
    search: z.string().trim().max(200).optional().meta({
      description: "As in list-contacts: the contact's name, phone (any punctuation) and so on.",
    }),
    ...page,
  }),
  example: { query: { view: "mine", status: "active" } },
  answers: () => ({
    200: {
      description: "A page of conversations.",
      schema: pageOf(conversation()),
      example: { data: [CONVERSATION_EXAMPLE], next_cursor: null },
    },
  }),
  errors: ["invalid_cursor"],
  run: (call) => {
    const { limit, cursor, ...filter } = call.query;
    // A search box that was cleared is no filter.
    if (filter.search === "") delete filter.search;
    return call.operate("list_conversations", { filter, limit, cursor });
  },
});

const getConversation = route({
  method: "GET",
  path: "/:id",
  operationId: "getConversation",
  tag: "Conversations",
  summary: "Get a conversation",
  description: "The conversation, with all of its contact in `contact_details`.",
  scope: "conversations:read",
  params,
  example: { params: EXAMPLE_PARAMS },
  answers: () => ({
    200: {
      description: "The conversation.",
      schema: dataOf(conversationDetail()),
      example: { data: { ...CONVERSATION_EXAMPLE, contact_details: CONTACT_EXAMPLE } },
    },
  }),
  errors: ["conversation_not_found"],
  run: (call) => call.operate("get_conversation", { conversation_id: call.params.id }),
});

const listMessages = route({
  method: "GET",
  path: "/:id/messages",
  operationId: "listMessages",
  tag: "Conversations",
  summary: "List messages",
  description: "What was said, both ways, by its own time (`sent_at`), newest first.",
  scope: "conversations:read",
  params,
  query: z.strictObject({
    order: z.enum(["asc", "desc"]).optional().meta({
      description: "`desc` (newest first) unless given.",
    }),
    ...page,
  }),
  example: { params: EXAMPLE_PARAMS, query: { limit: "50" } },
  answers: () => ({
    200: {
      description: "A page of messages.",
      schema: pageOf(message()),
      example: { data: [MESSAGE_EXAMPLE], next_cursor: null },
    },
  }),
  errors: ["conversation_not_found", "invalid_cursor"],
  run: (call) => call.operate("list_messages", { ...call.query, conversation_id: call.params.id }),
});

export const lists = [listConversations, getConversation, listMessages];
