/** Files as export-contacts gives them out, read by a parser that is not ours. */
import { parse } from "csv-parse/sync";
import assert from "node:assert/strict";
import type { Client } from "./http.ts";
import { stack } from "./stack.ts";
import type { Contact } from "./types.ts";

/** A row by its columns, as the file has it; an empty cell is "". */
export type Row = Record<string, string>;

export function parseCsv(text: string): Row[] {
  return parse(text, { bom: true, columns: true, record_delimiter: "\r\n" });
}

/** The rows of an export, which has to succeed. */
export async function exportRows(client: Client, query = ""): Promise<Row[]> {
  const answer = await client.get(`export-contacts${query}`);
  assert.equal(answer.status, 200, answer.text);
  return parseCsv(answer.text);
}

/** An export whose bytes have not been read yet. */
export async function startExport(token: string, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(`${stack.url}/export-contacts`, {
    headers: { authorization: `Bearer ${token}` },
    signal,
  });
  assert.equal(response.status, 200);
  return response;
}

/** What the cells of a contact have to be before the formula guard. */
export function cellsOf(contact: Contact): Row {
  const cells = Object.entries(contact).map(([name, value]) => [name, cellOf(value)]);
  return Object.fromEntries(cells);
}

function cellOf(value: unknown): string {
  if (value === null) return "";
  if (Array.isArray(value)) return value.map(itemOf).join(";");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function itemOf(item: string): string {
  return /[;,"]|:::|^\* /.test(item) || item !== item.trim()
    ? `"${item.replaceAll('"', '""')}"`
    : item;
}
