import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { route } from "../_shared/route.ts";
import { dataOf, pageOf } from "../_shared/schemas/answers.ts";
import { page } from "../_shared/schemas/contact_query.ts";
import { uuid } from "../_shared/schemas/fields.ts";
import { candidate, merged, unmerged } from "./answers.ts";
import { CANDIDATE_EXAMPLE, DUPLICATE, KEPT, MERGE_ID } from "./examples.ts";

const listCandidates = route({
  method: "GET",
  path: "/",
  operationId: "listMergeCandidates",
  tag: "Contacts",
  summary: "List duplicates",
  description: "Contacts that may be one person, in pairs, with the reasons. For one contact the " +
    "likeliest first; for the whole workspace those who share a number, then those who share an " +
    "e-mail address. A page of the workspace looks at 5,000 entries at most, so it may hold fewer " +
    "pairs than `limit`, or none, and still have a `next_cursor`.",
  scope: "contacts:write",
  query: z.strictObject({
    contact_id: uuid.optional().meta({ description: "Only this contact's duplicates." }),
    ...page,
  }),
  example: { query: { contact_id: KEPT.id } },
  answers: () => ({
    200: {
      description: "A page of pairs.",
      schema: pageOf(candidate()),
      example: { data: [CANDIDATE_EXAMPLE], next_cursor: null },
    },
  }),
  errors: ["contact_not_found", "invalid_cursor"],
  run: (call) => call.operate("merge_candidates", call.query),
});

const mergeContacts = route({
  method: "POST",
  path: "/",
  operationId: "mergeContacts",
  tag: "Contacts",
  summary: "Merge two contacts",
  description: "The duplicate goes up in the primary with everything that refers to it; its id " +
    "and its number lead to the primary from then on. The primary's fields count, empty ones are " +
    "filled from the duplicate, tags are united, counters added up. With `dry_run` nothing is " +
    "written.",
  scope: "contacts:write",
  body: z.strictObject({
    primary_id: uuid.meta({ description: "The contact that stays." }),
    duplicate_id: uuid.meta({ description: "The contact that goes up in it." }),
    dry_run: z.boolean().optional(),
  }),
  ifMatch: true,
  example: { body: { primary_id: KEPT.id, duplicate_id: DUPLICATE.id } },
  answers: () => ({
    200: {
      description: "The contact that both are now.",
      schema: dataOf(merged()),
      headers: ["ETag"],
      example: { data: { merge_id: MERGE_ID, contact: KEPT } },
    },
  }),
  errors: ["contact_not_found", "already_merged", "precondition_failed"],
  run: (call) =>
    call.operate("merge_contacts", {
      ...call.body,
      if_match: call.request.headers.get("if-match") ?? undefined,
    }),
});

const undoMerge = route({
  method: "POST",
  path: "/undo",
  operationId: "undoMerge",
  tag: "Contacts",
  summary: "Undo a merge",
  description: "Both contacts are what they were. What was changed since stays, and `touched` " +
    "names it. Messages and calls since, from the duplicate and to it, are in its own " +
    "conversation. Of several merges into one contact the last is undone first.",
  scope: "contacts:write",
  body: z.strictObject({ merge_id: uuid }),
  example: { body: { merge_id: MERGE_ID } },
  answers: () => ({
    200: {
      description: "Both contacts, and what was touched since the merge.",
      schema: dataOf(unmerged()),
      example: {
        data: {
          merge_id: MERGE_ID,
          contact: KEPT,
          duplicate: DUPLICATE,
          touched: {
            fields: ["name"],
            duplicate_fields: [],
            conversations: {},
            arrived: { messages: 2 },
            gone: {},
          },
        },
      },
    },
  }),
  errors: ["merge_not_found", "merge_undone", "merge_not_latest"],
  run: (call) => call.operate("undo_merge", call.body),
});

export const app = createApp("merge-contacts", [listCandidates, mergeContacts, undoMerge]);
