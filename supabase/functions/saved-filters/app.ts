import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { route } from "../_shared/route.ts";
import { dataOf, pageOf, savedFilter } from "../_shared/schemas/answers.ts";
import { contactFilterBody } from "../_shared/schemas/contact_filter_body.ts";
import { text, uuid } from "../_shared/schemas/fields.ts";

const EXAMPLE = {
  id: "0198f6c2-7d1e-7c3a-9b52-3f1d5a6b7c8d",
  name: "Hot leads",
  filter: { status: ["qualified"], assigned_to: "me" },
  shared: true,
  owner_id: null,
  created_at: "2026-11-01T09:30:00.123456+00:00",
  updated_at: "2026-11-01T09:30:00.123456+00:00",
};

const name = text(1, 200);
const shared = z.boolean().meta({
  description: "Whether the whole workspace sees it; what an API key saves always is.",
});
const params = z.strictObject({ id: uuid });
const answer = () => ({ schema: dataOf(savedFilter()), example: { data: EXAMPLE } });

const listSavedFilters = route({
  method: "GET",
  path: "/",
  operationId: "listSavedFilters",
  tag: "Contacts",
  summary: "List saved filters",
  description: "The caller's own and those shared with the workspace, by name.",
  scope: "contacts:read",
  answers: () => ({
    200: {
      description: "The saved filters.",
      schema: pageOf(savedFilter()),
      example: { data: [EXAMPLE], next_cursor: null },
    },
  }),
  errors: [],
  run: (call) => call.operate("list_saved_filters", {}),
});

const createSavedFilter = route({
  method: "POST",
  path: "/",
  operationId: "createSavedFilter",
  tag: "Contacts",
  summary: "Save a filter",
  description: "Its id is the `filter_id` of list-contacts, export-contacts, " +
    "bulk-update-contacts and delete-contacts; parameters given beside it win. `assigned_to: me` is whoever uses it. " +
    "Names are unique per owner; what an API key saves belongs to the workspace and is shared. " +
    "A filter stays when contacts are deleted: one whose `search` names a person is the team's " +
    "own words, and theirs to delete.",
  scope: "contacts:write",
  body: z.strictObject({ name, filter: contactFilterBody, shared: shared.optional() }),
  example: { body: { name: EXAMPLE.name, filter: EXAMPLE.filter, shared: true } },
  answers: () => ({ 201: { description: "The saved filter.", ...answer() } }),
  errors: ["filter_exists"],
  run: (call) => call.operate("create_saved_filter", call.body),
});

const updateSavedFilter = route({
  method: "PATCH",
  path: "/:id",
  operationId: "updateSavedFilter",
  tag: "Contacts",
  summary: "Change a saved filter",
  description: "Only the given fields are written; `filter` replaces the whole of it. " +
    "One's own, one that an API key saved, and as an owner or admin any shared one.",
  scope: "contacts:write",
  params,
  body: z.strictObject({
    name: name.optional(),
    filter: contactFilterBody.optional(),
    shared: shared.optional(),
  }),
  example: { params: { id: EXAMPLE.id }, body: { shared: true } },
  answers: () => ({ 200: { description: "The saved filter.", ...answer() } }),
  errors: ["filter_not_found", "not_filter_owner", "filter_exists"],
  run: (call) => call.operate("update_saved_filter", { ...call.body, id: call.params.id }),
});

const deleteSavedFilter = route({
  method: "DELETE",
  path: "/:id",
  operationId: "deleteSavedFilter",
  tag: "Contacts",
  summary: "Delete a saved filter",
  description: "Whoever may change it may delete it.",
  scope: "contacts:write",
  params,
  example: { params: { id: EXAMPLE.id } },
  answers: () => ({ 204: { description: "The saved filter is gone." } }),
  errors: ["filter_not_found", "not_filter_owner"],
  run: (call) => call.operate("delete_saved_filter", { id: call.params.id }),
});

export const app = createApp("saved-filters", [
  listSavedFilters,
  createSavedFilter,
  updateSavedFilter,
  deleteSavedFilter,
]);
