/** `deno task export`: contacts into a CSV file, or to where the output leads. */
import { type ExportOptions, parseExportArguments, USAGE } from "./export/arguments.ts";
import { write } from "./export/file.ts";
import { callersPath } from "./stack/files.ts";
import { describeFailure, StackProblem } from "./stack/problem.ts";
import { request, requestJson } from "./terminal/api.ts";
import { readCredentials } from "./terminal/caller.ts";
import { Progress, screen } from "./terminal/progress.ts";

async function main(): Promise<void> {
  const options = parseExportArguments(Deno.args, Deno.env.toObject(), readCredentials());
  if (!options) return console.log(USAGE);
  const total = await countContacts(options);
  const { body } = await request(options, `export-contacts?${options.parameters}`);
  const progress = new Progress(screen());
  let rows = 0;
  const counted = body!.pipeThrough(counting((more) => {
    rows += more;
    progress.show("Exporting", 100 * rows / Math.max(total, 1));
  }));
  try {
    await write(counted, options.file && callersPath(options.file));
  } catch (error) {
    // Whoever reads has seen enough, as in `… | head`.
    if (options.file === undefined && error instanceof Deno.errors.BrokenPipe) return;
    throw new StackProblem(`The contacts could not be written: ${(error as Error).message}`);
  } finally {
    progress.clear();
  }
  console.error(`${rows} contacts${options.file === undefined ? "" : ` in ${options.file}`}`);
}

/** How many contacts there will be. */
async function countContacts(options: ExportOptions): Promise<number> {
  const parameters = new URLSearchParams(options.parameters);
  parameters.set("limit", "1");
  parameters.set("count", "exact");
  const { total } = await requestJson<{ total: number }>(options, `list-contacts?${parameters}`);
  return total;
}

/** Passes a file on; `passed` hears how many rows went by, without that of the names. */
function counting(passed: (rows: number) => void): TransformStream<Uint8Array, Uint8Array> {
  let [isFirst, isQuoted] = [true, false];
  return new TransformStream({
    transform(bytes, controller) {
      let rows = 0;
      for (const byte of bytes) {
        if (byte === 0x22) isQuoted = !isQuoted;
        else if (byte === 0x0a && !isQuoted) rows++;
      }
      controller.enqueue(bytes);
      if (rows === 0) return;
      passed(isFirst ? rows - 1 : rows);
      isFirst = false;
    },
  });
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(describeFailure(error));
    Deno.exit(error instanceof StackProblem ? error.exitCode : 1);
  }
}
