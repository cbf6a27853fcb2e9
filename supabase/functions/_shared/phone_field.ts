/** Phone numbers in requests: read with the workspace's country, or refused with the reason. */
import { invalid } from "./errors.ts";
import { parsePhone, type Phone, saysItsCountry } from "./phone.ts";
import type { Call } from "./route.ts";

/**
 * The number in the field or parameter `phone`. The workspace's country is asked for only if the
 * number needs one.
 *
 * @throws ApiError 422 `validation_failed` that says why it is no phone number
 */
export async function readPhone(call: Pick<Call, "country">, input: string): Promise<Phone> {
  const country = saysItsCountry(input) ? null : await call.country();
  const result = parsePhone(input, country);
  if (result.ok) return result.phone;
  throw invalid({ path: "/phone", code: result.code, message: result.message });
}
