/**
 * The only reader of the environment. Every value is read when it is asked for, so that importing a
 * function needs no settings and no permission.
 */

function read(name: string): string | undefined {
  const value = Deno.env.get(name)?.trim();
  return value === "" ? undefined : value;
}

function list(name: string): string[] {
  return (read(name) ?? "").split(",").map((item) => item.trim()).filter((item) => item !== "");
}

/**
 * `LEADBASE_DB_URL`, else `SUPABASE_DB_URL`: where Postgres is; undefined if neither is set. Secrets
 * of hosted functions cannot begin with SUPABASE_, and those who want the pooler name it.
 */
export function databaseUrl(): string | undefined {
  return read("LEADBASE_DB_URL") ?? read("SUPABASE_DB_URL");
}

/** `LEADBASE_DB_POOL`: connections a process may open, 1–1,000; 10 unless set. */
export function databasePoolSize(): number {
  const size = Number(read("LEADBASE_DB_POOL") ?? 10);
  return Number.isInteger(size) && size >= 1 && size <= 1000 ? size : 10;
}

/** `SUPABASE_JWKS`: the project's public signing keys as JSON text. */
export function jwks(): string | undefined {
  return read("SUPABASE_JWKS");
}

/** `WHATSAPP_APP_SECRET`: the app secrets that may sign deliveries; several while one is rotated. */
export function whatsappAppSecrets(): string[] {
  return list("WHATSAPP_APP_SECRET");
}

/** `WHATSAPP_VERIFY_TOKEN`: what Meta's handshake has to name. */
export function whatsappVerifyToken(): string | undefined {
  return read("WHATSAPP_VERIFY_TOKEN");
}

/** `DASHBOARD_URL`: put before the inbox addresses that a handoff answers. */
export function dashboardUrl(): string | undefined {
  return read("DASHBOARD_URL");
}

/** `CORS_ORIGINS`: the origins whose pages may call, `*` for any (the default). */
export function corsOrigins(): readonly string[] {
  const origins = list("CORS_ORIGINS");
  return origins.length === 0 ? ["*"] : origins;
}

/** The version of Meta's Graph API that is spoken. */
export const GRAPH_VERSION = "v26.0";

const META_GRAPH = "https://graph.facebook.com";
// Where Meta keeps the bytes of media; it takes the same token.
const META_MEDIA_HOST = "lookaside.fbsbx.com";

/** `GRAPH_API_URL`: Meta's Graph API unless set, without a slash at its end. */
export function graphApiUrl(): string {
  return (read("GRAPH_API_URL") ?? META_GRAPH).replace(/\/+$/, "");
}

/** The hosts (with port) that may see an access token when media are fetched. */
export function graphMediaHosts(): readonly string[] {
  const { host } = new URL(graphApiUrl());
  return host === new URL(META_GRAPH).host ? [host, META_MEDIA_HOST] : [host];
}

/** `GRAPH_TIMEOUT_MS`: how long the Graph API may take for an answer, in ms; 15,000 unless set. */
export function graphTimeoutMs(): number {
  return positive("GRAPH_TIMEOUT_MS", 15_000);
}

/** `LEADBASE_ENCRYPTION_KEY`: 32 bytes in base64 each; the first seals, all of them open. */
export function encryptionKeys(): string[] {
  return list("LEADBASE_ENCRYPTION_KEY");
}

/** `MEDIA_MAX_BYTES`: larger media are not kept; 100 MiB unless set, as large as WhatsApp's get. */
export function mediaMaxBytes(): number {
  return positive("MEDIA_MAX_BYTES", 104_857_600);
}

/** `LEADBASE_MEDIA_DIR`: the folder that keeps media; undefined: Supabase Storage does. */
export function mediaFolder(): string | undefined {
  return read("LEADBASE_MEDIA_DIR");
}

/** `SUPABASE_URL`: the project's own address, without a slash at its end. */
export function supabaseUrl(): string | undefined {
  return read("SUPABASE_URL")?.replace(/\/+$/, "");
}

/** `SUPABASE_SECRET_KEYS`: the project's `sb_secret_…` keys, given as a JSON object by name. */
export function secretKeys(): string[] {
  try {
    const keys: unknown = JSON.parse(read("SUPABASE_SECRET_KEYS") ?? "{}");
    return Object.values(keys ?? {}).filter((key) => typeof key === "string" && key !== "");
  } catch {
    // The error's own text would quote what it could not read: a secret, in a log.
    throw new Error("SUPABASE_SECRET_KEYS is not a JSON object.");
  }
}

function positive(name: string, otherwise: number): number {
  const value = Number(read(name) ?? otherwise);
  return Number.isSafeInteger(value) && value > 0 ? value : otherwise;
}

/** `LEADBASE_SEND_BACKOFF_MS`: what pauses between attempts to send are multiples of; 1,000 unless set. */
export function sendBackoffMs(): number {
  return positive("LEADBASE_SEND_BACKOFF_MS", 1_000);
}

/** A language model behind an OpenAI-compatible endpoint. */
export interface SentimentModel {
  /** Where its `/chat/completions` is, without a slash at its end. */
  url: string;
  name: string;
  /** Undefined: it asks for none. */
  key?: string;
}

/**
 * `SENTIMENT_LLM_URL`, `SENTIMENT_LLM_MODEL`, `SENTIMENT_LLM_KEY`: what reads the mood of messages in
 * the words' place; undefined, so that no text leaves the database, unless address and name are set.
 */
export function sentimentModel(): SentimentModel | undefined {
  const [url, name] = [read("SENTIMENT_LLM_URL")?.replace(/\/+$/, ""), read("SENTIMENT_LLM_MODEL")];
  return url && name ? { url, name, key: read("SENTIMENT_LLM_KEY") } : undefined;
}

/** `SENTIMENT_LLM_TIMEOUT_MS`: how long the model may take for an answer, in ms; 30,000 unless set. */
export function sentimentTimeoutMs(): number {
  return positive("SENTIMENT_LLM_TIMEOUT_MS", 30_000);
}
