import { relative } from "node:path";
import { type Stack, startStack } from "./stack.ts";
import { parseArguments, USAGE } from "./stack/arguments.ts";
import { describeFailure, StackProblem } from "./stack/problem.ts";
import { onStopRequest } from "./stack/signals.ts";

async function main(): Promise<number> {
  const options = parseArguments(Deno.args, Deno.env.toObject());
  if (options.help) {
    say(USAGE);
    return 0;
  }
  const stop = new AbortController();
  const hurry = new AbortController();
  onStopRequest((times) => (times === 1 ? stop : hurry).abort());
  let stack: Stack;
  try {
    const project = Deno.env.get("LEADBASE_PROJECT");
    stack = await startStack({ ...options, project, signal: stop.signal, onProgress: say });
  } catch (error) {
    if (stop.signal.aborted && !(error instanceof StackProblem)) return 0;
    throw error;
  }
  greet(stack);
  if (!stop.signal.aborted) {
    await new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
  }
  say("Stopping…");
  await stack.stop(hurry.signal);
  return 0;
}

function greet(stack: Stack): void {
  const { api_key } = stack.credentials;
  const near = relative(Deno.cwd(), stack.credentialsPath);
  const path = near.startsWith("..") ? stack.credentialsPath : near;
  say(`
Leadbase runs at ${stack.url}
Credentials (API keys, member tokens, database): ${path}

  curl -H "Authorization: Bearer ${api_key}" "${stack.url}/list-contacts?limit=3"

Ctrl-C stops it.`);
}

/** Nobody may be listening any more when a server stops because its terminal was closed. */
function say(message: string): void {
  try {
    console.log(message);
  } catch {
    // Nothing to be done about it.
  }
}

if (import.meta.main) {
  try {
    Deno.exit(await main());
  } catch (error) {
    console.error(describeFailure(error));
    Deno.exit(error instanceof StackProblem ? error.exitCode : 1);
  }
}
