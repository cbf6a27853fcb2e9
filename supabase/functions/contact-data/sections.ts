/** One document out of many pages: never more than one page of it is in memory. */
import type { Call } from "../_shared/route.ts";

// Some hundred kilobytes at most messages.
const ROWS = 500;

/** A page of a section: rows as JSON, and the key to go on after; null: no more. */
interface Page {
  items: unknown[];
  last: unknown;
}

/**
 * `{ "data": { "contact": …, "<table>": […], … } }`, read page by page as the caller takes it. The
 * contact itself comes first; it is one, not a list.
 */
export function writeSections(
  call: Pick<Call, "read">,
  contactId: string,
  sections: string[],
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pieces = document(call, contactId, sections);
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await pieces.next();
      if (done) return controller.close();
      controller.enqueue(encoder.encode(value));
    },
    cancel: async () => void await pieces.return(undefined),
  }, { highWaterMark: 0 });
}

async function* document(
  call: Pick<Call, "read">,
  contactId: string,
  sections: string[],
): AsyncGenerator<string, void> {
  yield '{"data":{';
  for (const [index, name] of sections.entries()) {
    const comma = index === 0 ? "" : ",";
    if (name === "contacts") {
      const { items } = await readPage(call, contactId, name, null);
      yield `${comma}"contact":${JSON.stringify(items[0] ?? null)}`;
      continue;
    }
    yield `${comma}${JSON.stringify(name)}:[`;
    yield* rowsOf(call, contactId, name);
    yield "]";
  }
  yield "}}";
}

async function* rowsOf(
  call: Pick<Call, "read">,
  contactId: string,
  section: string,
): AsyncGenerator<string, void> {
  let after: unknown = null;
  for (let isFirst = true;; isFirst = false) {
    const { items, last } = await readPage(call, contactId, section, after);
    if (items.length === 0) return;
    yield (isFirst ? "" : ",") + items.map((item) => JSON.stringify(item)).join(",");
    if (items.length < ROWS) return;
    after = last;
  }
}

async function readPage(
  call: Pick<Call, "read">,
  contact_id: string,
  section: string,
  after: unknown,
): Promise<Page> {
  const args = { contact_id, section, after, limit: ROWS };
  const { body } = await call.read("contact_data_page", args);
  return JSON.parse(body!);
}
