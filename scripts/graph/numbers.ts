import { invalidParameter, noSuchObject } from "./errors.ts";
import type { GraphNumber } from "./types.ts";

/** The business's numbers, or any numeric id if none are given. */
export class Numbers {
  readonly #given: ReadonlyMap<string, GraphNumber> | undefined;

  constructor(numbers?: readonly GraphNumber[]) {
    this.#given = numbers && new Map(numbers.map((number) => [number.id, number]));
  }

  /** With every field filled in; refuses an id that is none of ours. */
  get(id: string): Required<GraphNumber> {
    const number = this.#given ? this.#given.get(id) : { id };
    if (!number || !/^\d+$/.test(id)) throw noSuchObject(id);
    return {
      display_phone_number: "+1 604-555-0100",
      verified_name: "Stand-in",
      quality_rating: "GREEN",
      throughput: { level: "STANDARD" },
      ...number,
    };
  }

  /** `fields` as in the query: comma-separated, `throughput{level}` allowed; all if absent. */
  describe(id: string, fields?: string): Record<string, unknown> {
    const number: Record<string, unknown> = { ...this.get(id) };
    if (!fields) return number;
    const names = fields.replace(/\{[^}]*\}/g, "").split(",").map((name) => name.trim());
    for (const name of names) {
      if (!Object.hasOwn(number, name)) {
        throw invalidParameter(`Tried accessing nonexisting field (${name})`);
      }
    }
    return Object.fromEntries(["id", ...names].map((name) => [name, number[name]]));
  }
}
