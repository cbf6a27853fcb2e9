/** Senders that keep a server busy and remember what it told them. */
import assert from "node:assert/strict";
import type { Credentials } from "../../scripts/stack/credentials.ts";
import type { Kind } from "./kinds.ts";

/** What a request stores: a contact by its phone, messages by wamids or texts, statuses by both. */
export interface Stored {
  phones?: string[];
  wamids?: string[];
  /** Of messages that are sent. */
  bodies?: string[];
  statuses?: { wamid: string; status: string }[];
}

/** A request that can be sent again, byte for byte. */
export interface Sent {
  kind: Kind;
  path: string;
  headers: Record<string, string>;
  body: string;
  stores: Stored;
}

/** What became of it: an HTTP status, or 0 if the connection broke first. */
export interface Told extends Sent {
  status: number;
  /** Of the contact that it made. */
  contactId?: string;
  /** Of the message that it sends. */
  messageId?: string;
  /** Of a refusal. */
  code?: string;
  retryAfter?: string | null;
}

/** Sends it once. Whoever gets no answer within ten seconds has been left hanging: an error. */
export async function send({ url }: Credentials, request: Sent): Promise<Told> {
  try {
    const response = await fetch(`${url}/${request.path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...request.headers },
      body: request.body,
      signal: AbortSignal.timeout(10_000),
    });
    const { data, code } = await response.json();
    const retryAfter = response.headers.get("retry-after");
    const ids = { contactId: data?.id, messageId: data?.message?.id };
    return { ...request, status: response.status, ...ids, code, retryAfter };
  } catch (error) {
    if (error instanceof DOMException) throw new Error(`${request.path} was never answered`);
    return { ...request, status: 0 };
  }
}

export function isAcknowledged({ status }: Told): boolean {
  return [200, 201, 202].includes(status);
}

/** Whoever was refused was told that the database is away and when to come again. */
export function assertOnlyUnavailable(told: Told[]): void {
  const unavailable = { status: 503, code: "database_unavailable", retryAfter: "2" };
  for (const { status, code, retryAfter } of told.filter((one) => !isAcknowledged(one))) {
    assert.deepEqual({ status, code, retryAfter }, unavailable);
  }
}

export interface LoadOptions {
  /** What is sent, in turn. */
  kinds: readonly Kind[];
  senders?: number;
  /** From 0 up to 1, for all that is random about it. */
  random?: () => number;
}

/** Eight senders, until they are stopped. */
export function startLoad(
  credentials: Credentials,
  { kinds, senders = 8, random = Math.random }: LoadOptions,
) {
  const told: Told[] = [];
  let stopped = false;
  let turn = 0;
  const work = async (): Promise<void> => {
    while (!stopped) {
      const together = kinds[turn++ % kinds.length].make(credentials, random);
      const outcomes = await Promise.all(together.map((one) => send(credentials, one)));
      told.push(...outcomes);
      // As any client should, they wait a little before they knock again.
      if (!outcomes.every(isAcknowledged)) await pause(20);
    }
  };
  const working = Promise.all(Array.from({ length: senders }, work));
  return {
    /** What was told so far. */
    told,
    async stop(): Promise<Told[]> {
      stopped = true;
      await working;
      return told;
    },
  };
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits until so many requests have been acknowledged. */
export async function untilAcknowledged(told: Told[], count: number): Promise<void> {
  for (let waited = 0; told.filter(isAcknowledged).length < count; waited += 10) {
    assert.equal(waited < 20_000, true, "the load does not get through");
    await pause(10);
  }
}

/** Waits until so many requests in a row have been acknowledged from now on. */
export async function untilServed(told: Told[], count = 50): Promise<void> {
  const now = told.length;
  for (let waited = 0;; waited += 10) {
    if (told.length >= now + count && told.slice(-count).every(isAcknowledged)) return;
    assert.equal(waited < 20_000, true, "the load is not served");
    await pause(10);
  }
}

/**
 * Sends again what was not acknowledged, as Meta and any good client do; now all of it is. Once a
 * request, unless `times` says more: npm:postgres 3.4.9 answers the first query of a connection
 * that it made anew with the error that ended the one before, though the query itself went well.
 *
 * @returns what it was told at last.
 */
export async function sendAgain(
  credentials: Credentials,
  told: Told[],
  times = 1,
): Promise<Told[]> {
  const served: Told[] = [];
  let refused = told.filter((one) => !isAcknowledged(one));
  for (let time = 1; refused.length > 0; time++) {
    const again: Told[] = [];
    // A few at a time: after a long outage there are many.
    for (let from = 0; from < refused.length; from += 20) {
      const few = refused.slice(from, from + 20);
      again.push(...await Promise.all(few.map((one) => send(credentials, one))));
    }
    served.push(...again.filter(isAcknowledged));
    refused = again.filter((one) => !isAcknowledged(one));
    assertOnlyUnavailable(refused);
    assert.equal(refused.length > 0 && time === times, false, `refused ${time} times`);
  }
  return served;
}
