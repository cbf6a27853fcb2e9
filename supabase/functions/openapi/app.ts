import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { lazy, route } from "../_shared/route.ts";
import { app as activity } from "../activity/app.ts";
import { app as apiKeys } from "../api-keys/app.ts";
import { app as bulkUpdateContacts } from "../bulk-update-contacts/app.ts";
import { app as calls } from "../calls/app.ts";
import { app as canSend } from "../can-send/app.ts";
import { app as contactData } from "../contact-data/app.ts";
import { app as contactExplanation } from "../contact-explanation/app.ts";
import { app as contactKpis } from "../contact-kpis/app.ts";
import { app as contactTags } from "../contact-tags/app.ts";
import { app as contactTimeline } from "../contact-timeline/app.ts";
import { app as conversations } from "../conversations/app.ts";
import { app as createContact } from "../create-contact/app.ts";
import { app as deals } from "../deals/app.ts";
import { app as deleteContacts } from "../delete-contacts/app.ts";
import { app as exportContacts } from "../export-contacts/app.ts";
import { app as getContact } from "../get-contact/app.ts";
import { app as handoff } from "../handoff/app.ts";
import { app as health } from "../health/app.ts";
import { app as importContacts } from "../import-contacts/app.ts";
import { app as internalNotes } from "../internal-notes/app.ts";
import { app as jobs } from "../jobs/app.ts";
import { app as listContacts } from "../list-contacts/app.ts";
import { app as media } from "../media/app.ts";
import { app as meetings } from "../meetings/app.ts";
import { app as mergeContacts } from "../merge-contacts/app.ts";
import { app as pipelines } from "../pipelines/app.ts";
import { app as savedFilters } from "../saved-filters/app.ts";
import { app as scoreEvents } from "../score-events/app.ts";
import { app as scoringSignals } from "../scoring-signals/app.ts";
import { app as settings } from "../settings/app.ts";
import { app as surveys } from "../surveys/app.ts";
import { app as updateContact } from "../update-contact/app.ts";
import { app as whatsappNumbers } from "../whatsapp-numbers/app.ts";
import { app as whatsappWebhook } from "../whatsapp-webhook/app.ts";
import { describe, type Described } from "./document.ts";

const openapi = route({
  method: "GET",
  path: "/",
  operationId: "openapi",
  tag: "Service",
  summary: "Describe the API",
  description: "This description.",
  scope: null,
  answers: () => ({
    200: { description: "OpenAPI 3.1.", schema: z.looseObject({ openapi: z.string() }) },
  }),
  errors: [],
  // The same for everybody until the next deployment.
  run: () => ({ status: 200, body: text(), headers: { "cache-control": "public, max-age=300" } }),
});

/** Every function of the API, in the order of the description. */
export const functions: readonly Described[] = [
  listContacts,
  getContact,
  createContact,
  updateContact,
  bulkUpdateContacts,
  importContacts,
  deleteContacts,
  contactData,
  exportContacts,
  savedFilters,
  contactKpis,
  contactTags,
  mergeContacts,
  contactTimeline,
  internalNotes,
  pipelines,
  deals,
  meetings,
  surveys,
  calls,
  handoff,
  media,
  conversations,
  canSend,
  settings,
  scoringSignals,
  scoreEvents,
  contactExplanation,
  whatsappNumbers,
  whatsappWebhook,
  activity,
  apiKeys,
  jobs,
  health,
  { name: "openapi", routes: [openapi] },
];

const text = lazy(() => JSON.stringify(describe(functions)));

export const app = createApp("openapi", [openapi]);
