/** Leadbase itself, asked for the same with an API key that may read and write contacts. */
import type { Credentials } from "../../../scripts/stack/credentials.ts";
import { importFile } from "../imports.ts";
import { byCase, call, type Peer, query, WANTED } from "./peer.ts";

export function leadbase({ url, api_key }: Credentials): Peer {
  const headers = { authorization: `Bearer ${api_key}` };
  const list = (filter: Record<string, string>) => ({
    method: "GET" as const,
    path: `/list-contacts${query({ limit: 50, ...filter })}`,
    headers,
  });
  const { status, commonTag, rareTag, word, created } = WANTED;
  return {
    name: "Leadbase",
    url,
    requests: byCase([
      list({}),
      list({ status, tags: commonTag }),
      list({ status, tags: rareTag }),
      list({ search: word }),
      {
        method: "POST",
        path: "/create-contact",
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify(created),
      },
    ]),
    importCsv: async (path) => void await importFile({ url, key: api_key, path }),
    count: async () => {
      const path = `${url}/list-contacts?limit=1&count=exact`;
      return (await call<{ total: number }>(path, "GET", headers)).total;
    },
    // Stopped with its stack.
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
