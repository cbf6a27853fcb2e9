/** Fetches what people sent: a few files at a time, each claimed in Postgres, checked, stored. */
import { database, json } from "./database.ts";
import { mediaMaxBytes } from "./env.ts";
import { check, MediaFault, type Passed, tooLarge } from "./media_check.ts";
import { describeMedia, openMedia } from "./media_source.ts";
import type { MediaStore } from "./media_store.ts";
import { mediaStore } from "./media_stores.ts";
import { open } from "./secret_box.ts";

const LANES = 4;
// Less than the lease of a claim: who holds one is done before somebody else may take it.
const LONGEST_MS = 110_000;
const IDLE_MS = 500;

/** A row of `private.claim_media`. */
interface Claim {
  id: string;
  storage_path: string;
  phone_number_id: string;
  sealed_token: Uint8Array;
  whatsapp_media_id: string;
  sha256: string | null;
  attempt: number;
}

/**
 * Fetches all media that are due and removes the files of messages that are gone.
 *
 * @param signal breaks off; what was begun is due again at once
 * @returns how many files were dealt with, well or not
 */
export async function fetchMedia({ signal }: { signal: AbortSignal }): Promise<number> {
  const store = mediaStore();
  const busy = new Set<string>();
  // A lane that fails takes no other along: what they fetch is not to be begun anew.
  const lanes = await Promise.allSettled(
    Array.from({ length: LANES }, () => lane(store, busy, signal)),
  );
  let count = 0;
  for (const done of lanes) {
    if (done.status === "rejected") throw done.reason;
    count += done.value;
  }
  return count + await removeFiles(store);
}

/** One file after the other; a free lane stays as long as others work, for what comes meanwhile. */
async function lane(store: MediaStore, busy: Set<string>, signal: AbortSignal): Promise<number> {
  let count = 0;
  while (!signal.aborted) {
    const [claim] = await database()<Claim[]>`select * from private.claim_media(1)`;
    if (claim) {
      busy.add(claim.id);
      await handle(store, claim, signal).finally(() => busy.delete(claim.id));
      count++;
    } else if (busy.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    } else break;
  }
  return count;
}

async function handle(store: MediaStore, claim: Claim, signal: AbortSignal): Promise<void> {
  const outcome = await attempt(store, claim, signal);
  const db = database();
  const [{ wanted }] = await db<{ wanted: boolean }[]>`
    select private.finish_media(
      ${claim.id}::uuid, ${json(db, { attempt: claim.attempt, ...outcome })}::jsonb) as wanted`;
  if (!wanted) await store.remove(claim.storage_path);
}

/** What `private.finish_media` is told. */
type Outcome =
  | { stored: { sha256: string; size_bytes: number; mime_type: string | null } }
  | { failed: { code: string; title: string } }
  | { retry: { code: string; title: string }; after_seconds?: number };

async function attempt(store: MediaStore, claim: Claim, signal: AbortSignal): Promise<Outcome> {
  try {
    const { sha256, sizeBytes, mimeType } = await transfer(
      store,
      claim,
      AbortSignal.any([signal, AbortSignal.timeout(LONGEST_MS)]),
    );
    return { stored: { sha256, size_bytes: sizeBytes, mime_type: mimeType ?? null } };
  } catch (error) {
    if (signal.aborted) {
      return { retry: { code: "interrupted", title: "The server stopped." }, after_seconds: 0 };
    }
    if (!(error instanceof MediaFault)) {
      console.error(`Media ${claim.id} could not be fetched:`, error);
      return { retry: { code: "interrupted", title: "The transfer did not come to its end." } };
    }
    const { code, title, more } = error;
    if (more.final) return { failed: { code, title } };
    return { retry: { code, title }, after_seconds: more.afterSeconds };
  }
}

async function transfer(
  store: MediaStore,
  claim: Claim,
  signal: AbortSignal,
): Promise<Passed & { mimeType?: string }> {
  const token = await unseal(claim);
  const { phone_number_id: phoneNumberId, whatsapp_media_id: mediaId } = claim;
  const told = await describeMedia({ mediaId, phoneNumberId, token, signal });
  const limit = mediaMaxBytes();
  if (told.fileSize !== undefined && told.fileSize > limit) throw tooLarge(limit);
  const bytes = await openMedia(told.url, token, signal);
  const hashes = [claim.sha256, told.sha256].filter((hash) => hash !== null && hash !== undefined);
  const { stream, passed, fault } = check(bytes, limit, hashes, signal);
  try {
    await store.write(claim.storage_path, stream, signal);
  } catch (error) {
    throw fault() ?? error;
  }
  const whole = passed();
  if (!whole) throw new Error("The store took less than everything.");
  return { ...whole, mimeType: told.mimeType };
}

async function unseal({ sealed_token, phone_number_id }: Claim): Promise<string> {
  try {
    return await open(sealed_token, phone_number_id);
  } catch (error) {
    // Whoever runs the service can bring the key back.
    console.error(`The access token of ${phone_number_id} cannot be used:`, error);
    throw new MediaFault("token_unreadable", "The number's access token cannot be read.", {
      afterSeconds: 600,
    });
  }
}

async function removeFiles(store: MediaStore): Promise<number> {
  const rows = await database()<{ path: string }[]>`
    select path from private.claim_media_removals(100) as path`;
  const gone: string[] = [];
  for (const { path } of rows) {
    await store.remove(path);
    gone.push(path);
  }
  if (gone.length > 0) {
    const list = json(database(), gone);
    await database()`
      select private.finish_media_removals(array(select jsonb_array_elements_text(${list}::jsonb)))`;
  }
  return gone.length;
}
