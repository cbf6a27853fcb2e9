/** Values that no other test has, so that tests share a stack and run in any order. */

function randomDigits(count: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(count));
  return Array.from(bytes, (byte) => byte % 10).join("");
}

const given = new Set<string>();

function fresh(make: () => string): string {
  for (;;) {
    const value = make();
    if (given.has(value)) continue;
    given.add(value);
    return value;
  }
}

/** A mobile number in E.164: Indonesia's are long enough for ten random digits. */
export function uniquePhone(): string {
  return fresh(() => `+6281${randomDigits(10)}`);
}

/** A Canadian number in E.164 (+1 604 …): its last ten digits are how it is written locally. */
export function uniqueCanadianPhone(): string {
  return fresh(() => `+1604${2 + Number(randomDigits(1)) % 8}${randomDigits(6)}`);
}

/** A word of letters only, which no search finds anywhere else. */
export function uniqueWord(prefix = "w"): string {
  return prefix + crypto.randomUUID().replace(/[^a-f]/g, "") +
    randomDigits(12).replace(/\d/g, (digit) => "ghijklmnop"[Number(digit)]);
}

/** Digits for ids of WhatsApp numbers and accounts. */
export function uniqueNumericId(): string {
  return fresh(() => `7${randomDigits(14)}`);
}
