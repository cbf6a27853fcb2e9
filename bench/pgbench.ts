/** The yardstick: pgbench with the very statement that a function makes. */
import { type Figures, figuresOf } from "./figures.ts";

export interface PgbenchRun {
  databaseUrl: string;
  /** A pgbench script. */
  script: string;
  connections: number;
  seconds: number;
}

/** @throws if pgbench is not installed or a transaction fails */
export async function pgbench(run: PgbenchRun): Promise<Figures> {
  const folder = await Deno.makeTempDir({ prefix: "leadbase-pgbench-" });
  try {
    await Deno.writeTextFile(`${folder}/script.sql`, run.script);
    const { connections, seconds } = run;
    const output = await new Deno.Command("pgbench", {
      args: [
        ...["--no-vacuum", "--protocol=prepared", "--log", `--log-prefix=${folder}/log`],
        ...[`--client=${connections}`, "--jobs=1", `--time=${seconds}`, "--define=i=0"],
        ...[`--file=${folder}/script.sql`, run.databaseUrl],
      ],
      stdout: "piped",
      stderr: "piped",
    }).output().catch(() => {
      throw new Error("pgbench is not installed (Debian: postgresql-contrib).");
    });
    const said = new TextDecoder().decode(output.stderr);
    if (!output.success || /aborted|ERROR/.test(said)) throw new Error(`pgbench: ${said}`);
    return figuresOf(await latencies(folder), seconds);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** pgbench logs a line a transaction; the third column is its microseconds. */
async function latencies(folder: string): Promise<number[]> {
  const found: number[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.startsWith("log")) continue;
    const text = await Deno.readTextFile(`${folder}/${name}`);
    for (const line of text.split("\n")) {
      if (line) found.push(Number(line.split(" ")[2]) / 1000);
    }
  }
  return found;
}
