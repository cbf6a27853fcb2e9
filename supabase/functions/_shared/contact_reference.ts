/** Which contact a request means: its id, or a phone number. */
import { readPhone } from "./phone_field.ts";
import type { Call } from "./route.ts";

/** What a request names a contact by: one of the two (`exactlyOne`). */
export interface ContactReference {
  contact_id?: string;
  phone?: string;
}

/**
 * The reference as operations take it, a phone number as E.164.
 *
 * @throws ApiError 422 for what is no phone number
 */
export async function contactReference(
  call: Pick<Call, "country">,
  { contact_id, phone }: ContactReference,
): Promise<ContactReference> {
  return phone === undefined ? { contact_id } : { phone: (await readPhone(call, phone)).e164 };
}
