/** Bearer token → who calls. What they may do is Postgres's to say. */
import { createLocalJWKSet, errors as jose, type JSONWebKeySet, jwtVerify } from "jose";
import QuickLRU from "quick-lru";
import type { Credential } from "./database.ts";
import { sha256Hex } from "./digest.ts";
import { jwks } from "./env.ts";
import { ApiError } from "./errors.ts";
import { isUuid } from "./uuid.ts";

/** Who calls: the credential, and a name of it that is the same in every call of theirs. */
export interface Caller {
  id: string;
  credential: Credential;
}

// 32 random bytes, base64url: anything else cannot be a key, and needs no look-up to say so.
const API_KEY = /^lb_[A-Za-z0-9_-]{43}$/;

// Verifying a signature takes 0.1 ms and more, and clients send the same token again and again.
const keys = new QuickLRU<string, Caller>({ maxSize: 2_000 });
const members = new QuickLRU<string, { userId: string; expires: number }>({ maxSize: 2_000 });

/**
 * The caller of a request by its `Authorization` and `X-Workspace-Id`.
 *
 * @throws ApiError 401 `credentials_missing` or `invalid_credentials`, 422 `invalid_header`
 */
export async function authenticate(headers: Headers): Promise<Caller> {
  const header = headers.get("authorization");
  if (!header) throw new ApiError("credentials_missing");
  const token = /^Bearer +([^\s]+) *$/i.exec(header)?.[1];
  if (!token) {
    throw new ApiError("invalid_credentials", "The Authorization header is not a Bearer token.");
  }
  const caller = token.startsWith("lb_")
    ? keys.get(token) ?? await keyCaller(token)
    : memberCaller(await verifyMember(token));
  return within(caller, workspaceId(headers));
}

async function keyCaller(token: string): Promise<Caller> {
  if (!API_KEY.test(token)) throw new ApiError("invalid_credentials", "That is not an API key.");
  const hash = await sha256Hex(token);
  const caller: Caller = { id: hash, credential: { type: "api_key", hash } };
  keys.set(token, caller);
  return caller;
}

function memberCaller(userId: string): Caller {
  return { id: userId, credential: { type: "member", user_id: userId } };
}

/** The caller in the workspace that they named, if they did. */
function within({ id, credential }: Caller, workspace: string | undefined): Caller {
  if (workspace === undefined) return { id, credential };
  return { id: `${id} ${workspace}`, credential: { ...credential, workspace_id: workspace } };
}

function workspaceId(headers: Headers): string | undefined {
  const given = headers.get("x-workspace-id");
  if (given === null) return undefined;
  if (!isUuid(given)) throw new ApiError("invalid_header", "X-Workspace-Id has to be a UUID.");
  return given.toLowerCase();
}

/**
 * The user id (`sub`) of a member's token: signed with ES256 or RS256 by a key of the project's own
 * set, for the audience `authenticated`, not expired. The issuer is not compared, because only the
 * project's own keys are trusted in the first place.
 *
 * `@supabase/server` would verify tokens as well, but takes HS256 too, refuses tokens without a
 * `kid` and imports the keys anew for each call; this is the library that it stands on itself.
 */
async function verifyMember(token: string): Promise<string> {
  const keySet = projectKeys();
  const seen = members.get(token);
  if (seen && seen.expires > Date.now()) return seen.userId;
  try {
    const { payload } = await jwtVerify(token, keySet, {
      algorithms: ["ES256", "RS256"],
      audience: "authenticated",
      requiredClaims: ["exp", "sub"],
    });
    if (!isUuid(payload.sub)) throw new ApiError("invalid_credentials", "The token names no user.");
    const userId = payload.sub.toLowerCase();
    members.set(token, { userId, expires: payload.exp! * 1000 });
    return userId;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    const expired = error instanceof jose.JWTExpired;
    throw new ApiError(
      "invalid_credentials",
      expired ? "The token has expired." : "The token is not a valid one of this project.",
      { cause: error },
    );
  }
}

let cached: { text: string; keySet: ReturnType<typeof createLocalJWKSet> } | undefined;

function projectKeys(): ReturnType<typeof createLocalJWKSet> {
  const text = jwks();
  if (cached && cached.text === text) return cached.keySet;
  try {
    const parsed = JSON.parse(text ?? "") as JSONWebKeySet | JSONWebKeySet["keys"];
    // Supabase hands over a set; a bare list of keys means the same.
    const keySet = createLocalJWKSet(Array.isArray(parsed) ? { keys: parsed } : parsed);
    // Tokens verified with the keys of before are verified again.
    members.clear();
    cached = { text: text!, keySet };
    return keySet;
  } catch (error) {
    console.error("SUPABASE_JWKS is not a JSON Web Key Set");
    throw new ApiError("not_configured", undefined, { cause: error });
  }
}
