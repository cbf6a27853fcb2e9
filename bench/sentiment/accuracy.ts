import { type Level, LEVELS } from "./samples.ts";

/** Shares of 1. */
export interface Accuracy {
  /** The very level. */
  five: number;
  /** Bad, neutral or good. */
  three: number;
  /** Of these three: F1 of each, averaged, so that no class counts more for being frequent. */
  macroF1: number;
}

/** What was read of sentences, beside what a person said of them. */
export function accuracyOf(pairs: { level: Level; read: Level }[]): Accuracy {
  const share = (of: (pair: { level: Level; read: Level }) => boolean) =>
    pairs.filter(of).length / pairs.length;
  return {
    five: share(({ level, read }) => level === read),
    three: share(({ level, read }) => side(level) === side(read)),
    macroF1: [-1, 0, 1].reduce((sum, one) => sum + f1(pairs, one), 0) / 3,
  };
}

function side(level: Level): number {
  return Math.sign(LEVELS.indexOf(level) - 2);
}

function f1(pairs: { level: Level; read: Level }[], one: number): number {
  const right = pairs.filter(({ level, read }) => side(level) === one && side(read) === one).length;
  const said = pairs.filter(({ read }) => side(read) === one).length;
  const meant = pairs.filter(({ level }) => side(level) === one).length;
  return right === 0 ? 0 : 2 * right / (said + meant);
}
