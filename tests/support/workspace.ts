/** Workspaces of a test's own, so that claims about lists and counts can be exact. */
import { type Client, client } from "./http.ts";
import { type Sql, withDatabase } from "./database.ts";
import { mintToken } from "./tokens.ts";
import { uniqueNumericId } from "./unique.ts";

export interface Member extends Client {
  userId: string;
  token: string;
}

export interface Workspace {
  id: string;
  /** Calls with an API key that has every scope. */
  key: Client & { token: string; id: string };
  admin: Member;
  /** Mentioned as @jane. */
  agent: Member;
  /** Its WhatsApp number at the webhook. */
  phoneNumberId: string;
}

/** A new workspace with an admin, an agent, an API key and a WhatsApp number, and nothing else. */
export async function makeWorkspace(given: { country?: string } = {}): Promise<Workspace> {
  return await withDatabase(async (sql) => {
    const [{ id }] = await sql<{ id: string }[]>`
      insert into public.workspaces (name, default_country)
      values ('Test', ${given.country ?? "CA"}) returning id`;
    const phoneNumberId = uniqueNumericId();
    await sql`
      insert into public.whatsapp_numbers (phone_number_id, workspace_id, waba_id, display_phone_number)
      values (${phoneNumberId}, ${id}, ${uniqueNumericId()}, '16045550123')`;
    const key = await makeKey(sql, id);
    return {
      id,
      key: { ...client(key.token), ...key },
      admin: await makeMember(sql, id, "admin", "ada"),
      agent: await makeMember(sql, id, "agent", "jane"),
      phoneNumberId,
    };
  });
}

/** A new user who is a member of the workspace, with a token. */
export async function makeMember(
  sql: Sql,
  workspaceId: string,
  role: "owner" | "admin" | "agent",
  handle: string,
): Promise<Member> {
  const userId = crypto.randomUUID();
  await sql`
    insert into auth.users (id, email, raw_user_meta_data)
    values (${userId}, ${`${handle}-${userId}@test.example`}, ${sql.json({ name: handle })})`;
  await sql`
    insert into public.workspace_members (workspace_id, user_id, role, handle)
    values (${workspaceId}, ${userId}, ${role}, ${handle})`;
  const token = await mintToken(userId);
  return { ...client(token), userId, token };
}

export interface KeyOptions {
  scopes?: readonly string[];
  rateLimit?: number;
  expiresAt?: Date;
  revokedAt?: Date;
}

/** An API key written straight into the database; every scope unless given. */
export async function makeKey(
  sql: Sql,
  workspaceId: string,
  options: KeyOptions = {},
): Promise<{ id: string; token: string }> {
  const token = `lb_${
    crypto.getRandomValues(new Uint8Array(32)).toBase64({
      alphabet: "base64url",
      omitPadding: true,
    })
  }`;
  // Six thousand calls a minute is what a key has unless told otherwise; a test must not run into it.
  const [{ id }] = await sql<{ id: string }[]>`
    insert into public.api_keys
      (workspace_id, name, prefix, key_hash, scopes, rate_limit, expires_at, revoked_at)
    values (${workspaceId}, 'Test', ${token.slice(0, 11)}, sha256(convert_to(${token}, 'UTF8')),
      ${[...options.scopes ?? ["*"]]}, ${options.rateLimit ?? 1_000_000},
      ${options.expiresAt ?? null}, ${options.revokedAt ?? null})
    returning id`;
  return { id, token };
}
