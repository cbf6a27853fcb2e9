/** A workspace with many contacts: what is read, what is written, files, and others beside it. */
import { type ContactsOptions, parseContactsOptions, type Part } from "./contacts/options.ts";
import { benchFiles } from "./contacts/files.ts";
import { benchPeers } from "./contacts/peers.ts";
import { benchReads } from "./contacts/reads.ts";
import { benchRemovals } from "./contacts/removals.ts";
import { benchWrites } from "./contacts/writes.ts";

const BENCHES: Record<Part, (options: ContactsOptions) => Promise<void>> = {
  reads: benchReads,
  writes: benchWrites,
  files: benchFiles,
  removals: benchRemovals,
  peers: benchPeers,
};

/** @param args what follows `contacts` on the command line */
export async function benchContacts(args: string[]): Promise<void> {
  const { parts, options } = parseContactsOptions(args);
  // Ending by itself tells those who have started something; a signal alone would not.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => Deno.exit(130));
  }
  for (const part of parts) await BENCHES[part](options);
}
