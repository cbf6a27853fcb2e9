/** Files: each by the id that WhatsApp gave it, or by an address. */
import * as z from "zod";
import { exactlyOne, text } from "../fields.ts";
import { link, mediaId, prose } from "./parts.ts";

const file = { id: mediaId.optional(), link: link.optional() };
const caption = prose(1024).optional();
const oneSource = exactlyOne("id", "link");

/** An image or a video. */
export const pictureContent = z.strictObject({ ...file, caption }).check(oneSource);

export const audioContent = z.strictObject({
  ...file,
  voice: z.boolean().optional().meta({ description: "Shown as a voice message (Ogg, Opus)." }),
}).check(oneSource);

export const documentContent = z.strictObject({
  ...file,
  caption,
  filename: text(1, 240).optional(),
}).check(oneSource);

export const stickerContent = z.strictObject(file).check(oneSource);
