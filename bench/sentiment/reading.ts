import type postgres from "postgres";
import { accuracyOf } from "./accuracy.ts";
import { type Language, type Level, readSamples, readUnknown, type SampleSet } from "./samples.ts";

interface Reading {
  level: Level;
  language: string | null;
}

async function read(sql: postgres.Sql, texts: string[]): Promise<Reading[]> {
  return await sql<Reading[]>`
    select private.sentiment_level(r.score)::text as level, r.language
    from jsonb_array_elements_text(${sql.json(texts)}) with ordinality as given (body, n)
    cross join lateral private.read_sentiment(given.body) as r
    order by given.n`;
}

/** How well the words of a language are read: accuracy, and how often the language was known. */
export async function measure(sql: postgres.Sql, set: SampleSet, language: Language) {
  const samples = await readSamples(set, language);
  const readings = await read(sql, samples.map(({ text }) => text));
  const pairs = samples.map(({ level }, i) => ({ level, read: readings[i].level }));
  const known = readings.filter((reading) => reading.language === language).length;
  return { ...accuracyOf(pairs), language: known / samples.length, samples: samples.length };
}

/** Of sentences in languages that are not read, how many are taken for none. */
export async function measureUnknown(sql: postgres.Sql): Promise<number> {
  const readings = await read(sql, await readUnknown());
  return readings.filter(({ language }) => language === null).length / readings.length;
}

/** Microseconds a message, the sentences of the labelled set over and over. */
export async function timeReading(sql: postgres.Sql, language: Language): Promise<number> {
  const texts = (await readSamples("labelled", language)).map(({ text }) => text);
  const times = 20;
  const took = async (rounds: number) => {
    const [{ ms }] = await sql<{ ms: number }[]>`
      with began as materialized (select clock_timestamp() as at),
      readings as materialized (
        select count((private.read_sentiment(body)).score) as n
        from began, generate_series(1, ${rounds}::int), jsonb_array_elements_text(${
      sql.json(texts)
    }) as body)
      select extract(epoch from clock_timestamp() - began.at)::float8 * 1000 as ms
      from began, readings where readings.n > 0`;
    return ms;
  };
  // The first reading of a session reads the lexicon.
  await took(1);
  return await took(times) * 1000 / (times * texts.length);
}
