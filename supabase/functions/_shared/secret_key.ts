import { equalInConstantTime } from "./digest.ts";
import { secretKeys } from "./env.ts";
import { ApiError } from "./errors.ts";

/**
 * Lets in whoever has a secret key of the project (`sb_secret_…`), as bearer token or `apikey`.
 *
 * @throws ApiError 401 `credentials_missing`, `invalid_credentials`; 503 `not_configured`
 */
export async function requireSecretKey(headers: Headers): Promise<void> {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  // Supabase's clients send both, of which the bearer may be somebody's own token.
  const given = [bearer, headers.get("apikey")].filter((key) => typeof key === "string");
  if (given.length === 0) {
    throw new ApiError("credentials_missing", "Send a secret key of the project.");
  }
  const keys = secretKeys();
  if (keys.length === 0) throw new ApiError("not_configured");
  const pairs = given.flatMap((one) => keys.map((key) => equalInConstantTime(one, key)));
  if (!(await Promise.all(pairs)).includes(true)) {
    throw new ApiError("invalid_credentials", "The secret key is not one of the project.");
  }
}
