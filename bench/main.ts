/**
 * `deno task bench [requests | cold-start | ingest | ingest-full | ingest-profile]`: what Leadbase
 * can do, beside what Postgres can.
 */
import { benchColdStart } from "./cold_start.ts";
import { benchIngest, benchIngestFull, benchIngestProfile } from "./ingest.ts";
import { type IngestOptions, parseOptions } from "./ingest/options.ts";
import { benchRequests } from "./requests.ts";

const BENCHES: Record<string, (options: IngestOptions) => Promise<void>> = {
  requests: benchRequests,
  "cold-start": benchColdStart,
  ingest: benchIngest,
  "ingest-full": benchIngestFull,
  "ingest-profile": benchIngestProfile,
};

const { names, options } = parseOptions(Deno.args);
const chosen = names.length > 0 ? names : Object.keys(BENCHES);
const unknown = chosen.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(", ")}: ${Object.keys(BENCHES).join(", ")}.`);
  Deno.exit(2);
}
for (const name of chosen) await BENCHES[name](options);
Deno.exit(0);
