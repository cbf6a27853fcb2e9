/** Handing a signed delivery to Postgres. */
import { Batches } from "../_shared/batches.ts";
import { database, json, retrying } from "../_shared/database.ts";
import { sentimentModel } from "../_shared/env.ts";
import { ApiError, toProblem } from "../_shared/errors.ts";
import { nudge } from "../_shared/jobs.ts";
import { decodeUtf8, parseText } from "../_shared/request.ts";
import { replaceUnstorable } from "../_shared/text.ts";
import { countriesOf } from "./countries.ts";

/**
 * Stores a delivery and everything in it, in one transaction. When this returns it is committed.
 *
 * @throws ApiError 400 `malformed_json`, once the bytes are recorded; errors of Postgres, for which
 * Meta is to send the delivery again
 */
export async function ingest(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  try {
    const text = decodeUtf8(bytes);
    const countries = countriesOf(parseText(text));
    const storable = replaceUnstorable(text);
    await store(storable, countries, storable === text && !hasByteOrderMark(bytes) ? null : bytes);
    // What every file has, or every message; the workers themselves look into the database.
    if (text.includes('"mime_type"') || sentimentModel() && text.includes('"messages"')) nudge();
  } catch (error) {
    const reason = whyUnusable(error);
    if (reason === undefined) throw error;
    await record(bytes, reason);
    throw new ApiError("malformed_json", undefined, { cause: error });
  }
}

interface Delivery {
  text: string;
  countries: Record<string, string>;
}

// Characters of some thirty updates: storing those costs as much as a batch does by itself.
const WORTH = 25_000;

const batches = new Batches<Delivery, undefined>(storeTogether, (error) => !isPassing(error), {
  worth: WORTH,
});

// Characters; a hosted function has 256 MB for everything.
const MOST_WAITING = 30_000_000;

// JSON holds no such character but escaped.
const SEPARATOR = "\u001e";

async function storeTogether(deliveries: readonly Delivery[]): Promise<undefined[]> {
  const db = database();
  const texts = deliveries.map(({ text }) => text).join(SEPARATOR);
  const countries = Object.assign({}, ...deliveries.map((delivery) => delivery.countries));
  await retrying(() =>
    db`select private.ingest_whatsapp_deliveries(${texts}::text, ${json(db, countries)}::jsonb)`
  );
  return deliveries.map(() => undefined);
}

/** `raw` is kept instead of the text where that is not all that came. */
async function store(
  text: string,
  countries: Record<string, string>,
  raw: Uint8Array<ArrayBuffer> | null,
): Promise<void> {
  if (raw === null) {
    // Meta sends it again; a process that runs out of memory loses what others wait for as well.
    if (batches.size > MOST_WAITING) throw new ApiError("database_unavailable");
    return await batches.add({ text, countries }, text.length);
  }
  const db = database();
  await retrying(() =>
    db`
      select private.ingest_whatsapp(
        ${text}::text, ${json(db, countries)}::jsonb, ${raw}::bytea)`
  );
}

// Decoding takes it off.
function hasByteOrderMark([first, second, third]: Uint8Array): boolean {
  return first === 0xef && second === 0xbb && third === 0xbf;
}

async function record(bytes: Uint8Array<ArrayBuffer>, reason: string): Promise<void> {
  await database()`select private.record_rejected_delivery(${bytes}::bytea, ${reason}::text)`;
}

/** Whether the same may succeed later: what came with it is not the reason. */
function isPassing(error: unknown): boolean {
  return ["try_again", "timeout", "database_unavailable"].includes(toProblem(error).code);
}

/**
 * What is wrong with a body that no further try will store; undefined if one may. Some JSON is
 * beyond jsonb, such as a number of a million digits or a nesting of ten thousand lists.
 */
function whyUnusable(error: unknown): string | undefined {
  if (error instanceof ApiError) {
    return error.problem.code === "malformed_json" ? error.problem.detail : undefined;
  }
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" && /^(22|54)\w{3}$/.test(code)
    ? `Postgres cannot hold it (${code})`
    : undefined;
}
