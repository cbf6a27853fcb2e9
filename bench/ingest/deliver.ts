/** Signed POSTs to the webhook, in a process of its own: `deno run deliver.ts <Delivering JSON>`. */
import { Connection, postRequest } from "./connection.ts";
import { sign } from "../../scripts/graph/signature.ts";
import { bodiesOf, type Slice } from "./delivery.ts";
import { paced } from "./pace.ts";

export interface Delivering {
  slice: Slice;
  /** Of the functions. */
  url: string;
  secret: string;
  connections: number;
  /** POSTs that arrive a second; without it as fast as the answers come. */
  perSecond?: number;
}

if (import.meta.main) {
  const { slice, url, secret, connections, perSecond }: Delivering = JSON.parse(Deno.args[0]);
  const address = new URL(`${url}/whatsapp-webhook`);
  // Built and signed before the clock starts: Meta does that on machines of its own.
  const requests = bodiesOf(slice).map((body) => {
    const signature = sign(body, secret);
    const headers = { "content-type": "application/json", "x-hub-signature-256": signature };
    return postRequest(address, headers, body);
  });
  const open = await Promise.all(Array.from({ length: connections }, () => {
    return Connection.open(address.hostname, Number(address.port));
  }));
  const workers = open.map((connection) => async (post: number) => {
    const status = await connection.send(requests[post]);
    if (status !== 200) throw new Error(`POST ${post} was answered with ${status}.`);
  });
  const figures = await paced({ itemsEach: slice.batch, count: slice.posts, perSecond }, workers);
  open.forEach((connection) => connection.close());
  console.log(JSON.stringify(figures));
}
