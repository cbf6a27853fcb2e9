import { StackProblem } from "./problem.ts";

/** What `deno task start` is asked for. */
export interface StartOptions {
  /** HTTP port on 127.0.0.1; 0 takes any free one. */
  port: number;
  /** Folder of the cluster, the secrets and credentials.json. */
  data: string;
  /** Drop what the data folder holds first. */
  fresh: boolean;
  /** An existing Postgres to use instead of the embedded one. */
  dbUrl?: string;
  help: boolean;
}

export const USAGE = `Runs the whole API on this machine: deno task start [options]

  --port N      HTTP port on 127.0.0.1, 0 for any free one   (LEADBASE_PORT, 54321)
  --data DIR    where the data is kept                       (LEADBASE_DATA, .leadbase)
  --fresh       drop the data first                          (LEADBASE_FRESH=1)
  --db-url URL  use this Postgres, not the embedded one      (LEADBASE_DB_URL)
  --help        this text`;

const TAKES_VALUE = new Map([
  ["--port", "LEADBASE_PORT"],
  ["--data", "LEADBASE_DATA"],
  ["--db-url", "LEADBASE_DB_URL"],
]);
const SWITCHES = ["--fresh", "--help", "-h"];

/** Flags win over the environment; anything unknown is refused, since a typo must not drop data. */
export function parseArguments(
  args: readonly string[],
  env: Record<string, string | undefined>,
): StartOptions {
  const { values, switches } = readFlags(args);
  const value = (flag: string) => values.get(flag) ?? (env[TAKES_VALUE.get(flag)!] || undefined);
  const options: StartOptions = {
    port: parsePort(value("--port") ?? "54321"),
    data: value("--data") ?? ".leadbase",
    fresh: switches.has("--fresh") || parseSwitch(env.LEADBASE_FRESH),
    help: switches.has("--help") || switches.has("-h"),
  };
  const dbUrl = value("--db-url");
  if (dbUrl !== undefined) options.dbUrl = parseDatabaseUrl(dbUrl);
  if (options.dbUrl && options.fresh) {
    throw usage("--fresh drops embedded data only; empty the --db-url database yourself");
  }
  return options;
}

function readFlags(args: readonly string[]) {
  const values = new Map<string, string>();
  const switches = new Set<string>();
  for (let index = 0; index < args.length; index++) {
    const [flag, ...rest] = args[index].split("=");
    const inline = rest.length > 0 ? rest.join("=") : undefined;
    if (SWITCHES.includes(flag) && inline === undefined) {
      switches.add(flag);
    } else if (TAKES_VALUE.has(flag)) {
      const given = inline ?? args[++index];
      if (!given) throw usage(`${flag} needs a value`);
      values.set(flag, given);
    } else {
      throw usage(`unknown option ${args[index]}`);
    }
  }
  return { values, switches };
}

/** A port number, or a refusal that says which ones there are. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(port <= 65535)) throw usage(`--port takes a number from 0 to 65535, not ${text}`);
  return port;
}

function parseSwitch(text: string | undefined): boolean {
  if (!text || /^(0|false|no)$/i.test(text)) return false;
  if (/^(1|true|yes)$/i.test(text)) return true;
  throw usage(`LEADBASE_FRESH takes 1 or 0, not ${text}`);
}

function parseDatabaseUrl(text: string): string {
  const protocol = URL.canParse(text) ? new URL(text).protocol : "";
  // The URL may hold a password: it is never repeated in a message.
  if (!/^postgres(ql)?:$/.test(protocol)) {
    throw usage("--db-url takes a postgresql:// address");
  }
  return text;
}

function usage(message: string): StackProblem {
  return new StackProblem(`${message} (--help lists the options)`, 2);
}
