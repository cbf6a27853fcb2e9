/** `deno task export`: contacts into a CSV file, or to where the output leads. */
import { join } from "node:path";
import { type Caller, request, requestJson } from "./api.ts";
import { callersPath, ROOT } from "./stack/files.ts";
import { describeFailure, StackProblem } from "./stack/problem.ts";

const USAGE = `Writes contacts as CSV: deno task export [file] [--<filter> value …]

  file              where to; without it, to standard output
  --<filter> value  any parameter of export-contacts, as in --status new,contacted --sort name
  --url URL         the API                                    (LEADBASE_URL, the local stack's)
  --key KEY         an API key                                 (LEADBASE_KEY, the local stack's)
  --help            this text`;

interface Options extends Caller {
  file?: string;
  parameters: URLSearchParams;
}

/** What was asked for; undefined: the text of --help. */
async function readOptions(args: readonly string[]): Promise<Options | undefined> {
  if (args.includes("--help") || args.includes("-h")) return undefined;
  const parameters = new URLSearchParams();
  const files: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const [name, ...rest] = args[at].split("=");
    if (!name.startsWith("--")) {
      files.push(args[at]);
      continue;
    }
    const value = rest.length > 0 ? rest.join("=") : args[++at];
    if (value === undefined) throw new StackProblem(`${name} needs a value (--help)`, 2);
    parameters.append(name.slice(2).replaceAll("-", "_"), value);
  }
  if (files.length > 1) throw new StackProblem("One file only (--help)", 2);
  const local = await localStack();
  const url = parameters.get("url") ?? Deno.env.get("LEADBASE_URL") ?? local?.url;
  const key = parameters.get("key") ?? Deno.env.get("LEADBASE_KEY") ?? local?.api_key;
  for (const own of ["url", "key"]) parameters.delete(own);
  if (!url || !key) {
    throw new StackProblem("No stack runs here: set LEADBASE_URL and LEADBASE_KEY", 2);
  }
  return { file: files[0], url: url.replace(/\/+$/, ""), key, parameters };
}

async function localStack(): Promise<{ url: string; api_key: string } | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(join(ROOT, ".leadbase", "credentials.json")));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** How many contacts there will be. */
async function countContacts(options: Options): Promise<number> {
  const parameters = new URLSearchParams(options.parameters);
  parameters.set("limit", "1");
  parameters.set("count", "exact");
  const { total } = await requestJson<{ total: number }>(options, `list-contacts?${parameters}`);
  return total;
}

/** Counts rows as they pass, and shows how far they are. */
function counting(total: number): TransformStream<Uint8Array, Uint8Array> {
  let [rows, isQuoted, shown] = [-1, false, 0];
  const show = (end: string) => {
    const done = total > 0 ? Math.max(0, Math.min(rows / total, 1)) : 1;
    const bar = "█".repeat(Math.round(done * 30)).padEnd(30, "░");
    Deno.stderr.writeSync(new TextEncoder().encode(`\r${bar} ${rows} of ${total}${end}`));
  };
  return new TransformStream({
    transform(bytes, controller) {
      for (const byte of bytes) {
        if (byte === 0x22) isQuoted = !isQuoted;
        else if (byte === 0x0a && !isQuoted) rows++;
      }
      controller.enqueue(bytes);
      if (Date.now() - shown < 100) return;
      shown = Date.now();
      show("");
    },
    flush: () => show("\n"),
  });
}

/** Under its name a file is whole: until then it has another. */
async function write(body: ReadableStream<Uint8Array>, file: string | undefined): Promise<void> {
  if (file === undefined) return await body.pipeTo(Deno.stdout.writable, { preventClose: true });
  const part = `${file}.part`;
  try {
    await body.pipeTo(
      (await Deno.open(part, { write: true, create: true, truncate: true })).writable,
    );
    await Deno.rename(part, file);
  } catch (error) {
    await Deno.remove(part).catch(() => undefined);
    throw error;
  }
}

async function main(): Promise<void> {
  const options = await readOptions(Deno.args);
  if (!options) return console.log(USAGE);
  const total = await countContacts(options);
  const { body } = await request(options, `export-contacts?${options.parameters}`);
  const file = options.file && callersPath(options.file);
  await write(body!.pipeThrough(counting(total)), file).catch((error) => {
    throw new StackProblem(`The contacts could not be written: ${(error as Error).message}`);
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
