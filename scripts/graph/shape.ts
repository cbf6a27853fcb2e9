/** Readers of a posted body's parts, each of which refuses what Meta would refuse. */
import { invalidParameter, invalidValue } from "./errors.ts";

export type Json = Record<string, unknown>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function object(parent: Json, name: string): Json {
  const value = parent[name];
  if (!isObject(value)) throw invalidParameter(`Parameter '${name}' must be an object.`);
  return value;
}

export function optionalObject(parent: Json, name: string): Json | undefined {
  return parent[name] === undefined ? undefined : object(parent, name);
}

/** Between `min` and `max` objects. */
export function objects(parent: Json, name: string, min: number, max: number): Json[] {
  const value = parent[name];
  if (!Array.isArray(value) || !value.every(isObject)) {
    throw invalidParameter(`Parameter '${name}' must be an array of objects.`);
  }
  if (value.length < min || value.length > max) {
    throw invalidValue(`Parameter '${name}' takes ${min} to ${max} entries.`);
  }
  return value;
}

/** A text that is not empty, of at most `max` characters. */
export function text(parent: Json, name: string, max = Infinity): string {
  const value = parent[name];
  if (typeof value !== "string" || value === "") {
    throw invalidParameter(`Parameter '${name}' must be a text.`);
  }
  if ([...value].length > max) {
    throw invalidValue(`Parameter '${name}' may have ${max} characters.`);
  }
  return value;
}

export function optionalText(parent: Json, name: string, max = Infinity): string | undefined {
  return parent[name] === undefined ? undefined : text(parent, name, max);
}

/** A number, also written as a text, whose size is at most `max`. */
export function coordinate(parent: Json, name: string, max: number): void {
  const value = parent[name];
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  if (typeof number !== "number" || Number.isNaN(number)) {
    throw invalidParameter(`Parameter '${name}' must be a number.`);
  }
  if (Math.abs(number) > max) throw invalidValue(`Parameter '${name}' is beyond ${max}.`);
}

export function oneOf(parent: Json, name: string, allowed: readonly string[]): void {
  if (!allowed.includes(parent[name] as string)) {
    throw invalidParameter(`Parameter '${name}' must be one of ${allowed.join(", ")}.`);
  }
}

export function unique(values: readonly string[], what: string): void {
  if (new Set(values).size < values.length) throw invalidValue(`Each ${what} must be unique.`);
}
