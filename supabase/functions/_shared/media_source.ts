/** Getting media from WhatsApp: what is known of a file, then its bytes, to trusted hosts only. */
import { GRAPH_VERSION, graphApiUrl, graphMediaHosts, graphTimeoutMs } from "./env.ts";
import { MediaFault } from "./media_check.ts";
import type { Bytes } from "./media_store.ts";

/** What the Graph API says of a file. */
export interface Description {
  url: string;
  mimeType?: string;
  sha256?: string;
  fileSize?: number;
}

/**
 * Asks the Graph API where a file is; the address is good for five minutes.
 *
 * @throws MediaFault
 */
export async function describeMedia(
  given: { mediaId: string; phoneNumberId: string; token: string; signal: AbortSignal },
): Promise<Description> {
  const url = new URL(`${graphApiUrl()}/${GRAPH_VERSION}/${encodeURIComponent(given.mediaId)}`);
  url.searchParams.set("phone_number_id", given.phoneNumberId);
  const signal = AbortSignal.any([given.signal, AbortSignal.timeout(graphTimeoutMs())]);
  const response = await get(url, given.token, signal);
  const body = await readJson(response);
  if (!response.ok) throw graphFault(response, body?.error);
  if (typeof body?.url !== "string") throw new MediaFault("graph_error", NOT_UNDERSTOOD);
  return {
    url: body.url,
    mimeType: typeof body.mime_type === "string" ? body.mime_type : undefined,
    sha256: typeof body.sha256 === "string" ? body.sha256 : undefined,
    fileSize: Number.isFinite(Number(body.file_size)) ? Number(body.file_size) : undefined,
  };
}

const NOT_UNDERSTOOD = "The Graph API's answer cannot be understood.";
const REDIRECTS = 3;

/**
 * The bytes behind an address. Redirects are followed to hosts that may see the token.
 *
 * @throws MediaFault, `untrusted_media_host` before anything is sent to another host
 */
export async function openMedia(
  address: string,
  token: string,
  signal: AbortSignal,
): Promise<Bytes> {
  let url = trusted(address);
  for (let hop = 0; hop <= REDIRECTS; hop++) {
    const response = await get(url, token, signal);
    if (response.ok && response.body) return response.body;
    await response.body?.cancel();
    const location = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || !location) throw bytesFault(response);
    url = trusted(location, url);
  }
  throw new MediaFault("redirected_too_often", "The file's address leads in circles.");
}

/**
 * An address, if its host may see the token; `base` is where a relative one starts from.
 *
 * @throws MediaFault `untrusted_media_host`
 */
export function trusted(address: string, base?: URL): URL {
  const url = URL.canParse(address, base) ? new URL(address, base) : undefined;
  if (
    url?.protocol === new URL(graphApiUrl()).protocol && graphMediaHosts().includes(url.host) &&
    url.username === "" && url.password === ""
  ) return url;
  throw new MediaFault(
    "untrusted_media_host",
    "The file is at a host that may not see the token.",
    {
      final: true,
    },
  );
}

async function get(url: URL, token: string, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, {
      // Compressed, the bytes could be many times what comes over the wire.
      headers: { authorization: `Bearer ${token}`, "accept-encoding": "identity" },
      redirect: "manual",
      signal,
    });
  } catch (error) {
    if (signal.aborted && signal.reason?.name !== "TimeoutError") throw error;
    throw new MediaFault("connection_failed", "WhatsApp's server did not answer.");
  }
}

interface GraphAnswer {
  url?: unknown;
  mime_type?: unknown;
  sha256?: unknown;
  file_size?: unknown;
  error?: { code?: unknown };
}

async function readJson(response: Response): Promise<GraphAnswer | undefined> {
  try {
    const body: unknown = await response.json();
    return body !== null && typeof body === "object" ? body : undefined;
  } catch {
    return undefined;
  }
}

// Meta's code for an object that does not exist, or not any more.
const NO_SUCH_OBJECT = 100;

function graphFault(response: Response, error: GraphAnswer["error"]): MediaFault {
  if (response.status === 404 || error?.code === NO_SUCH_OBJECT) {
    return new MediaFault("media_gone", "WhatsApp does not have the file any more.", {
      final: true,
    });
  }
  // A token that is not accepted can be replaced while WhatsApp still has the file.
  const code = typeof error?.code === "number" ? ` with code ${error.code}` : "";
  return new MediaFault("graph_error", `The Graph API answered ${response.status}${code}.`, {
    afterSeconds: retryAfter(response),
  });
}

function bytesFault(response: Response): MediaFault {
  return [401, 403, 404, 410].includes(response.status)
    ? new MediaFault("url_expired", "The file's address is not good any more.")
    : new MediaFault("download_failed", `The file's server answered ${response.status}.`, {
      afterSeconds: retryAfter(response),
    });
}

function retryAfter(response: Response): number | undefined {
  const seconds = response.headers.get("retry-after");
  return seconds !== null && /^\d{1,6}$/.test(seconds) ? Number(seconds) : undefined;
}
