import * as z from "zod";
import { createApp } from "../_shared/app.ts";
import { route } from "../_shared/route.ts";
import { dataOf, kpis } from "../_shared/schemas/answers.ts";
import { flag } from "../_shared/schemas/fields.ts";

const contactKpis = route({
  method: "GET",
  path: "/",
  operationId: "contactKpis",
  tag: "Contacts",
  summary: "Get the KPIs",
  description: "Counts that are true at this moment.",
  scope: "contacts:read",
  query: z.strictObject({
    include_test: flag.optional().meta({ description: "Counts mystery shoppers too." }),
  }),
  answers: () => ({
    200: {
      description: "The KPIs.",
      schema: dataOf(kpis()),
      example: {
        data: {
          total_contacts: 8,
          qualified_leads: 3,
          conversion_rate: 37.5,
          lost_leads: 1,
          by_status: { new: 2, contacted: 2, qualified: 2, converted: 1, lost: 1 },
        },
      },
    },
  }),
  errors: [],
  run: (call) => call.operate("contact_kpis", { include_test: call.query.include_test ?? false }),
});

export const app = createApp("contact-kpis", [contactKpis]);
