/** `deno task lexicon`: writes the migration of the sentiment lexicon from libraries and own words. */
import { join } from "node:path";
import { renderLexicon } from "./sentiment/migration.ts";
import { ROOT } from "./stack/files.ts";

export const LEXICON_PATH = join(ROOT, "supabase/migrations/20261101000815_sentiment_lexicon.sql");

if (import.meta.main) {
  await Deno.writeTextFile(LEXICON_PATH, await renderLexicon());
  console.log(LEXICON_PATH);
}
