/** Calls of the API, with answers that tests can make claims about. */
import { stack } from "./stack.ts";

/** An answer, read to its end. `body` is the JSON in it; undefined when it has none. */
export interface Answer<Body> {
  status: number;
  headers: Headers;
  text: string;
  body: Body;
}

/** Undefined leaves a header out. */
export type Headings = Record<string, string | undefined>;

export interface CallOptions {
  headers?: Headings;
  /** Sent as JSON; a Blob as it is, with its own type. */
  body?: unknown;
  /** Sent as it is; JSON unless `headers` say otherwise. */
  raw?: BodyInit;
}

/** `path` is what follows `/functions/v1/`; redirects are answers like others. */
export async function request<Body = unknown>(
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Answer<Body>> {
  const given = options.body instanceof Blob ? options.body : JSON.stringify(options.body);
  const body = options.raw ?? (options.body === undefined ? undefined : given);
  const type = body === undefined
    ? undefined
    : body instanceof Blob
    ? body.type
    : "application/json";
  const headings = Object.entries({ "content-type": type, ...options.headers });
  const response = await fetch(`${stack.url}/${path}`, {
    method,
    body,
    headers: headings.filter((heading): heading is [string, string] => heading[1] !== undefined),
    redirect: "manual",
  });
  const text = await response.text();
  const isJson = /[/+]json\b/.test(response.headers.get("content-type") ?? "");
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: (isJson && text !== "" ? JSON.parse(text) : undefined) as Body,
  };
}

/** Someone who calls: an API key or a member's token, sent with every call. */
export interface Client {
  get<Body>(path: string, headers?: Headings): Promise<Answer<Body>>;
  post<Body>(path: string, body: unknown, headers?: Headings): Promise<Answer<Body>>;
  delete<Body>(path: string, headers?: Headings): Promise<Answer<Body>>;
  call<Body>(method: string, path: string, options?: CallOptions): Promise<Answer<Body>>;
}

export function client(token: string): Client {
  const call = <Body>(method: string, path: string, options: CallOptions = {}) =>
    request<Body>(method, path, {
      ...options,
      headers: { authorization: `Bearer ${token}`, ...options.headers },
    });
  return {
    call,
    get: (path, headers) => call("GET", path, { headers }),
    post: (path, body, headers) => call("POST", path, { body, headers }),
    delete: (path, headers) => call("DELETE", path, { headers }),
  };
}

type Parameter = string | number | boolean | readonly string[] | undefined;

/** Parameters → a query; lists are repeated, undefined is left out. */
export function query(parameters: Record<string, Parameter>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    for (const item of Array.isArray(value) ? value : [value]) search.append(name, String(item));
  }
  return `?${search}`;
}
