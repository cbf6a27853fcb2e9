import { execute } from "./rows.ts";
import type { LoadRequest } from "../../run_load.ts";

/** The cases, in the order of the table. */
export const CASES = [
  "newest 50",
  "status and a tag of 25 %",
  "status and a tag of 1 %",
  "word in the name",
  "create",
] as const;

/** What the cases look for; every product gets the same. */
export const WANTED = {
  status: "contacted",
  commonTag: "newsletter",
  rareTag: "VIP",
  word: "kowalska",
  /** `{n}` is a number of its own for every request. */
  created: { phone: "+4930{n}", name: "Contact {n}", email: "c{n}@bench.example" },
} as const;

/** A product with the rows in it, serving. */
export interface Peer extends AsyncDisposable {
  name: string;
  url: string;
  /** A case that is not there is left out. */
  requests: Record<typeof CASES[number], LoadRequest | undefined>;
  /** Imports a CSV file of contacts; resolves when all are there. Absent if it cannot. */
  importCsv?(path: string): Promise<void>;
  /** How many contacts there are. */
  count(): Promise<number>;
}

export interface PeerOptions {
  /** The superuser's address of the cluster, and our own database of it. */
  adminUrl: string;
  /** For whatever the product keeps on disk. */
  folder: string;
}

const PASSWORD = "bench-password-1";

/** A database of its own on the cluster, with an owner of its own; → the address. */
export async function makeDatabase(adminUrl: string, name: string): Promise<string> {
  await execute(adminUrl, [
    `create role ${name}_bench login password '${PASSWORD}'`,
    `create database ${name} owner ${name}_bench`,
  ]);
  const url = new URL(adminUrl);
  url.username = `${name}_bench`;
  url.password = PASSWORD;
  url.pathname = `/${name}`;
  // Whatever a sensible person would add to it, the superuser may.
  const admin = new URL(adminUrl);
  admin.pathname = `/${name}`;
  await execute(admin.href, ["create extension pg_trgm"]);
  return url.href;
}

/** JSON to and from a peer's own API. @throws unless it is a success */
export async function call<T>(
  url: string,
  method: string,
  headers: Record<string, string>,
  body?: unknown,
): Promise<T> {
  const answer = await fetch(url, {
    method,
    headers: { "content-type": "application/json", ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
  return JSON.parse(text || "null");
}

/** `{ limit: 50 }` → `?limit=50` */
export function query(parameters: Record<string, string | number>): string {
  const spelled = Object.entries(parameters).map(([name, value]) => [name, String(value)]);
  return `?${new URLSearchParams(spelled)}`;
}

/** Requests in the order of the cases. */
export function byCase(requests: (LoadRequest | undefined)[]): Peer["requests"] {
  return Object.fromEntries(CASES.map((name, n) => [name, requests[n]])) as Peer["requests"];
}

/** Asks once for a page → how many contacts are on it. @throws unless it is a success */
export async function pageLength(
  url: string,
  { method, path, headers }: LoadRequest,
): Promise<number> {
  const asked = url + path.replaceAll("{n}", "0");
  const answer = await call<{ data?: unknown[]; results?: unknown[] }>(asked, method, headers);
  return (answer.data ?? answer.results ?? []).length;
}
