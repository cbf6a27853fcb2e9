/** Senders that keep a server busy and remember what it told them. */
import assert from "node:assert/strict";
import type { Credentials } from "../../scripts/stack/credentials.ts";
import { delivered, person, sign, text } from "../fixtures/whatsapp/delivery.ts";
import { uniquePhone } from "../support/unique.ts";

/** A request that can be sent again, byte for byte. */
export interface Sent {
  path: string;
  headers: Record<string, string>;
  body: string;
  /** What it stores: a message by its wamid, or a contact by its phone. */
  stores: { wamid: string } | { phone: string };
}

/** What became of it: an HTTP status, or 0 if the connection broke first. */
export interface Told extends Sent {
  status: number;
  /** Of the contact that it made. */
  contactId?: string;
  /** Of a refusal. */
  code?: string;
  retryAfter?: string | null;
}

/** The people who write: few, so that senders meet at the same rows. */
const PEOPLE = Array.from({ length: 10 }, (_, n) => `1604555020${n}`);

export function newMessage({ whatsapp }: Credentials): Sent {
  const waId = PEOPLE[Math.floor(Math.random() * PEOPLE.length)];
  const message = text(waId, "Hi");
  const parts = { contacts: [person(waId, "Ana")], messages: [message] };
  const body = JSON.stringify(delivered(whatsapp.phone_number_id, parts));
  return {
    path: "whatsapp-webhook",
    headers: { "x-hub-signature-256": sign(body, whatsapp.app_secret) },
    body,
    stores: { wamid: message.id },
  };
}

export function newContact({ api_key }: Credentials): Sent {
  const phone = uniquePhone();
  return {
    path: "create-contact",
    headers: { authorization: `Bearer ${api_key}`, "idempotency-key": crypto.randomUUID() },
    body: JSON.stringify({ phone, name: "Load" }),
    stores: { phone },
  };
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
    return { ...request, status: response.status, contactId: data?.id, code, retryAfter };
  } catch (error) {
    if (error instanceof DOMException) throw new Error(`${request.path} was never answered`);
    return { ...request, status: 0 };
  }
}

export function isAcknowledged({ status }: Told): boolean {
  return status === 200 || status === 201;
}

/** Eight senders, until they are stopped or the server has been away for all of them. */
export function startLoad(credentials: Credentials, senders = 8) {
  const told: Told[] = [];
  let stopped = false;
  const work = async (): Promise<void> => {
    while (!stopped) {
      const next = told.length % 2 ? newMessage(credentials) : newContact(credentials);
      const outcome = await send(credentials, next);
      told.push(outcome);
      // As any client should, they wait a little before they knock again.
      if (!isAcknowledged(outcome)) await pause(20);
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
