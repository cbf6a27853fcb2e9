import { mediaFolder } from "./media.ts";
import type { Secrets } from "./secrets.ts";
import { publicKeySet } from "./tokens.ts";

/** The names that hosted functions get, so that one reader of the environment serves both. */
export function functionEnvironment(
  secrets: Secrets,
  { origin, databaseUrl, data }: { origin: string; databaseUrl: string; data: string },
  env: Record<string, string | undefined>,
): Record<string, string> {
  return {
    SUPABASE_URL: origin,
    SUPABASE_DB_URL: databaseUrl,
    // Of whatever the terminal is set up for, this stack's database is another one.
    LEADBASE_DB_URL: "",
    SUPABASE_JWKS: publicKeySet(secrets.signing_key),
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: secrets.publishable_key }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: secrets.secret_key }),
    // A developer with a real WhatsApp app brings its secrets.
    WHATSAPP_APP_SECRET: env.WHATSAPP_APP_SECRET || secrets.app_secret,
    WHATSAPP_VERIFY_TOKEN: env.WHATSAPP_VERIFY_TOKEN || secrets.verify_token,
    // A database that is brought along may hold what was sealed elsewhere.
    LEADBASE_ENCRYPTION_KEY: env.LEADBASE_ENCRYPTION_KEY || secrets.encryption_key,
    LEADBASE_MEDIA_DIR: env.LEADBASE_MEDIA_DIR || mediaFolder(data),
  };
}

export function setEnvironment(values: Record<string, string>): void {
  for (const [name, value] of Object.entries(values)) Deno.env.set(name, value);
}
