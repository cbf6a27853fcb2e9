/** Where the time of a delivery goes: HTTP, commit, and in Postgres the functions. */
import type postgres from "postgres";
import { median } from "../figures.ts";
import { addTo, type FunctionTimes, functionTimes, since } from "./function_times.ts";
import type { IngestOptions } from "./options.ts";
import { BATCHES, printHead, printRow } from "./rounds.ts";
import { ingestAlone, openSession } from "./session.ts";
import type { Traffic } from "./traffic.ts";

/** Milliseconds a delivery, alone on the machine: nobody is in its way. */
interface Profile {
  /** The POST, over one connection. */
  post: number;
  /** The statement that it makes. */
  statement: number;
  /** The same without waiting for the disk. */
  unsynced: number;
  /** By name; a delivery's calls, and what they take themselves without those that they call. */
  functions: FunctionTimes;
}

// Deliveries a round, for every batch size.
const POSTS: Record<number, number> = { 1: 400, 10: 200, 100: 60 };
const SHOWN = 15;

export async function printProfile(traffic: Traffic, options: IngestOptions): Promise<void> {
  for (const batch of BATCHES) {
    const { post, statement, unsynced, functions } = await profile(traffic, batch, options);
    const times = [...functions].sort(([, a], [, b]) => b.self - a.self);
    const inside = sum(times);
    console.log(`\n${batch} ${batch === 1 ? "update" : "updates"} a POST, ms a delivery:\n`);
    printHead("where", "calls", "ms", "share");
    const line = (name: string, calls: string, ms: number) =>
      printRow(name, calls, ms.toFixed(3), `${Math.round(100 * ms / post)} %`);
    line("the whole POST", "", post);
    line("HTTP, signature, countries, sending", "", post - statement);
    line("waiting for the disk at commit", "", statement - unsynced);
    line("the statement outside its functions", "", unsynced - inside);
    for (const [name, { calls, self }] of times.slice(0, SHOWN)) {
      line(`\`${name}\``, calls.toFixed(1), self);
    }
    line(`${Math.max(times.length - SHOWN, 0)} other functions`, "", sum(times.slice(SHOWN)));
  }
}

function sum(times: [string, { self: number }][]): number {
  return times.reduce((total, [, { self }]) => total + self, 0);
}

/** In turns, since the machine is another one a minute later. */
async function profile(traffic: Traffic, batch: number, options: IngestOptions): Promise<Profile> {
  const rounds: Round[] = [];
  await traffic.prepare((options.rounds + 1) * 4 * POSTS[batch] * batch);
  await using session = await openSession(traffic);
  for (let round = 0; round <= options.rounds; round++) {
    rounds.push(await oneRound(traffic, session.sql, batch));
  }
  // The first one was for the plans of the sessions.
  rounds.shift();
  const middle = (time: "post" | "statement" | "unsynced") => median(rounds.map((r) => r[time]));
  const unsynced = middle("unsynced");
  // The timed run tells shares, the others milliseconds: taking the times costs time itself, and
  // on a busy machine one run is slower than the next.
  const slowed = rounds.reduce((total, { tracked }) => total + tracked, 0) / rounds.length;
  const functions: FunctionTimes = new Map();
  for (const { times } of rounds) {
    addTo(functions, times, 1 / POSTS[batch] / rounds.length, unsynced / slowed);
  }
  return { post: middle("post"), statement: middle("statement"), unsynced, functions };
}

interface Round extends Omit<Profile, "functions"> {
  /** `unsynced`, while functions are timed, and what that showed. */
  tracked: number;
  times: FunctionTimes;
}

async function oneRound(traffic: Traffic, sql: postgres.Sql, batch: number): Promise<Round> {
  const take = () => traffic.take(POSTS[batch], batch);
  const { perSecond } = await traffic.deliver(take(), 1);
  const statement = await ingestAlone(sql, take());
  await sql`set synchronous_commit = off`;
  const unsynced = await ingestAlone(sql, take());
  await sql`set track_functions = 'all'`;
  const before = await functionTimes(sql);
  const tracked = await ingestAlone(sql, take());
  const times = since(before, await functionTimes(sql));
  await sql`reset track_functions`;
  await sql`reset synchronous_commit`;
  return { post: batch * 1000 / perSecond, statement, unsynced, tracked, times };
}
