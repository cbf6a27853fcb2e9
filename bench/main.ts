/**
 * `deno task bench [requests | cold-start | ingest | ingest-full | ingest-profile | sentiment |
 * scoring | contacts …]`:
 * what Leadbase can do, beside what Postgres can. `contacts` takes longest and has options of its
 * own, so it runs alone.
 */
import { benchColdStart } from "./cold_start.ts";
import { benchContacts } from "./contacts.ts";
import { benchIngest, benchIngestFull, benchIngestProfile } from "./ingest.ts";
import { type IngestOptions, parseOptions } from "./ingest/options.ts";
import { benchRequests } from "./requests.ts";
import { benchScoring } from "./scoring.ts";
import { benchSentiment } from "./sentiment.ts";

const BENCHES: Record<string, (options: IngestOptions) => Promise<void>> = {
  requests: benchRequests,
  "cold-start": benchColdStart,
  ingest: benchIngest,
  "ingest-full": benchIngestFull,
  "ingest-profile": benchIngestProfile,
  sentiment: benchSentiment,
  scoring: benchScoring,
};

if (Deno.args[0] === "contacts") {
  await benchContacts(Deno.args.slice(1));
  Deno.exit(0);
}
const { names, options } = parseOptions(Deno.args);
const chosen = names.length > 0 ? names : Object.keys(BENCHES);
const unknown = chosen.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  console.error(
    `There is no benchmark ${unknown.join(", ")}: ${Object.keys(BENCHES).join(", ")}, contacts.`,
  );
  Deno.exit(2);
}
for (const name of chosen) await BENCHES[name](options);
Deno.exit(0);
