/** Texts that JSON can carry and Postgres cannot hold: U+0000 and halves of surrogate pairs. */

/** Whether Postgres can hold the text. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\u0000");
}

/**
 * The path to the first text in a JSON value, names included, that cannot be stored; undefined if
 * there is none.
 */
export function unstorablePath(value: unknown): PropertyKey[] | undefined {
  if (typeof value === "string") return isStorable(value) ? undefined : [];
  if (value === null || typeof value !== "object") return undefined;
  for (const [name, item] of Object.entries(value)) {
    if (!isStorable(name)) return [];
    const path = unstorablePath(item);
    if (path) return [name, ...path];
  }
  return undefined;
}

// The whole of an escape, so that `\\u0000` (a backslash and letters) is not taken for one.
const ESCAPES =
  /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u([0-9a-fA-F]{4})|\\[^u]/g;

/**
 * A valid JSON text with `\u0000` and lone surrogates replaced by U+FFFD, every other byte as it is.
 */
export function replaceUnstorable(json: string): string {
  if (!/\\u(?:0000|d[89a-f])/i.test(json)) return json;
  return json.replace(ESCAPES, (escape, code?: string) => {
    if (code === undefined) return escape;
    return code === "0000" || /^d[89a-f]/i.test(code) ? "\\ufffd" : escape;
  });
}
