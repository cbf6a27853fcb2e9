import { kill } from "node:process";

export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  signal?: AbortSignal;
  uid?: number;
  gid?: number;
}

/** Runs a program to its end and keeps what it says. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const { env, ...rest } = options;
  const output = await new Deno.Command(program, {
    ...rest,
    args: [...args],
    env: { ...quietEnvironment(Deno.env.toObject()), ...env },
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder();
  return {
    code: output.code,
    stdout: text.decode(output.stdout),
    stderr: text.decode(output.stderr),
  };
}

/** Whether a process runs; one that has ended and only waits to be noticed by its parent does not. */
export function isAlive(pid: number): boolean {
  try {
    kill(pid, 0);
    return Deno.build.os !== "linux" || stateOf(pid) !== "Z";
  } catch (error) {
    // Not ours to signal, and there all the same.
    return (error as { code?: string }).code === "EPERM";
  }
}

/** A letter, as the kernel has it. */
function stateOf(pid: number): string | undefined {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // pid (name) state …, where the name may hold anything, a parenthesis too.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[0];
}

/** Without PG… and SUPABASE_… variables: a shell set up for another database must not steer us. */
export function quietEnvironment(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(PG|SUPABASE_)/.test(name)),
  );
}

/** npm's commands are batch files on Windows, which only its shell can run. */
export function npmCommand(name: "npx", args: readonly string[]): [string, string[]] {
  return Deno.build.os === "windows" ? ["cmd", ["/c", name, ...args]] : [name, [...args]];
}
