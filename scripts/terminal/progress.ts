/** A progress bar for a terminal; lines, one a tenth, where there is none. */

export interface Screen {
  isTerminal: boolean;
  columns: number;
  write(text: string): void;
}

const WIDTH = 30;

/** Standard error: standard output may lead into a file. */
export function screen(): Screen {
  const encoder = new TextEncoder();
  const isTerminal = Deno.stderr.isTerminal();
  return {
    isTerminal,
    columns: isTerminal ? Deno.consoleSize().columns : 80,
    write: (text) => void Deno.stderr.writeSync(encoder.encode(text)),
  };
}

export class Progress {
  #drawn = false;
  #tenth = -1;

  constructor(readonly screen: Screen) {}

  /** @param percent 0 to 100 of what the label names */
  show(label: string, percent: number): void {
    const whole = Math.max(0, Math.min(100, Math.floor(percent)));
    if (this.screen.isTerminal) return this.#draw(label, whole);
    const tenth = Math.floor(whole / 10);
    if (tenth === this.#tenth) return;
    this.#tenth = tenth;
    this.screen.write(`${label} ${whole} %\n`);
  }

  /** Takes the bar away, for what is said next. */
  clear(): void {
    if (this.#drawn) this.screen.write("\r\x1b[K");
    this.#drawn = false;
    this.#tenth = -1;
  }

  #draw(label: string, percent: number): void {
    const filled = Math.round(percent / 100 * WIDTH);
    const bar = "█".repeat(filled) + "░".repeat(WIDTH - filled);
    const line = `${label.padEnd(10)} ${bar} ${String(percent).padStart(3)} %`;
    this.screen.write(`\r${line.slice(0, this.screen.columns - 1)}\x1b[K`);
    this.#drawn = true;
  }
}
