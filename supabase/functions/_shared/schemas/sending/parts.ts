/** What bodies of messages are made of. Names and limits are those of WhatsApp's Cloud API. */
import * as z from "zod";
import { text } from "../fields.ts";

/** What people read: kept as it was written, but not of spaces alone. */
export function prose(max: number): z.ZodString {
  return z.string().check((ctx) => {
    const issue = { input: ctx.value, origin: "string", inclusive: true } as const;
    if (ctx.value.trim() === "") {
      ctx.issues.push({ ...issue, code: "too_small", minimum: 1 });
    } else if (ctx.value.length > max && [...ctx.value].length > max) {
      ctx.issues.push({ ...issue, code: "too_big", maximum: max });
    }
  }).meta({ minLength: 1, maxLength: max });
}

/** An address that WhatsApp fetches a file from. */
export const link = text(1, 2048).check((ctx) => {
  if (/^https:\/\/[^\s]+$/i.test(ctx.value) && URL.canParse(ctx.value)) return;
  const message = "link has to be an https address.";
  ctx.issues.push({
    code: "custom",
    params: { code: "invalid_format" },
    message,
    input: ctx.value,
  });
}).meta({ description: "An https address.", example: "https://example.com/plan.pdf" });

/** The id of a file that was uploaded to WhatsApp. */
export const mediaId = text(1, 200).regex(
  /^[A-Za-z0-9_.-]+$/,
  "The id of media has no such characters.",
)
  .meta({ description: "The id of media uploaded to WhatsApp.", example: "901" });

/** A check that the values of items, found by `valueOf`, differ. */
export function distinct<Item>(
  name: string,
  valueOf: (item: Item) => unknown,
): z.core.CheckFn<Item[]> {
  return (ctx) => {
    const values = ctx.value.map(valueOf);
    if (new Set(values).size === values.length) return;
    const message = `Each ${name} may be given once only.`;
    ctx.issues.push({ code: "custom", params: { code: "repeated" }, message, input: ctx.value });
  };
}
