export interface TarFile {
  name: string;
  bytes: Uint8Array;
}

const BLOCK = 512;

/** The plain files of a tar archive. */
export function* readTar(archive: Uint8Array): Generator<TarFile> {
  const text = new TextDecoder();
  const field = (start: number, length: number) =>
    text.decode(archive.subarray(start, start + length)).replace(/\0.*$/s, "").trim();
  for (let offset = 0; offset + BLOCK <= archive.length && archive[offset] !== 0;) {
    const size = parseInt(field(offset + 124, 12), 8) || 0;
    const prefix = field(offset + 345, 155);
    const name = field(offset, 100);
    const type = field(offset + 156, 1);
    const start = offset + BLOCK;
    if (type === "0" || type === "") {
      yield {
        name: prefix ? `${prefix}/${name}` : name,
        bytes: archive.subarray(start, start + size),
      };
    }
    offset = start + Math.ceil(size / BLOCK) * BLOCK;
  }
}
