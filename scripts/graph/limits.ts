import type { GraphFault, GraphOptions } from "./types.ts";

const META_PAIR = { burst: 45, everyMs: 6000 };

/**
 * The limits that are switched on. The function counts a message of a number to a person (digits
 * or user id), or says which limit it would break; what is refused does not count.
 */
export function makeLimits(
  { pairLimit, throughput }: GraphOptions,
  now: () => number,
): (phoneNumberId: string, recipient: string) => GraphFault | undefined {
  const pair = pairLimit === true ? META_PAIR : pairLimit || undefined;
  const ofPairs = pair && buckets(pair.burst, pair.everyMs, now);
  const ofNumbers = throughput ? buckets(throughput, 1000 / throughput, now) : undefined;
  return (phoneNumberId, recipient) => {
    const number = ofNumbers?.(phoneNumberId);
    if (number && !number.free) return { code: 130429 };
    const both = ofPairs?.(`${phoneNumberId} ${recipient}`);
    if (both && !both.free) return { code: 131056 };
    number?.take();
    both?.take();
  };
}

/** Token buckets by key: `size` at once, then one more every `everyMs`. */
function buckets(size: number, everyMs: number, now: () => number) {
  const states = new Map<string, { left: number; at: number }>();
  return (key: string) => {
    const time = now();
    const before = states.get(key) ?? { left: size, at: time };
    const left = Math.min(size, before.left + (time - before.at) / everyMs);
    // What adding fractions leaves out must not cost a whole message.
    return { free: left > 1 - 1e-9, take: () => states.set(key, { left: left - 1, at: time }) };
  };
}
