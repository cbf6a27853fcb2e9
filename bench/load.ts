/** Load over HTTP, in a process of its own: `deno run load.ts <Load JSON>`. */
import autocannon from "autocannon";
import { sign } from "../scripts/graph/signature.ts";
import { figuresOf } from "./figures.ts";
import type { Load } from "./run_load.ts";

const given: Load = JSON.parse(Deno.args[0]);
const { url, headers, method, body, secret, connections, seconds, run } = given;
const path = new URL(url).pathname.replace(/\/$/, "") + given.path;

let n = 0;

function request(): { path: string; body?: string; headers: Record<string, string> } {
  const unique = `${run}${String(n++).padStart(6, "0")}`;
  const asked = { path: path.replaceAll("{n}", unique), headers };
  if (body === undefined) return asked;
  const filled = body.replaceAll("{n}", unique);
  if (secret === undefined) return { ...asked, body: filled };
  const signed = { ...headers, "x-hub-signature-256": sign(filled, secret) };
  return { ...asked, body: filled, headers: signed };
}

const latencies: number[] = [];
const others = new Set<number>();
const instance = autocannon({
  url,
  connections,
  duration: seconds,
  requests: [{ method, path, setupRequest: (given: object) => ({ ...given, ...request() }) }],
});
instance.on("response", (_client: unknown, status: number, _bytes: number, time: number) => {
  if (status >= 200 && status < 300) latencies.push(time);
  else others.add(status);
});
const result = await instance;
if (result.non2xx > 0 || result.errors > 0) {
  const said = [...others].join(", ");
  console.error(`${result.non2xx} answers were ${said}, ${result.errors} requests failed`);
  Deno.exit(1);
}
console.log(JSON.stringify(figuresOf(latencies, result.duration)));
