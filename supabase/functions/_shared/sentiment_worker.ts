/** Has a language model, if one is configured, read what the words have read first. */
import { database, json } from "./database.ts";
import { type SentimentModel, sentimentModel } from "./env.ts";
import { type Mood, readMoods, type Unread } from "./sentiment_model.ts";

const AT_ONCE = 20;
// A model that does not answer is left alone for a while, whatever else has become due.
const REST_MS = 10_000;

/** A row of `private.claim_sentiment`. */
interface Claim extends Unread {
  id: string;
  attempt: number;
}

let restsUntil = 0;

/**
 * Reads all messages that are due.
 *
 * @param signal nothing more is begun, and what was begun is broken off
 * @returns how many messages the model has read
 */
export async function readSentiment({ signal }: { signal: AbortSignal }): Promise<number> {
  const model = sentimentModel();
  await database()`select private.use_sentiment_model(${model !== undefined}::boolean)`;
  let count = 0;
  while (model && !signal.aborted && Date.now() >= restsUntil) {
    const claims = await database()<
      Claim[]
    >`select * from private.claim_sentiment(${AT_ONCE}::int)`;
    if (claims.length === 0) break;
    const read = await Promise.all(partsOf(claims).map((part) => readPart(model, part, signal)));
    count += read.reduce((sum, one) => sum + one, 0);
  }
  return count;
}

/** Together at first; what was in a batch that failed is tried alone, lest one spoil it for all. */
function partsOf(claims: Claim[]): Claim[][] {
  const fresh = claims.filter(({ attempt }) => attempt === 1);
  const again = claims.filter(({ attempt }) => attempt > 1).map((claim) => [claim]);
  return fresh.length > 0 ? [fresh, ...again] : again;
}

async function readPart(
  model: SentimentModel,
  claims: Claim[],
  signal: AbortSignal,
): Promise<number> {
  const moods = await readMoods(model, claims, signal).catch(giveUp);
  await finish(claims, moods);
  return moods?.length ?? 0;
}

function giveUp(error: unknown): undefined {
  restsUntil = Date.now() + REST_MS;
  // The name only: what could not be read is quoted in messages, and people wrote it.
  console.error(`A language model could not read messages (${(error as Error).name}).`);
}

async function finish(claims: Claim[], moods: Mood[] | undefined): Promise<void> {
  const db = database();
  const attempts = claims.map(({ id, attempt }) => ({ id, attempt }));
  const readings = moods?.map((mood, i) => ({ ...attempts[i], ...mood })) ?? [];
  const failed = moods ? [] : attempts;
  await db`select private.finish_sentiment(${json(db, readings)}::jsonb, ${
    json(db, failed)
  }::jsonb)`;
}
