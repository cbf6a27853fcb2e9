/** Members' tokens, good and bad, signed with the stack's own key. */
import { importJWK, type JWK, type JWTHeaderParameters, type JWTPayload, SignJWT } from "jose";
import { signingKey } from "./stack.ts";

export interface TokenOptions {
  /** Claims instead of the usual ones; undefined leaves one out. */
  claims?: JWTPayload;
  header?: Partial<JWTHeaderParameters>;
  /** Another key than the stack's. */
  key?: JWK;
}

/** A token of that user as Supabase Auth issues it, or not quite. */
export async function mintToken(userId: string, options: TokenOptions = {}): Promise<string> {
  const key = options.key ?? signingKey();
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    aud: "authenticated",
    exp: now + 3600,
    iat: now,
    role: "authenticated",
    sub: userId,
    ...options.claims,
  };
  const header = { alg: "ES256", kid: key.kid, typ: "JWT", ...options.header };
  return await new SignJWT(withoutUndefined(claims))
    .setProtectedHeader(withoutUndefined(header) as JWTHeaderParameters)
    .sign(await importJWK(key, "ES256"));
}

function withoutUndefined(given: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
