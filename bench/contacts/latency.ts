/** How long single requests take, of several stacks in turns. */
import { percentile } from "../figures.ts";
import type { Case } from "./cases.ts";

export interface Place {
  /** Of the functions. */
  url: string;
  key: string;
  /** What is added to every path: a cursor, which belongs to its place. */
  more?: string;
}

/** What one case showed in one place. Milliseconds. */
export interface Latency {
  p50: number;
  p95: number;
  /** How many records the answers had, on average: how much had to be rendered. */
  rows: number;
}

export interface Asking {
  /** Answers that count, unless they take too long. */
  times: number;
  /** For all of a case in one place. */
  budgetMs: number;
}

const LEAST = 8;

/** A case in several places, from the smallest to the largest. */
export interface Compared {
  latencies: Latency[];
}

/**
 * One request after the other, a case's in all places in turns: what disturbs the machine disturbs
 * them all.
 */
export async function compare(one: Case, places: Place[], asking: Asking): Promise<Compared> {
  for (const place of places) {
    // Unmeasured: for the plans and the caches.
    for (const path of one.paths) await ask(place, path);
  }
  const asked = places.map((place) => ({ place, times: [] as number[], spent: 0, rows: 0 }));
  for (let n = 0; n < asking.times; n++) {
    for (const seen of asked) {
      if (seen.spent > asking.budgetMs && seen.times.length >= LEAST) continue;
      const { took, rows } = await ask(seen.place, one.paths[n % one.paths.length]);
      seen.times.push(took);
      seen.spent += took;
      seen.rows += rows;
    }
  }
  return { latencies: asked.map(({ times, rows }) => latencyOf(times, rows)) };
}

function latencyOf(times: number[], rows: number): Latency {
  const sorted = times.toSorted((a, b) => a - b);
  const [p50, p95] = [0.5, 0.95].map((share) => percentile(sorted, share));
  return { p50, p95, rows: Math.round(rows / times.length) };
}

/** @throws unless it is a success */
async function ask(
  { url, key, more = "" }: Place,
  path: string,
): Promise<{ took: number; rows: number }> {
  const began = performance.now();
  const answer = await fetch(url + path + more, { headers: { authorization: `Bearer ${key}` } });
  const text = await answer.text();
  const took = performance.now() - began;
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
  return { took, rows: path.startsWith("/list-contacts") ? JSON.parse(text).data.length : 0 };
}

/** The cursor half-way through a sort, from page to page as a client gets it. */
export async function middleCursor(
  { url, key }: Place,
  sort: string,
  contacts: number,
): Promise<string> {
  const size = 200;
  let cursor = "";
  for (let read = 0; read < contacts / 2; read += size) {
    const path = `/list-contacts?limit=${size}&sort=${sort}${cursor && `&cursor=${cursor}`}`;
    const answer = await fetch(url + path, { headers: { authorization: `Bearer ${key}` } });
    const { next_cursor } = await answer.json();
    if (!next_cursor) throw new Error(`Only ${read + size} contacts by ${sort}.`);
    cursor = encodeURIComponent(next_cursor);
  }
  return cursor;
}
