/** Questions: up to three buttons, or a list. */
import * as z from "zod";
import { text } from "../fields.ts";
import { pictureContent } from "./media.ts";
import { distinct, prose } from "./parts.ts";

const footer = z.strictObject({ text: prose(60) }).optional();

const reply = z.strictObject({ id: text(1, 256), title: text(1, 20) });
type Button = { reply: z.output<typeof reply> };

const buttons = z.array(z.strictObject({ type: z.literal("reply"), reply })).min(1).max(3)
  .check(distinct<Button>("title", (button) => button.reply.title))
  .check(distinct<Button>("id", (button) => button.reply.id));

const textHeader = z.strictObject({ type: z.literal("text"), text: prose(60) });

const buttonHeader = z.discriminatedUnion("type", [
  textHeader,
  z.strictObject({ type: z.literal("image"), image: pictureContent }),
  z.strictObject({ type: z.literal("video"), video: pictureContent }),
  z.strictObject({ type: z.literal("document"), document: pictureContent }),
]);

const question = z.strictObject({
  type: z.literal("button"),
  header: buttonHeader.optional(),
  body: z.strictObject({ text: prose(1024) }),
  footer,
  action: z.strictObject({ buttons }),
});

const row = z.strictObject({
  id: text(1, 200),
  title: text(1, 24),
  description: prose(72).optional(),
});
const section = z.strictObject({
  title: text(1, 24).optional().meta({ description: "Required if there are several sections." }),
  rows: z.array(row).min(1).max(10),
});

const list = z.strictObject({
  type: z.literal("list"),
  header: textHeader.optional(),
  body: z.strictObject({ text: prose(4096) }),
  footer,
  action: z.strictObject({
    button: text(1, 20),
    sections: z.array(section).min(1).max(10).check(wholeList),
  }),
});

/** Ten rows in all, no id twice, and every one of several sections with its title. */
function wholeList(ctx: z.core.ParsePayload<z.output<typeof section>[]>): void {
  const refuse = (code: string, message: string, path: PropertyKey[] = []) =>
    ctx.issues.push({ code: "custom", params: { code }, message, path, input: ctx.value });
  const ids = ctx.value.flatMap(({ rows }) => rows.map(({ id }) => id));
  if (ids.length > 10) refuse("too_many", "A list has ten rows at most, in all its sections.");
  if (new Set(ids).size < ids.length) refuse("repeated", "Each id may be given once only.");
  const untitled = ctx.value.findIndex(({ title }) => title === undefined);
  if (ctx.value.length > 1 && untitled >= 0) {
    refuse("required", "Of several sections each has a title.", [untitled, "title"]);
  }
}

export const interactiveContent = z.discriminatedUnion("type", [question, list]);
