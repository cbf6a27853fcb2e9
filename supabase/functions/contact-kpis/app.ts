import { createApp } from "../_shared/app.ts";
import { route } from "../_shared/route.ts";
import { dataOf } from "../_shared/schemas/answers.ts";
import { kpiQuery, kpis } from "../_shared/schemas/kpis.ts";

const contactKpis = route({
  method: "GET",
  path: "/",
  operationId: "contactKpis",
  tag: "Contacts",
  summary: "Get the KPIs",
  description: "Counts that are true at this moment; with `as_of` those of a past one. With " +
    "`from` and `to` they are about the contacts created in that range, as they are today, the " +
    "deals won and the conversations opened in it. `as_of` is exact for moments at which nothing " +
    "was being committed.",
  scope: "contacts:read",
  query: kpiQuery,
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
  run: (call) => call.operate("contact_kpis", call.query),
});

export const app = createApp("contact-kpis", [contactKpis]);
