/** What a ledger comes to by the rules: the plain model, in whole numbers. */
import type { ScoreEvent, ScoringSignal } from "../../support/types.ts";

export interface Rules {
  signals: readonly ScoringSignal[];
  weights: Record<string, number>;
  /** The least score of each grade but F. */
  grades: Record<string, number>;
}

export interface Scoring {
  score: number;
  grade: string | null;
}

const DAY_MS = 86_400_000;

/** Half away from zero, as Postgres rounds. */
const rounded = (value: number) => Math.sign(value) * Math.round(Math.abs(value));

/** What so many points are worth after whole days, in thousandths; below a tenth nothing is left. */
function worth(points: number, days: number, halfLife: number | null): number {
  if (halfLife === null) return points * 1000;
  const left = rounded(Number((points * 0.5 ** (days / halfLife) * 1000).toPrecision(15)));
  return Math.abs(left) < 100 ? 0 : left;
}

/** The signal's events that count, one a cooldown, each by the earliest of them. */
function counted(events: readonly number[], cooldownHours: number | null): number[] {
  if (cooldownHours === null) return [...events];
  const windows = Map.groupBy(events, (at) => Math.floor(at / 3_600_000 / cooldownHours));
  return [...windows.values()].map((times) => Math.min(...times));
}

/** What events of one signal come to at a time, in thousandths, before their weight. */
function signalWorth(signal: ScoringSignal, events: readonly number[], now: number): number {
  const { points, cap, cooldown_hours, half_life_days } = signal;
  // Of one moment they are rounded together.
  const moments = Map.groupBy(counted(events, cooldown_hours), (at) => at);
  let sum = 0;
  for (const [at, together] of moments) {
    const days = Math.max(Math.floor((now - at) / DAY_MS), 0);
    sum += worth(points * together.length, days, half_life_days);
  }
  return cap === null ? sum : Math.max(Math.min(sum, cap * 1000), -cap * 1000);
}

/** Score and grade of a contact, of whom the ledger has these events. */
export function scoringOf(ledger: readonly ScoreEvent[], rules: Rules, now: number): Scoring {
  const weighted = (thousandths: number, category: string) =>
    rounded(Number((thousandths * (rules.weights[category] ?? 1)).toPrecision(15)));
  const given = ledger.filter(({ signal_id }) => signal_id === null);
  let isCounted = given.length > 0;
  let sum = weighted(given.reduce((all, { points }) => all + points * 1000, 0), "manual");
  for (const signal of rules.signals.filter(({ is_active }) => is_active)) {
    const events = ledger.filter(({ signal_id }) => signal_id === signal.id)
      .map(({ occurred_at }) => Date.parse(occurred_at));
    if (events.length === 0) continue;
    isCounted = true;
    sum += weighted(signalWorth(signal, events, now), signal.category);
  }
  const score = rounded(sum / 1000);
  return { score: score + 0, grade: isCounted ? gradeOf(score, rules.grades) : null };
}

function gradeOf(score: number, grades: Record<string, number>): string {
  return ["A", "B", "C", "D", "E"].find((grade) => score >= grades[grade]) ?? "F";
}
