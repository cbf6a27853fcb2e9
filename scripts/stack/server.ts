import { ApiError } from "../../supabase/functions/_shared/errors.ts";
import { problem } from "./functions.ts";
import { StackProblem } from "./problem.ts";

type Handler = (request: Request) => Response | Promise<Response>;

export interface HttpServer {
  port: number;
  /** Until then every request is answered 503. */
  open(handler: Handler): void;
  /** Refuses new requests and finishes those in flight, ten seconds at most or until hurried. */
  stop(hurry?: AbortSignal): Promise<void>;
}

const GRACE_MS = 10_000;

/** Takes the port before anything else is started, so that a taken one costs nothing. */
export function listen(port: number): HttpServer {
  let handler = refusing("The server is starting.");
  const inFlight = new Set<Promise<void>>();
  const server = bind(port, (request, { completed }) => {
    // Settled once the answer is sent, whether or not the caller was still there to take it.
    const done = completed.catch(() => {}).finally(() => inFlight.delete(done));
    inFlight.add(done);
    return handler(request);
  });
  return {
    port: server.addr.port,
    open: (next) => handler = next,
    async stop(hurry) {
      handler = refusing("The server is stopping.");
      // Not left to shutdown(), which takes the body away from a request that is still reading it.
      await inTime(drained(inFlight), hurry);
      await inTime(server.shutdown(), hurry);
    },
  };
}

function bind(
  port: number,
  handler: Deno.ServeHandler<Deno.NetAddr>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({
      hostname: "127.0.0.1",
      port,
      onListen: () => {},
      onError: (error) => {
        console.error(error);
        return problem(error);
      },
    }, handler);
  } catch (error) {
    const mend = "Choose another with --port (0: any free one).";
    if (error instanceof Deno.errors.AddrInUse) {
      throw new StackProblem(`Port ${port} is taken. ${mend}`);
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new StackProblem(`Port ${port} may not be used by this user. ${mend}`);
    }
    throw error;
  }
}

function refusing(detail: string): Handler {
  const headers = { "retry-after": "1", connection: "close" };
  return () => problem(new ApiError("database_unavailable", detail, { headers }));
}

async function drained(inFlight: ReadonlySet<Promise<void>>): Promise<void> {
  while (inFlight.size > 0) await Promise.all(inFlight);
}

async function inTime(work: Promise<void>, hurry?: AbortSignal): Promise<void> {
  if (hurry?.aborted) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, GRACE_MS);
    hurry?.addEventListener("abort", () => resolve(), { once: true });
  });
  await Promise.race([work, enough]);
  clearTimeout(timer);
}
