/** `deno task bench [requests | cold-start]`: what Leadbase can do, beside what Postgres can. */
import { benchColdStart } from "./cold_start.ts";
import { benchRequests } from "./requests.ts";

const BENCHES: Record<string, () => Promise<void>> = {
  requests: benchRequests,
  "cold-start": benchColdStart,
};

const chosen = Deno.args.length > 0 ? Deno.args : Object.keys(BENCHES);
const unknown = chosen.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(", ")}: ${Object.keys(BENCHES).join(", ")}.`);
  Deno.exit(2);
}
for (const name of chosen) await BENCHES[name]();
Deno.exit(0);
