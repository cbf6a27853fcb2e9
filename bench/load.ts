/** Load over HTTP, in a process of its own: `deno run load.ts <scenario JSON>`. */
import autocannon from "autocannon";
import { sign } from "../scripts/graph/signature.ts";
import type { Scenario } from "./scenarios.ts";
import { figuresOf } from "./figures.ts";

const { url, headers, method, path, body, secret, connections, seconds, run }: Scenario & {
  url: string;
  connections: number;
  seconds: number;
  run: number;
} = JSON.parse(Deno.args[0]);

let n = 0;

function request(): { body?: string; headers: Record<string, string> } {
  if (body === undefined) return { headers };
  const unique = `${run}${String(n++).padStart(6, "0")}`;
  const filled = body.replaceAll("{n}", unique);
  if (secret === undefined) return { body: filled, headers };
  return { body: filled, headers: { ...headers, "x-hub-signature-256": sign(filled, secret) } };
}

const latencies: number[] = [];
const instance = autocannon({
  url,
  connections,
  duration: seconds,
  requests: [{ method, path, setupRequest: (given: object) => ({ ...given, ...request() }) }],
});
instance.on("response", (_client: unknown, status: number, _bytes: number, time: number) => {
  if (status >= 200 && status < 300) latencies.push(time);
});
const result = await instance;
if (result.non2xx > 0 || result.errors > 0) {
  console.error(`${result.non2xx} answers were no success, ${result.errors} requests failed`);
  Deno.exit(1);
}
console.log(JSON.stringify(figuresOf(latencies, result.duration)));
