/** Meetings: what callers may write, and what they read. */
import * as z from "zod";
import { Constants } from "../database.types.ts";
import { lazy } from "../route.ts";
import { CONTACT_EXAMPLE } from "./examples.ts";
import { httpUrl, moment, optionalText, text, time, uuid } from "./fields.ts";

export const MEETING_STATUS = Constants.public.Enums.meeting_status;

const writable = {
  title: text(1, 200).meta({ example: "Showroom visit" }),
  starts_at: moment,
  ends_at: moment.nullable().optional().meta({ description: "After `starts_at`." }),
  status: z.enum(MEETING_STATUS).optional().meta({ description: "`scheduled` unless given." }),
  host_user_id: uuid.nullable().optional().meta({
    description: "User id of the member who hosts.",
  }),
  location: optionalText(500).optional(),
  url: httpUrl.optional().meta({ description: "Where it is held online." }),
};

/** Body of a new meeting. */
export const newMeeting = z.strictObject({ contact_id: uuid, ...writable });

/** Body of a changed meeting. */
export const meetingChange = z.strictObject({
  ...writable,
  title: writable.title.optional(),
  starts_at: writable.starts_at.optional(),
});

/** Fields of a meeting that the system keeps, or that stay. */
export const MEETING_READ_ONLY: ReadonlySet<string> = new Set(["id", "created_at", "updated_at"]);

const id = z.guid();

export const meeting = lazy(() =>
  z.strictObject({
    id,
    contact_id: id,
    host_user_id: id.nullable(),
    title: z.string(),
    status: z.enum(MEETING_STATUS),
    starts_at: time,
    ends_at: time.nullable(),
    location: z.string().nullable(),
    url: z.string().nullable(),
    created_at: time,
    updated_at: time,
  }).meta({ id: "Meeting" })
);

export const MEETING_EXAMPLE = {
  id: "0198f6c2-c144-7a43-9f72-9c315e4dc031",
  contact_id: CONTACT_EXAMPLE.id,
  host_user_id: "20000000-0000-4000-8000-000000000002",
  title: "Showroom visit",
  status: "scheduled",
  starts_at: "2026-11-03T17:00:00+00:00",
  ends_at: "2026-11-03T17:30:00+00:00",
  location: "12 Main Street",
  url: null,
  created_at: "2026-11-01T09:30:00.123456+00:00",
  updated_at: "2026-11-01T09:30:00.123456+00:00",
};
