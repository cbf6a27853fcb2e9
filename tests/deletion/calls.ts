/** Calls of a stack of a test's own. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  body: unknown;
}

export interface Client {
  get(path: string): Promise<Answer>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  delete(path: string): Promise<Answer>;
}

/** Calls with that token; `url` ends in /functions/v1. */
export function client(url: string, token: string): Client {
  const call = async (method: string, path: string, body?: unknown, headers = {}) => {
    const response = await fetch(`${url}/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    const { status, headers: given } = response;
    return { status, headers: given, text, body: text === "" ? undefined : JSON.parse(text) };
  };
  return {
    get: (path) => call("GET", path),
    post: (path, body, headers) => call("POST", path, body, headers),
    delete: (path) => call("DELETE", path),
  };
}

/** The deletion once it is through, asked for until then. */
export async function deletionEnds(calls: Client, receiptId: string): Promise<Deletion> {
  for (const deadline = Date.now() + 60_000;;) {
    const { body } = await calls.get(`delete-contacts?receipt_id=${receiptId}`);
    const { data } = body as { data: Deletion };
    if (data.status !== "running") return data;
    if (Date.now() > deadline) {
      throw new Error(`The deletion does not end: ${JSON.stringify(data)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export interface Deletion {
  receipt_id: string;
  status: "running" | "completed" | "failed";
  history: string;
  requested: number;
  deleted: number;
  files_left: number;
  actor: { type: string; id: string | null };
  requested_at: string;
  finished_at: string | null;
  not_found?: string[];
}
