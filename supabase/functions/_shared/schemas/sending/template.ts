import * as z from "zod";
import { text } from "../fields.ts";

/** A template that WhatsApp has approved; the only kind of message outside the 24-hour window. */
export const templateContent = z.strictObject({
  name: text(1, 512).regex(/^[a-z0-9_]+$/, "A template's name has small letters, digits and _."),
  language: z.strictObject({
    code: text(2, 16).regex(/^[A-Za-z_-]+$/, "A language's code is like `es` or `pt_BR`."),
    policy: z.enum(["deterministic"]).optional(),
  }),
  components: z.array(z.looseObject({ type: text(1, 32) })).max(100).optional().meta({
    description: "Values for the template's placeholders and buttons, passed on as they are.",
  }),
});
