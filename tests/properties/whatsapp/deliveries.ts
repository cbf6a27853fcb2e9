/** Telling a story to a workspace. */
import assert from "node:assert/strict";
import type { Sql } from "../../support/database.ts";
import { countriesOf } from "../../../supabase/functions/whatsapp-webhook/countries.ts";
import { deliver } from "../../webhook/hook.ts";
import { send, type Stage } from "./stage.ts";
import { deliveryOf, type Parts } from "./tellings.ts";

/** How deliveries are made: as Meta does over HTTP, or by the statement that the webhook makes. */
export interface Manner {
  packed: boolean;
  overHttp: boolean;
}

interface Outcome {
  failed: number;
  batch_error?: string;
}

export async function tellAll(sql: Sql, stage: Stage, parts: Parts, manner: Manner): Promise<void> {
  for (const part of parts) {
    await Promise.all(
      part.map((places) => tellOnce(sql, stage, places, manner, part.length === 1)),
    );
  }
}

/** One delivery with what was heard of, after what we have sent meanwhile. */
async function tellOnce(
  sql: Sql,
  stage: Stage,
  places: number[],
  { packed, overHttp }: Manner,
  isAlone: boolean,
): Promise<void> {
  const { story, cast } = stage;
  const heard: number[] = [];
  for (const place of places) {
    const happening = story.happenings[place];
    if (happening.kind !== "send") heard.push(place);
    else await again(() => send(sql, stage, happening.outbound));
  }
  if (heard.length === 0) return;
  const body = deliveryOf(story, heard, cast, packed);
  if (overHttp) return await deliver(body);
  const text = JSON.stringify(body);
  const countries = countriesOf(JSON.parse(text));
  const [{ outcome }] = await again(() =>
    sql<{ outcome: Outcome }[]>`
      select private.ingest_whatsapp(${text}, ${sql.json(countries)}) as outcome`
  );
  assert.equal(outcome.failed, 0, text);
  // Where nobody merges contacts meanwhile, nothing needs the slow way.
  if (isAlone) assert.equal(outcome.batch_error, undefined, text);
}

// A deadlock, or a contact that has gone up in another one just before the commit.
const TRANSIENT = new Set(["40P01", "40001", "23503"]);

/** As the webhook and Meta do: what may go better is tried again. */
async function again<Result>(run: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1;; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (attempt === 5 || !TRANSIENT.has((error as { code: string }).code)) throw error;
    }
  }
}
