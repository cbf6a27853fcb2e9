/** What has to be there before a workspace can send: a number with a token, a person who wrote. */
import assert from "node:assert/strict";
import { delivered, person, text } from "../fixtures/whatsapp/delivery.ts";
import { deliver } from "../webhook/hook.ts";
import type { Client } from "./http.ts";
import type { Conversation, Data, Page } from "./types.ts";
import { uniquePhone } from "./unique.ts";
import type { Workspace } from "./workspace.ts";

export interface WhatsAppNumber {
  phone_number_id: string;
  waba_id: string | null;
  display_phone_number: string;
  verified_name: string | null;
  can_send: boolean;
  messages_per_second: number;
  history_phase: number | null;
  history_progress: number | null;
  created_at: string;
}

/** Registers a number, or gives it its token. */
export async function registerNumber(
  client: Client,
  phone_number_id: string,
): Promise<WhatsAppNumber> {
  const body = { phone_number_id, access_token: "EAAB-token" };
  const answer = await client.post<Data<WhatsAppNumber>>("whatsapp-numbers", body);
  assert.ok([200, 201].includes(answer.status), answer.text);
  return answer.body.data;
}

/** A conversation in which a person has just written to the workspace's number, which can answer. */
export async function openConversation(workspace: Workspace): Promise<Conversation> {
  await registerNumber(workspace.key, workspace.phoneNumberId);
  const digits = uniquePhone().slice(1);
  const timestamp = String(Math.floor(Date.now() / 1000));
  const messages = [text(digits, "Hello", { timestamp })];
  await deliver(delivered(workspace.phoneNumberId, { contacts: [person(digits)], messages }));
  const path = `conversations?search=${digits}`;
  const answer = await workspace.key.get<Page<Conversation>>(path);
  assert.equal(answer.body.data.length, 1, answer.text);
  return answer.body.data[0];
}
