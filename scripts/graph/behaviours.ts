/** A constructor for each way in which a scripted request can go. */
import type { Behaviour, GraphFault } from "./types.ts";

/** One of Meta's errors, by its code or in full; `retryAfter` in seconds. */
export function graphError(fault: GraphFault | number, retryAfter?: number): Behaviour {
  const headers = retryAfter === undefined ? undefined : { "retry-after": String(retryAfter) };
  return { kind: "error", fault: typeof fault === "number" ? { code: fault } : fault, headers };
}

/** The message is accepted, its answer never comes. */
export function lost(): Behaviour {
  return { kind: "lost" };
}

/** The connection ends without an answer: nothing is accepted. */
export function refused(): Behaviour {
  return { kind: "refused" };
}

/** HTTP 200 with a page instead of JSON; `accepts`: the message was accepted all the same. */
export function notJson(accepts = false): Behaviour {
  const headers = { "content-type": "text/html" };
  return { kind: "answer", status: 200, headers, body: "<html>Sorry</html>", accepts };
}

/** An error of the server without a body. */
export function serverError(status = 500, accepts = false): Behaviour {
  return { kind: "answer", status, accepts };
}

/** What a media host does that sends the caller elsewhere. */
export function redirect(location: string, status = 302): Behaviour {
  return { kind: "answer", status, headers: { location } };
}

/** The usual answer's first bytes, then the end of the connection. */
export function truncated(bytes: number): Behaviour {
  return { kind: "truncated", bytes };
}

/** The usual answer, piece by piece. */
export function slow(pieceBytes: number, everyMs: number): Behaviour {
  return { kind: "slow", pieceBytes, everyMs };
}

/** The same, answered later; the usual answer if there is no other. */
export function delayed(delayMs: number, behaviour: Behaviour = { kind: "usual" }): Behaviour {
  return { ...behaviour, delayMs };
}
