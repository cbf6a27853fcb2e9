/** Import and export beside COPY of the same rows, and what they cost the server in memory. */
import { median } from "../figures.ts";
import type { SpawnedStack } from "../../scripts/spawn.ts";
import { DEMO } from "../../scripts/stack/seed.ts";
import { copyIn, copyOut, writeCopies } from "./copies.ts";
import { writeCsv } from "./csv.ts";
import { importFile } from "./imports.ts";
import { growthDuring } from "./memory.ts";
import type { ContactsOptions } from "./options.ts";
import { withStack } from "./stacks.ts";
import { table, times } from "./table.ts";

const MOST_IMPORT = 3;
const LEAST_EXPORT = 0.5;
const MOST_MEGABYTES = 64;

/** Seconds of ours and of Postgres' own, and how the server grew. */
interface Round {
  ours: number;
  copy: number;
  megabytes?: number;
}

export async function benchFiles(options: ContactsOptions): Promise<void> {
  const contacts = options.contacts[options.contacts.length - 1];
  // Never kept: it grows by every import.
  await withStack({ contacts }, async (stack, folder) => {
    await importOnce(stack, folder, { rows: 1000, round: 0 });
    const imports: Round[] = [];
    const exports: Round[] = [];
    for (let round = 1; round <= options.rounds; round++) {
      exports.push(await exportOnce(stack));
      imports.push(await importOnce(stack, folder, { rows: options.imported, round }));
    }
    print(options, imports, exports);
  });
}

async function importOnce(
  { adminDatabaseUrl, credentials, pid }: SpawnedStack,
  folder: string,
  { rows, round }: { rows: number; round: number },
): Promise<Round> {
  // Numbers that nobody has yet, seven digits behind each.
  const prefix = `+4917${round}`;
  const csv = `${folder}/${round}.csv`;
  await writeCsv({ databaseUrl: adminDatabaseUrl, path: csv, rows, prefix });
  const { url, api_key: key } = credentials;
  const began = performance.now();
  const { result, megabytes } = await growthDuring(pid, () => importFile({ url, key, path: csv }));
  const ours = (performance.now() - began) / 1000;
  if (result.created !== rows) throw new Error(`Imported: ${JSON.stringify(result)}`);
  const path = `${folder}/${round}.copy`;
  const workspaceId = DEMO.otherWorkspaceId;
  const columns = await writeCopies(adminDatabaseUrl, { path, prefix, workspaceId });
  return { ours, megabytes, copy: await copyIn(adminDatabaseUrl, path, columns) };
}

async function exportOnce({ adminDatabaseUrl, credentials, pid }: SpawnedStack): Promise<Round> {
  const headers = { authorization: `Bearer ${credentials.api_key}` };
  const began = performance.now();
  const { megabytes } = await growthDuring(pid, async () => {
    const answer = await fetch(`${credentials.url}/export-contacts`, { headers });
    if (!answer.ok) throw new Error(`export-contacts: ${answer.status} ${await answer.text()}`);
    for await (const _ of answer.body!);
  });
  const ours = (performance.now() - began) / 1000;
  return { ours, megabytes, copy: await copyOut(adminDatabaseUrl, credentials.workspace_id) };
}

function print(options: ContactsOptions, imports: Round[], exports: Round[]): void {
  const middle = (rounds: Round[], figure: "ours" | "copy") => median(rounds.map((r) => r[figure]));
  // The worst of them: memory that is not given back is gone.
  const grown = (rounds: Round[]) => Math.max(...rounds.map((r) => r.megabytes ?? NaN));
  const into = middle(imports, "ours") / middle(imports, "copy");
  const out = middle(exports, "copy") / middle(exports, "ours");
  const line = (name: string, rounds: Round[], ratio: string, aim: string, missed: boolean) => [
    ...[name, middle(rounds, "ours").toFixed(1), middle(rounds, "copy").toFixed(1)],
    ...[ratio, missed ? `${aim}, **missed**` : aim, grown(rounds).toFixed(0)],
    `≤ ${MOST_MEGABYTES}${grown(rounds) > MOST_MEGABYTES ? ", **missed**" : ""}`,
  ];
  console.log(
    `\nIn a workspace of ${options.contacts.at(-1)}, ${imports.length} rounds in turns\n`,
  );
  console.log(
    table([
      ["file", "s", "COPY s", "ratio", "aim", "server grew by MB", "aim"],
      line(
        ...[`import of ${options.imported}`, imports, `${times(into)} the time`] as const,
        ...[`≤ ${MOST_IMPORT} ×`, into > MOST_IMPORT] as const,
      ),
      line(
        ...[`export of all`, exports, `${times(out)} the speed`] as const,
        ...[`≥ ${LEAST_EXPORT} ×`, out < LEAST_EXPORT] as const,
      ),
    ]) + "\n",
  );
}
