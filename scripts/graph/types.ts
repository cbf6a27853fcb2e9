/**
 * The public face of the stand-in for Meta's Graph API. `startGraph(options)` of `server.ts`
 * resolves to a `Graph`; `behaviours.ts` has a constructor for each `Behaviour`.
 */

export interface GraphOptions {
  /** Port on 127.0.0.1; 0, the default, takes any free one. */
  port?: number;
  /** Access tokens that are accepted; any non-empty one if absent. */
  tokens?: readonly string[];
  /** The business's numbers; every numeric id is one if absent. */
  numbers?: readonly GraphNumber[];
  /** What is known of a person, by phone number (digits) or business-scoped user id. */
  recipients?: Readonly<Record<string, Recipient>>;
  /** Where statuses are posted; nowhere if absent. */
  webhook?: WebhookOptions;
  /** Messages of one number to one person; `true` is Meta's limit: 45 at once, then one per 6 s. */
  pairLimit?: boolean | { burst: number; everyMs: number };
  /** Messages a second of one number; unlimited if absent. */
  throughput?: number;
  /** How long a media address is good, in ms; Meta's five minutes by default. */
  mediaUrlMs?: number;
  /** Answer each text with an inbound “You said: …” through the webhook. */
  reply?: boolean;
  /** Milliseconds since 1970, for limits, expiry and timestamps; the system's clock by default. */
  now?: () => number;
}

export interface GraphNumber {
  /** The phone_number_id. */
  id: string;
  display_phone_number?: string;
  verified_name?: string;
  quality_rating?: "GREEN" | "YELLOW" | "RED" | "UNKNOWN";
  throughput?: { level: "STANDARD" | "HIGH" | "NOT_APPLICABLE" };
}

export type StatusName = "sent" | "delivered" | "read";

export interface Recipient {
  /** The WhatsApp id if it differs from the number's digits; for a user id, the known number. */
  waId?: string;
  /** The business-scoped user id; one is made from the number if absent. */
  userId?: string;
  name?: string;
  username?: string;
  /** Refuse every send to this person with this error. */
  refuse?: GraphFault;
  /** Accept, then report `failed` with this error in place of the statuses. */
  fail?: GraphFault;
  /** The statuses that will come, `[]` for none; those of the webhook's options if absent. */
  statuses?: readonly StatusName[];
}

/** One of Meta's errors; what is left out is filled in from what is known of the code. */
export interface GraphFault {
  code: number;
  /** HTTP status of the answer; has no meaning in a webhook. */
  status?: number;
  subcode?: number;
  message?: string;
  details?: string;
  /** The class of the error: OAuthException by default. */
  type?: string;
}

export interface WebhookOptions {
  url: string;
  /** Signs the raw bytes of each delivery (X-Hub-Signature-256). */
  appSecret: string;
  /** The statuses of a message that arrives; all three by default. */
  statuses?: readonly StatusName[];
  /** Between acceptance and `sent`, and from one status to the next; 5 ms by default. */
  delayMs?: number;
  /** How often each delivery is posted beyond the first time; 0 by default. */
  duplicates?: number;
  /** Statuses of a message come last to first; their timestamps stay true. */
  reorder?: boolean;
  /** Wait before the first retry of a delivery that did not get 200, in ms; 20 by default. */
  retryMs?: number;
  /** entry[].id, the WhatsApp business account. */
  accountId?: string;
}

/** What was asked for, as far as the path and the body tell. */
export type RequestKind = "message" | "receipt" | "number" | "media" | "media_bytes" | "unknown";

/** One request as received; `body` is parsed JSON, or the text if it is none. */
export interface GraphRequest {
  kind: RequestKind;
  method: string;
  /** Without the query. */
  path: string;
  query: Record<string, string>;
  /** Names in lower case, `authorization` among them. */
  headers: Record<string, string>;
  body: unknown;
  /** Milliseconds since 1970. */
  time: number;
}

/** A message that was accepted, whether or not its answer reached the caller. */
export interface SentMessage {
  wamid: string;
  phone_number_id: string;
  /** The digits of `to`, or the business-scoped user id. */
  recipient: string;
  /** The message as it was posted. */
  body: Record<string, unknown>;
  biz_opaque_callback_data: string | undefined;
  /** True for a user id in `to`: Meta accepts such a message and never delivers it. */
  dropped: boolean;
  time: number;
}

/**
 * How a request goes other than usual. What is asked for is done at once; `delayMs` makes only the
 * answer late: statuses may come before it, and a caller who gives up has sent the message.
 */
export type Behaviour = { delayMs?: number } & WhatHappens;

type WhatHappens =
  /** As usual; of use with `delayMs`. */
  | { kind: "usual" }
  /** One of Meta's errors; nothing is accepted. */
  | { kind: "error"; fault: GraphFault; headers?: Record<string, string> }
  /** Done as usual, a message is accepted, but the connection ends without an answer. */
  | { kind: "lost" }
  /** The connection ends without an answer; nothing is accepted. */
  | { kind: "refused" }
  /** Any HTTP answer. `accepts`: done as usual first, only the answer differs. */
  | {
    kind: "answer";
    status: number;
    headers?: Record<string, string>;
    body?: string;
    accepts?: boolean;
  }
  /** The usual answer, of which only so many bytes come before the connection ends. */
  | { kind: "truncated"; bytes: number }
  /** The usual answer in pieces. */
  | { kind: "slow"; pieceBytes: number; everyMs: number };

/** Called with every request; `undefined` leaves it as usual. */
export type Script = (request: GraphRequest) => Behaviour | undefined;

export interface GraphMedia {
  id: string;
  bytes: Uint8Array;
  mimeType: string;
  /** How the digest is written; Meta does either. `hex` by default. */
  sha256?: "hex" | "base64";
  /** The number that received it; any other one is told that there is no such object. */
  phoneNumberId?: string;
  /** What the description says in place of the truth. */
  claims?: { sha256?: string; file_size?: number; mime_type?: string; url?: string };
}

/** A message from a person to one of the business's numbers. */
export interface InboundText {
  phoneNumberId: string;
  /** The digits of the number, or the business-scoped user id. */
  from: string;
  text: string;
}

export interface Graph {
  /** http://127.0.0.1:port, what GRAPH_API_URL is set to. */
  url: string;
  /** Everything received, in order. */
  requests: GraphRequest[];
  /** Every message accepted, in order. */
  sent: SentMessage[];
  /** Decides how requests go from now on; replaces the script before. */
  script(script: Script | undefined): void;
  /**
   * How the next POSTs to `messages` go, one each, receipts included; asked before the script.
   * `undefined` in the queue is one that goes as usual, script or not.
   */
  queue(...behaviours: (Behaviour | undefined)[]): void;
  /** Says what is known of a person from now on (see `GraphOptions.recipients`). */
  setRecipient(address: string, recipient: Recipient): void;
  addMedia(media: GraphMedia): void;
  /** As after its seven days: neither described nor given out. */
  removeMedia(id: string): void;
  /** Posts a person's text to the webhook; resolves to its wamid at once. */
  receive(message: InboundText): string;
  /** Resolves once every webhook got its 200; throws if that takes longer (10 s by default). */
  settled(timeoutMs?: number): Promise<void>;
  /** Ends connections, waits and retries; nothing is left running. */
  stop(): Promise<void>;
}
