import * as z from "zod";
import { prose } from "./parts.ts";

/** A text. */
export const textContent = z.strictObject({
  body: prose(4096),
  preview_url: z.boolean().optional().meta({
    description: "Shows a preview of the first address in it.",
  }),
});
