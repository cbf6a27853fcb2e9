/** Rows as `COPY … FROM STDIN` takes them. */

/** One line of COPY's text format; null is no value. */
export function copyLine(values: readonly (string | number | null)[]): string {
  return `${values.map((value) => value === null ? "\\N" : escaped(String(value))).join("\t")}\n`;
}

const ESCAPES: Record<string, string> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

function escaped(text: string): string {
  return text.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character]);
}
