import { type ImportOptions, parseImportArguments, USAGE } from "./import/arguments.ts";
import { type ImportState, saveErrors, state, upload } from "./import/client.ts";
import { report } from "./import/report.ts";
import { callersPath } from "./stack/files.ts";
import { describeFailure, StackProblem } from "./stack/problem.ts";
import { onStopRequest } from "./stack/signals.ts";
import { patiently } from "./terminal/api.ts";
import { readCredentials } from "./terminal/caller.ts";
import { Progress, screen } from "./terminal/progress.ts";

const EVERY_MS = 300;
// Longer than a Postgres takes that was killed and goes through its log.
const PACE = { patienceMs: 60_000, everyMs: EVERY_MS };

/** Imports a file and waits for its end; returns the exit code. */
async function main(): Promise<number> {
  const options = parseImportArguments(Deno.args, Deno.env.toObject(), readCredentials());
  if (!options) {
    console.log(USAGE);
    return 0;
  }
  // Opened before anything is sent: afterwards it would be too late to name another.
  using errors = options.errors === undefined
    ? undefined
    : await open(options.errors, { write: true, create: true });
  const progress = new Progress(screen());
  const done = await follow(options, progress);
  progress.clear();
  console.log(report(done));
  if (errors) await patiently(() => saveErrors(options, done.id, errors), PACE);
  return done.status === "completed" && done.failed === 0 ? 0 : 1;
}

async function follow(options: ImportOptions, progress: Progress): Promise<ImportState> {
  using file = await open(options.file);
  const { size } = await file.stat();
  let now = await upload(options, file, (bytes) => {
    progress.show("Uploading", 100 * bytes / Math.max(size, 1));
  });
  onStopRequest(() => {
    progress.clear();
    if (goesOn(now)) console.error(`The import goes on without this command: ${now.id}`);
    Deno.exit(130);
  });
  while (goesOn(now)) {
    progress.show("Importing", now.progress);
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    now = await ask(options, now.id);
  }
  return now;
}

function goesOn({ status }: ImportState): boolean {
  return status === "pending" || status === "running";
}

/** How far an import is, from a server that may be away for a while. */
async function ask(options: ImportOptions, id: string): Promise<ImportState> {
  return await patiently(() => state(options, id), PACE).catch((error) => {
    throw new StackProblem(`${(error as Error).message} The import may be going on: ${id}`);
  });
}

async function open(path: string, options?: Deno.OpenOptions): Promise<Deno.FsFile> {
  try {
    const file = await Deno.open(callersPath(path), options);
    if (!(await file.stat()).isDirectory) return file;
    // Some systems open a folder, and fail only where it is read: on the way to the server.
    file.close();
    throw new Error("it is a folder");
  } catch (error) {
    throw new StackProblem(`${path} cannot be opened: ${(error as Error).message}`);
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
