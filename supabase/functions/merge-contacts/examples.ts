/** Examples for the description. */
import { CONTACT_EXAMPLE } from "../_shared/schemas/examples.ts";

export const KEPT = CONTACT_EXAMPLE;

export const DUPLICATE = {
  ...CONTACT_EXAMPLE,
  id: "0198f6c2-9c02-7e77-8d11-2b6f4c8e9a10",
  name: "J. Smith",
  phone: null,
  whatsapp_contact_id: null,
  country: null,
};

export const MERGE_ID = "0198f6c3-0a5b-7b1c-9f3e-6d2c1b0a9e88";

export const CANDIDATE_EXAMPLE = {
  confidence: 60,
  reasons: [{ type: "email", value: CONTACT_EXAMPLE.email }],
  primary: KEPT,
  duplicate: DUPLICATE,
};
