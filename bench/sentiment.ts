/** How well the moods of messages are read, and what that costs. */
import { join } from "node:path";
import postgres from "postgres";
import { spawnStack } from "../scripts/spawn.ts";
import { measure, measureUnknown, timeReading } from "./sentiment/reading.ts";
import { LANGUAGES } from "./sentiment/samples.ts";

export async function benchSentiment(): Promise<void> {
  const temp = await Deno.makeTempDir({ prefix: "leadbase-sentiment-" });
  const stack = await spawnStack({ data: join(temp, "data") });
  const sql = postgres(stack.credentials.database_url, { max: 1, onnotice: () => {} });
  try {
    console.log("| language | sentences | 3 classes | 5 levels | macro-F1 | language known | µs |");
    console.log("|---|---|---|---|---|---|---|");
    for (const language of LANGUAGES) {
      const found = await measure(sql, "labelled", language);
      const shares = [found.three, found.five, found.macroF1, found.language]
        .map((share) => share.toFixed(3));
      const cost = Math.round(await timeReading(sql, language));
      console.log(`| ${language} | ${found.samples} | ${shares.join(" | ")} | ${cost} |`);
    }
    const unknown = await measureUnknown(sql);
    console.log(`\nOf other languages' sentences ${(100 * unknown).toFixed(1)} % are not read.`);
  } finally {
    await sql.end({ timeout: 5 });
    await stack.stop();
    await Deno.remove(temp, { recursive: true });
  }
}
