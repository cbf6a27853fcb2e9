import { importJWK, type JWK, SignJWT } from "jose";

/** The public half as the key set that Supabase publishes for a project (SUPABASE_JWKS). */
export function publicKeySet(signingKey: JWK): string {
  const { d: _private, ...publicKey } = signingKey;
  return JSON.stringify({ keys: [publicKey] });
}

/** A member's token as Supabase Auth issues it. */
export async function mintMemberToken(
  signingKey: JWK,
  member: { userId: string; email: string; issuer: string },
): Promise<string> {
  return await new SignJWT({ role: "authenticated", email: member.email })
    .setProtectedHeader({ alg: "ES256", kid: signingKey.kid, typ: "JWT" })
    .setIssuer(member.issuer)
    .setSubject(member.userId)
    .setAudience("authenticated")
    .setIssuedAt()
    .setExpirationTime("30 days")
    .sign(await importJWK(signingKey, "ES256"));
}
