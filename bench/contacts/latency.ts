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
  /**
   * The default page of the smallest place with as many rows as the largest answered: a filter that
   * few pass has shorter pages where there are fewer.
   */
  asLong: Latency;
}

/**
 * One request after the other, a case's in all places in turns: what disturbs the machine disturbs
 * them all.
 */
export async function compare(one: Case, places: Place[], asking: Asking): Promise<Compared> {
  let rows = 0;
  for (const place of places) {
    // Unmeasured: for the plans and the caches. The last answer is the largest place's.
    for (const path of one.paths) ({ rows } = await ask(place, path));
  }
  const asLong = {
    ...places[0],
    more: undefined,
    paths: [`/list-contacts?limit=${Math.max(rows, 1)}`],
  };
  const asked = [...places.map((place) => ({ ...place, paths: one.paths })), asLong]
    .map((place) => ({ place, times: [] as number[], spent: 0, rows: 0 }));
  for (let n = 0; n < asking.times; n++) {
    for (const seen of asked) {
      if (seen.spent > asking.budgetMs && seen.times.length >= LEAST) continue;
      const { paths } = seen.place;
      const { took, rows } = await ask(seen.place, paths[n % paths.length]);
      seen.times.push(took);
      seen.spent += took;
      seen.rows += rows;
    }
  }
  const all = asked.map(({ times, rows }) => latencyOf(times, rows));
  return { latencies: all.slice(0, -1), asLong: all[all.length - 1] };
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
