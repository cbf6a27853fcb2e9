import { parseArgs } from "node:util";

/** What the ingest benches can be told on the command line. */
export interface IngestOptions {
  /** HTTP connections of the sender. */
  connections: number;
  /** About how long a round takes. */
  seconds: number;
  rounds: number;
  /** Rows stored beforehand, 1 = as many as the figures are about. */
  scale: number;
  /** How many days ago the people of a full database wrote last. */
  silent: number;
}

const DEFAULTS: IngestOptions = { connections: 16, seconds: 5, rounds: 3, scale: 1, silent: 0 };

/** Arguments → the names of benches among them, and the options. @throws on what is neither */
export function parseOptions(args: string[]): { names: string[]; options: IngestOptions } {
  const known = Object.keys(DEFAULTS).map((name) => [name, { type: "string" as const }]);
  const { positionals: names, values } = parseArgs({
    args,
    allowPositionals: true,
    options: Object.fromEntries(known) as Record<string, { type: "string" }>,
  });
  const options = { ...DEFAULTS };
  for (const [name, value] of Object.entries(values)) {
    if (!(Number(value) > 0)) throw new RangeError(`--${name} has to be a number above 0.`);
    options[name as keyof IngestOptions] = Number(value);
  }
  return { names, options };
}
