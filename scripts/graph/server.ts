import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { readRequest, sendAnswer } from "./connection.ts";
import { makeLimits } from "./limits.ts";
import { MediaStore } from "./media.ts";
import { Numbers } from "./numbers.ts";
import { People } from "./people.ts";
import { Reports } from "./reports.ts";
import { type Answer, answer, faultAnswer, kindOf, plain, type Routes } from "./router.ts";
import type { Behaviour, Graph, GraphOptions, GraphRequest, Script, SentMessage } from "./types.ts";

/** Starts a stand-in for Meta's Graph API on 127.0.0.1; `stop` leaves nothing running. */
export async function startGraph(options: GraphOptions = {}): Promise<Graph> {
  const standIn = new StandIn(options);
  await standIn.listen(options.port ?? 0);
  return standIn;
}

class StandIn implements Graph {
  readonly requests: GraphRequest[] = [];
  readonly sent: SentMessage[] = [];
  readonly #stopping = new AbortController();
  readonly #inFlight = new Set<Promise<void>>();
  readonly #queue: (Behaviour | undefined)[] = [];
  readonly #routes: Routes;
  readonly #reports: Reports | undefined;
  readonly #server: Server;
  #script: Script | undefined;
  #port = 0;

  constructor(options: GraphOptions) {
    this.#routes = this.#makeRoutes(options);
    const context = { ...this.#routes, reply: options.reply ?? false };
    this.#reports = options.webhook &&
      new Reports(options.webhook, context, this.#stopping.signal);
    this.#server = createServer((incoming, response) => this.#track(incoming, response));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, "127.0.0.1", () => {
        this.#port = (this.#server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  script(script: Script | undefined): void {
    this.#script = script;
  }

  queue(...behaviours: (Behaviour | undefined)[]): void {
    this.#queue.push(...behaviours);
  }

  setRecipient: Graph["setRecipient"] = (address, recipient) =>
    this.#routes.people.set(address, recipient);
  addMedia: Graph["addMedia"] = (media) => this.#routes.media.add(media);
  removeMedia: Graph["removeMedia"] = (id) => this.#routes.media.remove(id);

  receive: Graph["receive"] = (message) => {
    if (!this.#reports) throw new Error("There is no webhook to post a message to.");
    return this.#reports.receive(message);
  };

  async settled(timeoutMs = 10_000): Promise<void> {
    await this.#reports?.courier.settled(timeoutMs);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await Promise.all([closed, ...this.#inFlight, this.#reports?.courier.stopped()]);
  }

  #makeRoutes(options: GraphOptions): Routes {
    const now = options.now ?? Date.now;
    // A new one each start: databases outlive the stand-in, and a wamid must never come twice.
    const run = crypto.randomUUID().replaceAll("-", "").toUpperCase();
    let wamids = 0;
    let traces = 0;
    return {
      numbers: new Numbers(options.numbers),
      people: new People(options.recipients),
      media: new MediaStore(now, options.mediaUrlMs),
      tokens: options.tokens,
      limit: makeLimits(options, now),
      now,
      newWamid: () => `wamid.${run}${String(++wamids).padStart(8, "0")}`,
      newTraceId: () => `T${++traces}`,
      origin: () => this.url,
      accept: (message) => {
        this.sent.push(message);
        this.#reports?.accepted(message);
      },
    };
  }

  #track(incoming: IncomingMessage, response: ServerResponse): void {
    const done = this.#serve(incoming, response)
      .catch((error) => {
        response.destroy();
        // A stop cuts waits short; anything else is a script's mistake or ours, and must be seen.
        if (!this.#stopping.signal.aborted) console.error(error);
      })
      .finally(() => void this.#inFlight.delete(done));
    this.#inFlight.add(done);
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const received = await readRequest(incoming, this.#routes.now());
    if (!received) return;
    const request = { kind: kindOf(received, this.#routes.media), ...received };
    this.requests.push(request);
    const behaviour = this.#behaviourFor(request);
    await sendAnswer(response, this.#act(request, behaviour), behaviour, this.#stopping.signal);
  }

  #behaviourFor(request: GraphRequest): Behaviour {
    const queued = this.#queue.length > 0 && ["message", "receipt"].includes(request.kind);
    return (queued ? this.#queue.shift() : this.#script?.(request)) ?? { kind: "usual" };
  }

  /** Does what is asked for, unless the behaviour says that nothing is accepted. */
  #act(request: GraphRequest, behaviour: Behaviour): Answer {
    if (behaviour.kind === "refused") return plain(503, "");
    if (behaviour.kind === "error") {
      return faultAnswer(behaviour.fault, this.#routes.newTraceId(), behaviour.headers);
    }
    if (behaviour.kind !== "answer") return answer(this.#routes, request);
    if (behaviour.accepts) answer(this.#routes, request);
    return plain(behaviour.status, behaviour.body ?? "", behaviour.headers);
  }
}
