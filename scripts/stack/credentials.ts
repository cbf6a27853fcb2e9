import { join } from "node:path";
import { writePrivateFile } from "./files.ts";

/** What a developer, a script or a test needs to call a running stack. */
export interface Credentials {
  /** Ends in /functions/v1. */
  url: string;
  workspace_id: string;
  api_key: string;
  admin: { user_id: string; token: string };
  agent: { user_id: string; token: string };
  other_workspace: { workspace_id: string; api_key: string };
  whatsapp: { phone_number_id: string; app_secret: string; verify_token: string };
  database_url: string;
}

/**
 * Written once the server answers and removed when it stops, so that whoever waits for the file
 * never reads an earlier run's. Only a killed server leaves it behind.
 */
export function credentialsPath(data: string): string {
  return join(data, "credentials.json");
}

export async function writeCredentials(data: string, credentials: Credentials): Promise<void> {
  await writePrivateFile(credentialsPath(data), JSON.stringify(credentials, null, 2) + "\n");
}
