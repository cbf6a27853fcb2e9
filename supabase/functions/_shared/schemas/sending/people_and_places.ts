/** A place on the map, and cards of people. */
import * as z from "zod";
import { text } from "../fields.ts";

export const locationContent = z.strictObject({
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  name: text(1, 1000).optional(),
  address: text(1, 1000).optional(),
});

const short = text(1, 256).optional();
const kind = short.meta({ example: "WORK" });

const card = z.strictObject({
  name: z.strictObject({
    formatted_name: text(1, 256),
    first_name: short,
    last_name: short,
    middle_name: short,
    prefix: short,
    suffix: short,
  }),
  phones: z.array(z.strictObject({ phone: short, wa_id: short, type: kind })).max(20).optional(),
  emails: z.array(z.strictObject({ email: short, type: kind })).max(20).optional(),
  urls: z.array(z.strictObject({ url: text(1, 2048).optional(), type: kind })).max(20).optional(),
  addresses: z.array(z.strictObject({
    street: short,
    city: short,
    state: short,
    zip: short,
    country: short,
    country_code: short,
    type: kind,
  })).max(20).optional(),
  org: z.strictObject({ company: short, department: short, title: short }).optional(),
  birthday: z.iso.date().optional(),
});

export const contactCards = z.array(card).min(1).max(20);
