/** A second signal this soon is the same Ctrl-C: the terminal and `deno task` both pass it on. */
const SAME_PRESS_MS = 1000;

/** Calls back at the first request to stop, and again at each later one. */
export function onStopRequest(callback: (times: number) => void): void {
  let times = 0;
  let last = 0;
  const request = () => {
    const now = Date.now();
    if (times > 0 && now - last < SAME_PRESS_MS) return;
    last = now;
    callback(++times);
  };
  for (const signal of stopSignals()) Deno.addSignalListener(signal, request);
  watchLaunchers(request);
}

function stopSignals(): Deno.Signal[] {
  if (Deno.build.os === "windows") return ["SIGINT", "SIGBREAK"];
  return ignoresHangup() ? ["SIGINT", "SIGTERM"] : ["SIGINT", "SIGTERM", "SIGHUP"];
}

/** Under nohup the server is meant to outlive its terminal. */
function ignoresHangup(): boolean {
  if (Deno.build.os !== "linux") return false;
  const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(Deno.readTextFileSync("/proc/self/status"))?.[1];
  return ignored !== undefined && (BigInt(`0x${ignored}`) & 1n) === 1n;
}

/**
 * `npx deno task start` is a chain of processes, and a SIGTERM to its head is not handed down to
 * us: Deno's npm wrapper dies of it and says nothing. So the end of `deno task`, or of the wrapper
 * that started it, is a request to stop as well. LEADBASE_TASK says that we are in that chain.
 */
function watchLaunchers(request: () => void): void {
  if (!Deno.env.get("LEADBASE_TASK") || Deno.build.os === "windows") return;
  const task = Deno.ppid;
  const underNpx = Deno.env.get("npm_lifecycle_event") === "npx";
  const wrapper = underNpx ? parentOf(task) : undefined;
  const timer = setInterval(() => {
    const gone = Deno.ppid !== task || (wrapper !== undefined && parentOf(task) !== wrapper);
    if (!gone) return;
    clearInterval(timer);
    request();
  }, Deno.build.os === "linux" ? 500 : 2000);
  Deno.unrefTimer(timer);
}

function parentOf(pid: number): number | undefined {
  try {
    if (Deno.build.os === "linux") {
      // pid (name) state ppid …, where the name may hold anything, a parenthesis too.
      const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
      return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    }
    const args = ["-o", "ppid=", "-p", String(pid)];
    const { stdout } = new Deno.Command("ps", { args, stdin: "null" }).outputSync();
    return Number(new TextDecoder().decode(stdout)) || undefined;
  } catch {
    return undefined;
  }
}
