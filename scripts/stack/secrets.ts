import { join } from "node:path";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { readTextIfThere, writePrivateFile } from "./files.ts";

/** What a data folder keeps for itself, so that keys and passwords live across starts. */
export interface Secrets {
  superuser_password: string;
  postgres_password: string;
  /** Private half of the ES256 pair that signs the demo members' tokens. */
  signing_key: JWK;
  publishable_key: string;
  secret_key: string;
  app_secret: string;
  verify_token: string;
  api_key: string;
  other_api_key: string;
  /** Seals what the database keeps sealed, such as WhatsApp access tokens. */
  encryption_key: string;
}

export function secretsPath(data: string): string {
  return join(data, "secrets.json");
}

export async function loadSecrets(data: string): Promise<Secrets> {
  const kept = await readTextIfThere(secretsPath(data));
  const secrets: Secrets = kept === undefined ? await makeSecrets() : JSON.parse(kept);
  const isWhole = kept !== undefined && Boolean(secrets.encryption_key);
  // A folder of an earlier version has none.
  secrets.encryption_key ||= makeEncryptionKey();
  if (!isWhole) await saveSecrets(data, secrets);
  return secrets;
}

export async function saveSecrets(data: string, secrets: Secrets): Promise<void> {
  await writePrivateFile(secretsPath(data), JSON.stringify(secrets, null, 2) + "\n");
}

async function makeSecrets(): Promise<Secrets> {
  const pair = await generateKeyPair("ES256", { extractable: true });
  const kid = crypto.randomUUID();
  return {
    superuser_password: randomText(24),
    postgres_password: randomText(24),
    signing_key: { ...await exportJWK(pair.privateKey), kid, alg: "ES256", use: "sig" },
    publishable_key: `sb_publishable_${randomText(24)}`,
    secret_key: `sb_secret_${randomText(24)}`,
    app_secret: randomText(24),
    verify_token: randomText(24),
    api_key: makeApiKey(),
    other_api_key: makeApiKey(),
    encryption_key: makeEncryptionKey(),
  };
}

/** 32 random bytes in base64, as `LEADBASE_ENCRYPTION_KEY` takes them. */
function makeEncryptionKey(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toBase64();
}

/** `lb_` and 43 base64url characters: 32 random bytes. */
export function makeApiKey(): string {
  return `lb_${randomText(32)}`;
}

function randomText(bytes: number): string {
  return crypto.getRandomValues(new Uint8Array(bytes)).toBase64({
    alphabet: "base64url",
    omitPadding: true,
  });
}
