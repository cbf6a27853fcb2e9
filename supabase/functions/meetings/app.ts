import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { route } from "../_shared/route.ts";
import { dataOf, pageOf } from "../_shared/schemas/answers.ts";
import { assignee, moment, page } from "../_shared/schemas/contact_query.ts";
import { uuid } from "../_shared/schemas/fields.ts";
import {
  meeting,
  MEETING_EXAMPLE,
  MEETING_READ_ONLY,
  MEETING_STATUS,
  meetingChange,
  newMeeting,
} from "../_shared/schemas/meetings.ts";

const tag = "Meetings";
const params = z.strictObject({ id: uuid });
const EXAMPLE_PARAMS = { id: MEETING_EXAMPLE.id };

const one = () => ({
  description: "The meeting.",
  schema: dataOf(meeting()),
  example: { data: MEETING_EXAMPLE },
});

const listMeetings = route({
  method: "GET",
  path: "/",
  operationId: "listMeetings",
  tag,
  summary: "List meetings",
  description: "Those to come are `starts_from` now, `sort=starts_at`.",
  scope: "contacts:read",
  query: z.strictObject({
    contact_id: uuid.optional(),
    host: assignee.meta({ description: "`me`, `none` or a member's user id." }),
    status: z.array(z.enum(MEETING_STATUS)).max(50).optional(),
    starts_from: moment("from"),
    starts_to: moment("to"),
    sort: z.enum(["starts_at", "-starts_at"]).optional().meta({
      description: "`-starts_at` unless given.",
    }),
    ...page,
  }),
  example: { query: { starts_from: "2026-11-01", sort: "starts_at" } },
  answers: () => ({
    200: {
      description: "A page of meetings.",
      schema: pageOf(meeting()),
      example: { data: [MEETING_EXAMPLE], next_cursor: null },
    },
  }),
  errors: ["invalid_cursor", "contact_not_found"],
  run: (call) => {
    const { sort, limit, cursor, ...filter } = call.query;
    return call.operate("list_meetings", { filter, sort, limit, cursor });
  },
});

const getMeeting = route({
  method: "GET",
  path: "/:id",
  operationId: "getMeeting",
  tag,
  summary: "Read a meeting",
  description: "The meeting.",
  scope: "contacts:read",
  params,
  example: { params: EXAMPLE_PARAMS },
  answers: () => ({ 200: one() }),
  errors: ["meeting_not_found"],
  run: (call) => call.operate("get_meeting", { meeting_id: call.params.id }),
});

const { contact_id, title, starts_at, ends_at, host_user_id, location } = MEETING_EXAMPLE;

const createMeeting = route({
  method: "POST",
  path: "/",
  operationId: "createMeeting",
  tag,
  summary: "Make a meeting",
  description: "With a contact, to come or past.",
  scope: "contacts:write",
  body: newMeeting,
  readOnly: MEETING_READ_ONLY,
  example: { body: { contact_id, title, starts_at, ends_at, host_user_id, location } },
  answers: () => ({ 201: { ...one(), headers: ["Location"] } }),
  errors: ["contact_not_found"],
  run: (call) => call.operate("create_meeting", { meeting: call.body }),
});

const updateMeeting = route({
  method: "PATCH",
  path: "/:id",
  operationId: "updateMeeting",
  tag,
  summary: "Change a meeting",
  description: "Writes the given fields: another time, or what became of it.",
  scope: "contacts:write",
  params,
  body: meetingChange,
  readOnly: new Set([...MEETING_READ_ONLY, "contact_id"]),
  example: { params: EXAMPLE_PARAMS, body: { status: "done" } },
  answers: () => ({ 200: one() }),
  errors: ["meeting_not_found"],
  run: (call) => call.operate("update_meeting", { meeting_id: call.params.id, set: call.body }),
});

const deleteMeeting = route({
  method: "DELETE",
  path: "/:id",
  operationId: "deleteMeeting",
  tag,
  summary: "Delete a meeting",
  description: "One that does not take place is rather `cancelled`. Survey answers stay.",
  scope: "contacts:write",
  params,
  example: { params: EXAMPLE_PARAMS },
  answers: () => ({ 204: { description: "The meeting is gone." } }),
  errors: ["meeting_not_found"],
  run: (call) => call.operate("delete_meeting", { meeting_id: call.params.id }),
});

export const app = createApp("meetings", [
  listMeetings,
  createMeeting,
  getMeeting,
  updateMeeting,
  deleteMeeting,
]);
