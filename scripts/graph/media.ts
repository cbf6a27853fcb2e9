import { createHash } from "node:crypto";
import { noSuchObject } from "./errors.ts";
import type { GraphMedia } from "./types.ts";

const META_URL_MS = 5 * 60 * 1000;

/** Files that people sent, as the Graph API describes them and its media host gives them out. */
export class MediaStore {
  readonly #files = new Map<string, GraphMedia>();

  constructor(readonly now: () => number, readonly urlMs = META_URL_MS) {}

  add(media: GraphMedia): void {
    this.#files.set(media.id, media);
  }

  remove(id: string): void {
    this.#files.delete(id);
  }

  has(id: string): boolean {
    return this.#files.has(id);
  }

  /** The description; its address is good for `urlMs` from now. */
  describe(id: string, phoneNumberId: string | undefined, origin: string) {
    const file = this.#files.get(id);
    const owner = file?.phoneNumberId;
    if (!file || (owner && phoneNumberId && owner !== phoneNumberId)) throw noSuchObject(id);
    return {
      messaging_product: "whatsapp",
      url: `${origin}/media/${id}?expires=${this.now() + this.urlMs}`,
      mime_type: file.mimeType,
      sha256: createHash("sha256").update(file.bytes).digest(file.sha256 ?? "hex"),
      file_size: file.bytes.length,
      ...file.claims,
      id,
    };
  }

  /** The file, unless it is gone or the address too old; one without `expires` never is. */
  read(id: string, expires: string | undefined): GraphMedia | undefined {
    const late = expires !== undefined && !(this.now() < Number(expires));
    return late ? undefined : this.#files.get(id);
  }
}
