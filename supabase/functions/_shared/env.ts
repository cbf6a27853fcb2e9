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

/** `SUPABASE_DB_URL`: where Postgres is; undefined if it is not set. */
export function databaseUrl(): string | undefined {
  return read("SUPABASE_DB_URL");
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
