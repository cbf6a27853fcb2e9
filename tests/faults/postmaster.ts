/** The Postgres process of a data folder. */
import { join } from "node:path";

export async function postmasterPid(data: string): Promise<number> {
  const file = await Deno.readTextFile(join(data, "postgres", "postmaster.pid"));
  return Number(file.split("\n")[0]);
}

/** SIGKILL, as the kernel does it when memory runs out; returns whom it struck. */
export async function killPostmaster(data: string): Promise<number> {
  const pid = await postmasterPid(data);
  Deno.kill(pid, "SIGKILL");
  return pid;
}
