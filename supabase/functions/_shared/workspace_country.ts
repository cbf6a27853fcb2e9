/** The country of local phone numbers in a caller's workspace. */
import QuickLRU from "quick-lru";
import type { OperationReply } from "./route.ts";

// It changes once in a workspace's life, and is asked for with every local number.
const countries = new QuickLRU<string, string>({ maxSize: 10_000, maxAge: 60_000 });

/**
 * ISO 3166-1 alpha-2, from memory for a minute.
 *
 * @param callerId the same for all calls of a caller
 * @param ask runs the operation `workspace` for the caller
 */
export async function workspaceCountry(
  callerId: string,
  ask: () => Promise<OperationReply>,
): Promise<string> {
  const known = countries.get(callerId);
  if (known) return known;
  const { body } = await ask();
  const { data } = JSON.parse(body ?? "") as { data: { default_country: string } };
  countries.set(callerId, data.default_country);
  return data.default_country;
}
