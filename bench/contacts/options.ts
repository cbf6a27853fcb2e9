import { parseArgs } from "node:util";

/** What `bench contacts` can be told on the command line. */
export interface ContactsOptions {
  /** Sizes of the workspace, rising. */
  contacts: number[];
  /** HTTP connections of the load; latencies are taken over one. */
  connections: number;
  /** Of a round. */
  seconds: number;
  rounds: number;
  /** Rows of the files that are imported. */
  imported: number;
  /** Of the contact that is merged. */
  messages: number;
  /** Where filled databases are kept for the next run. */
  data?: string;
}

export const PARTS = ["reads", "writes", "files", "removals", "peers"] as const;
export type Part = typeof PARTS[number];

/** `reads --contacts 10000,100000` → the parts (all of them if none is named) and the options. */
export function parseContactsOptions(args: string[]): { parts: Part[]; options: ContactsOptions } {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      contacts: { type: "string", default: "10000,100000,1000000" },
      connections: { type: "string", default: "16" },
      seconds: { type: "string", default: "5" },
      rounds: { type: "string", default: "3" },
      imported: { type: "string", default: "100000" },
      messages: { type: "string", default: "100000" },
      data: { type: "string" },
    },
  });
  const unknown = positionals.filter((name) => !PARTS.includes(name as Part));
  if (unknown.length > 0) {
    throw new RangeError(`There is no part ${unknown.join(", ")}: ${PARTS.join(", ")}.`);
  }
  const contacts = values.contacts.split(",").map((size) => positive("contacts", size));
  return {
    parts: positionals.length > 0 ? positionals as Part[] : [...PARTS],
    options: {
      contacts: contacts.sort((a, b) => a - b),
      connections: positive("connections", values.connections),
      seconds: positive("seconds", values.seconds),
      rounds: positive("rounds", values.rounds),
      imported: positive("imported", values.imported),
      messages: positive("messages", values.messages),
      data: values.data,
    },
  };
}

function positive(name: string, value: string): number {
  if (!(Number(value) > 0)) throw new RangeError(`--${name} has to be a number above 0.`);
  return Number(value);
}
