/** Requests to the API from a terminal; whatever goes wrong is told in a line. */
import { StackProblem } from "../stack/problem.ts";

export interface Caller {
  /** Up to and with `/functions/v1`. */
  url: string;
  key: string;
}

/** Nobody answers, or what answers cannot at the moment: a server that is being started again. */
export class Away extends StackProblem {}

// A proxy before a server that is being started again has answers of its own.
const AWAY = [429, 502, 503, 504];

/**
 * A good answer.
 *
 * @throws StackProblem with the API's reason; Away
 */
export async function request(
  { url, key }: Caller,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, ...init.headers };
  const response = await fetch(`${url}/${path}`, { ...init, headers }).catch((error) => {
    throw new Away(`${url} does not answer: ${(error as Error).message}`);
  });
  if (response.ok) return response;
  const reason = await reasonOf(response);
  throw AWAY.includes(response.status) ? new Away(reason) : new StackProblem(reason);
}

/** The JSON of a good answer. */
export async function requestJson<Body>(
  caller: Caller,
  path: string,
  init?: RequestInit,
): Promise<Body> {
  const response = await request(caller, path, init);
  return await response.json().catch((error) => {
    throw new Away(`The answer of ${caller.url} broke off: ${(error as Error).message}`);
  });
}

/** Asks again while the server is away, for so long. */
export async function patiently<Answer>(
  ask: () => Promise<Answer>,
  { patienceMs, everyMs }: { patienceMs: number; everyMs: number },
): Promise<Answer> {
  const end = Date.now() + patienceMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Away) || Date.now() >= end) throw error;
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }
}

async function reasonOf(response: Response): Promise<string> {
  try {
    const { detail, code, errors } = await response.json();
    const places = (errors as { path: string }[] ?? []).map(({ path }) => ` ${path}`).join(",");
    return `${detail} (${response.status} ${code}${places && `:${places}`})`;
  } catch {
    return `The server answers ${response.status}.`;
  }
}
