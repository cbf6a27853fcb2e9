/** Files of contacts in, through the API. */

export interface ImportOptions {
  url: string;
  /** An API key. */
  key: string;
  /** The CSV file. */
  path: string;
}

/** The import as the API shows it. */
export interface Import {
  id: string;
  status: "pending" | "running" | "completed" | "failed" | "reverted";
  rows: number;
  created: number;
  updated: number;
  skipped: number;
  failed: number;
}

const POLL_MS = 100;

/** Sends the file and waits until it is imported. @throws if it fails */
export async function importFile({ url, key, path }: ImportOptions): Promise<Import> {
  const headers = { authorization: `Bearer ${key}` };
  const file = await Deno.open(path);
  let current = await answered(
    await fetch(`${url}/import-contacts`, {
      method: "POST",
      headers: { ...headers, "content-type": "text/csv" },
      body: file.readable,
    }),
  );
  while (current.status === "pending" || current.status === "running") {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const address = `${url}/import-contacts?import_id=${current.id}`;
    current = await answered(await fetch(address, { headers }));
  }
  if (current.status !== "completed") throw new Error(`The import: ${JSON.stringify(current)}`);
  return current;
}

async function answered(answer: Response): Promise<Import> {
  const text = await answer.text();
  if (!answer.ok) throw new Error(`import-contacts: ${answer.status} ${text}`);
  return JSON.parse(text).data;
}
