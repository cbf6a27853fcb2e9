import { relative, resolve } from "node:path";
import { type Stack, startStack } from "./stack.ts";
import { parseArguments, USAGE } from "./stack/arguments.ts";
import { ROOT } from "./stack/files.ts";
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
  const fault = stopOnFault(stop);
  try {
    const stack = await startStack({
      ...options,
      data: resolve(workingFolder(options.data), options.data),
      project: Deno.env.get("LEADBASE_PROJECT"),
      signal: stop.signal,
      onProgress: say,
      onLost: fault.note,
    });
    greet(stack);
    await aborted(stop.signal);
    say("Stopping…");
    await stack.stop(hurry.signal);
  } catch (error) {
    // Asked to stop before it was ready: that is what it did.
    if (!stop.signal.aborted || error instanceof StackProblem) throw error;
  }
  return fault.happened() ? 1 : 0;
}

/** `deno task` runs us in the checkout; a relative folder is meant from where it was called. */
function workingFolder(data: string): string {
  const caller = Deno.env.get("LEADBASE_TASK") ? Deno.env.get("INIT_CWD") : Deno.cwd();
  return data === ".leadbase" ? ROOT : caller ?? Deno.cwd();
}

/** Without this a fault that nobody catches would end the process and leave Postgres running. */
function stopOnFault(stop: AbortController) {
  let happened = false;
  const note = (fault: unknown) => {
    happened = true;
    console.error(describeFailure(fault));
    stop.abort();
  };
  const noteEvent = (event: ErrorEvent | PromiseRejectionEvent) => {
    event.preventDefault();
    note(event instanceof ErrorEvent ? event.error : event.reason);
  };
  globalThis.addEventListener("error", noteEvent);
  globalThis.addEventListener("unhandledrejection", noteEvent);
  return { note, happened: () => happened };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
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
