import { ApiError } from "../../supabase/functions/_shared/errors.ts";
import { problem } from "./functions.ts";
import { StackProblem } from "./problem.ts";

type Handler = (request: Request) => Response | Promise<Response>;

export interface HttpServer {
  port: number;
  /** Until then every request is answered 503. */
  open(handler: Handler): void;
  /** Takes no new requests and finishes those in flight, ten seconds at most or until hurried. */
  stop(hurry?: AbortSignal): Promise<void>;
}

const GRACE_MS = 10_000;

/** Takes the port before anything else is started, so that a taken one costs nothing. */
export function listen(port: number): HttpServer {
  let handler: Handler = () =>
    problem(
      new ApiError("database_unavailable", "The server is starting.", {
        headers: { "retry-after": "1" },
      }),
    );
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve({
      hostname: "127.0.0.1",
      port,
      onListen: () => {},
      onError: (error) => {
        console.error(error);
        return problem(error);
      },
    }, (request) => handler(request));
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new StackProblem(
        `Port ${port} is taken. Choose another with --port (0: any free one).`,
      );
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new StackProblem(
        `Port ${port} may not be used by this user. Choose another with --port.`,
      );
    }
    throw error;
  }
  return {
    port: server.addr.port,
    open: (next) => handler = next,
    stop: (hurry) => stopServer(server, hurry),
  };
}

async function stopServer(server: Deno.HttpServer, hurry?: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, GRACE_MS);
    if (hurry?.aborted) resolve();
    hurry?.addEventListener("abort", () => resolve(), { once: true });
  });
  await Promise.race([server.shutdown(), enough]);
  clearTimeout(timer);
}
