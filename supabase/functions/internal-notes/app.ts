import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { route } from "../_shared/route.ts";
import { dataOf, note, pageOf } from "../_shared/schemas/answers.ts";
import { NOTE_EXAMPLE } from "../_shared/schemas/examples.ts";
import { text, uuid } from "../_shared/schemas/fields.ts";

const entity = {
  entity_type: z.enum(["lead", "conversation", "deal"]).meta({
    description: "`lead` is a contact.",
  }),
  entity_id: uuid,
};
const { entity_type, entity_id, content } = NOTE_EXAMPLE;

const listNotes = route({
  method: "GET",
  path: "/",
  operationId: "listNotes",
  tag: "Notes",
  summary: "List notes",
  description: "The notes on an entity, oldest first.",
  scope: "notes:read",
  query: z.strictObject(entity),
  example: { query: { entity_type, entity_id } },
  answers: () => ({
    200: {
      description: "The notes.",
      schema: pageOf(note()),
      example: { data: [NOTE_EXAMPLE], next_cursor: null },
    },
  }),
  errors: ["entity_not_found"],
  run: (call) => call.operate("list_notes", call.query),
});

const createNote = route({
  method: "POST",
  path: "/",
  operationId: "createNote",
  tag: "Notes",
  summary: "Write a note",
  description: "Members are mentioned by `@handle`. The customer never sees notes.",
  scope: "notes:write",
  body: z.strictObject({ content: text(1, 10_000), ...entity }),
  example: { body: { content, entity_type, entity_id } },
  answers: () => ({
    201: {
      description: "The note.",
      schema: dataOf(note()),
      headers: ["Location"],
      example: { data: NOTE_EXAMPLE },
    },
  }),
  errors: ["entity_not_found"],
  run: (call) => call.operate("create_note", call.body),
});

const deleteNote = route({
  method: "DELETE",
  path: "/:id",
  operationId: "deleteNote",
  tag: "Notes",
  summary: "Delete a note",
  description: "Agents delete their own notes, owners and admins any.",
  scope: "notes:write",
  params: z.strictObject({ id: uuid }),
  example: { params: { id: NOTE_EXAMPLE.id } },
  answers: () => ({ 204: { description: "The note is gone." } }),
  errors: ["note_not_found", "not_note_author"],
  run: (call) => call.operate("delete_note", { note_id: call.params.id }),
});

export const app = createApp("internal-notes", [listNotes, createNote, deleteNote]);
