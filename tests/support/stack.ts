/** The running stack that the HTTP tests talk to, as its credentials.json describes it. */
import { dirname, join } from "node:path";
import type { Credentials } from "../../scripts/stack/credentials.ts";

export type { Credentials };

const path = Deno.env.get("LEADBASE_TEST_CREDENTIALS");
if (!path) {
  throw new Error(
    "LEADBASE_TEST_CREDENTIALS has to name the credentials.json of a running stack; `deno task test` starts one.",
  );
}

/** What the stack gave out at its start. */
export const stack: Credentials = JSON.parse(Deno.readTextFileSync(path));

/** The data folder of the stack, where it keeps its own secrets beside the credentials. */
export const dataFolder = dirname(path);

/** The private half of the key pair that signs members' tokens on the embedded stack. */
export function signingKey(): JsonWebKey & { kid: string } {
  const secrets = JSON.parse(Deno.readTextFileSync(join(dataFolder, "secrets.json")));
  return secrets.signing_key;
}
