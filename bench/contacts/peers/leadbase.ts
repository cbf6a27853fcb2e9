/**
 * Leadbase itself, asked for the same with an API key that may read and write contacts. Callers who
 * ask the same at the same time share an answer; `alike: false` has each ask for a list of its own.
 */
import type { Credentials } from "../../../scripts/stack/credentials.ts";
import { importFile } from "../imports.ts";
import { byCase, call, type Peer, query, WANTED } from "./peer.ts";

export function leadbase({ url, api_key }: Credentials, { alike = true } = {}): Peer {
  const headers = { authorization: `Bearer ${api_key}` };
  const list = (filter: Record<string, string>) => ({
    method: "GET" as const,
    path: `/list-contacts${query({ limit: 50, ...filter })}` +
      // Everybody was created before.
      (alike ? "" : "&created_to=9999-01-01T00:00:00.{n}Z"),
    headers,
  });
  const { status, commonTag, rareTag, word, created } = WANTED;
  return {
    name: alike ? "Leadbase" : "Leadbase, no two alike",
    url,
    requests: byCase([
      list({}),
      list({ status, tags: commonTag }),
      list({ status, tags: rareTag }),
      list({ search: word }),
      // No two of these are alike anyway.
      alike
        ? {
          method: "POST",
          path: "/create-contact",
          headers: { ...headers, "content-type": "application/json" },
          body: JSON.stringify(created),
        }
        : undefined,
    ]),
    importCsv: alike
      ? async (path) => void await importFile({ url, key: api_key, path })
      : undefined,
    count: async () => {
      const path = `${url}/list-contacts?limit=1&count=exact`;
      return (await call<{ total: number }>(path, "GET", headers)).total;
    },
    // Stopped with its stack.
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
