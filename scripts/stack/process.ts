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
