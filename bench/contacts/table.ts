/** Tables of figures, as Markdown. */

/** Rows of cells, the first one the head. */
export function table(rows: (string | number)[][]): string {
  const [head, ...body] = rows;
  return [head, head.map(() => "---"), ...body].map(row).join("\n");
}

export function row(cells: (string | number)[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** Milliseconds with as many digits as mean something: 0.84, 12.3, 1450. */
export function ms(value: number): string {
  return value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : String(Math.round(value));
}

/** `3.2 ×` */
export function times(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} ×`;
}
