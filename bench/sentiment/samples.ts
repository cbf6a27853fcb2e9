/** Sentences that customers write to businesses, with the mood that a person gave them. */
import { join } from "node:path";
import { ROOT } from "../../scripts/stack/files.ts";

/** From bad to good. */
export const LEVELS = [
  "very_negative",
  "negative",
  "neutral",
  "positive",
  "very_positive",
] as const;
export type Level = typeof LEVELS[number];

export const LANGUAGES = ["en", "es", "pt", "fr", "de"] as const;
export type Language = typeof LANGUAGES[number];

export interface Sample {
  text: string;
  level: Level;
}

/** `labelled`: what is measured; `tuning`: what the words and weights were tried on. */
export type SampleSet = "labelled" | "tuning";

/** A file has a line `== <level>` before the sentences of that level. */
export async function readSamples(set: SampleSet, language: Language): Promise<Sample[]> {
  const samples: Sample[] = [];
  let level: Level | undefined;
  for (const line of await linesOf(set, language)) {
    const heading = LEVELS.find((name) => line === `== ${name}`);
    if (heading) level = heading;
    else if (level) samples.push({ text: line, level });
    else throw new Error(`${set}/${language}.txt begins without a level.`);
  }
  return samples;
}

/** Sentences in languages that are not read. */
export function readUnknown(): Promise<string[]> {
  return linesOf("labelled", "unknown");
}

async function linesOf(set: SampleSet, name: string): Promise<string[]> {
  const path = join(ROOT, "bench", "sentiment", set, `${name}.txt`);
  return (await Deno.readTextFile(path)).split("\n").filter((line) => line !== "");
}
