/** The body of a send: a type, and under the type's name what WhatsApp wants of it. */
import * as z from "zod";
import { numberToSendFrom, text } from "../fields.ts";
import { interactiveContent } from "./interactive.ts";
import { audioContent, documentContent, pictureContent, stickerContent } from "./media.ts";
import { contactCards, locationContent } from "./people_and_places.ts";
import { templateContent } from "./template.ts";
import { textContent } from "./text.ts";

const messageName = text(1, 512).meta({
  description: "A message of the conversation: its id, or its wamid.",
  example: "wamid.HBgLMTYwNDU1NTEyMzQ",
});

/** Who sends; a bot proves that it is still in control. */
export const sender = {
  sender: z.enum(["agent", "bot"]).optional().meta({
    description: "`agent` unless given. A person's message takes the conversation from the bot.",
  }),
  control_epoch: z.int().min(0).max(2_147_483_647).optional().meta({
    description: "The conversation's `control_epoch` as the bot knows it; required of a bot.",
  }),
};

/** A check that a bot says which control_epoch it acts in. */
export function epochOfBots(
  ctx: z.core.ParsePayload<{ sender?: string; control_epoch?: number }>,
): void {
  if (ctx.value.sender !== "bot" || ctx.value.control_epoch !== undefined) return;
  ctx.issues.push({
    code: "custom",
    params: { code: "required" },
    message: "control_epoch is required of a bot.",
    path: ["control_epoch"],
    input: ctx.value,
  });
}

const common = {
  phone_number_id: numberToSendFrom,
  ...sender,
  automated: z.boolean().optional().meta({
    description: "Sent by itself, in an agent's name: consent and quiet hours hold for it, and " +
      "it leaves the conversation with whom it is. Always so for a bot.",
  }),
};

function kind<Type extends string, Content extends z.ZodType>(type: Type, content: Content) {
  const named = { [type]: content } as Record<Type, Content>;
  return z.strictObject({
    type: z.literal(type),
    ...named,
    reply_to: messageName.optional(),
    ...common,
  });
}

const reaction = z.strictObject({
  type: z.literal("reaction"),
  reaction: z.strictObject({
    message_id: messageName,
    emoji: text(0, 32).meta({ description: "One emoji; empty takes the reaction back." }),
  }),
  ...common,
});

/** Body of POST conversations/:id/messages. */
export const newMessage = z.discriminatedUnion("type", [
  kind("text", textContent),
  kind("image", pictureContent),
  kind("video", pictureContent),
  kind("audio", audioContent),
  kind("document", documentContent),
  kind("sticker", stickerContent),
  kind("template", templateContent),
  kind("interactive", interactiveContent),
  kind("location", locationContent),
  kind("contacts", contactCards),
  reaction,
]).check(epochOfBots);
