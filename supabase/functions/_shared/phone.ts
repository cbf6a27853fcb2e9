/** Phone numbers as people write them → E.164, by libphonenumber's rules. */
// Which of two readings is meant takes the ranges of numbers; all else the small metadata know.
import { parsePhoneNumberWithError as parseExactly } from "libphonenumber-js/max";
import {
  type CountryCode,
  isSupportedCountry,
  type NumberType,
  ParseError,
  parsePhoneNumberWithError,
  type PhoneNumber,
  validatePhoneNumberLength,
} from "libphonenumber-js/min";
import type { FieldErrorCode } from "./error_codes.ts";
import { countryOf, knownCountry, readNumber as read } from "./phone_country.ts";

export interface Phone {
  /** `+` and 6–15 digits. */
  e164: string;
  /** ISO 3166-1 alpha-2; null when the number does not tell. */
  country: string | null;
}

export type PhoneResult =
  | { ok: true; phone: Phone }
  | { ok: false; code: FieldErrorCode; message: string };

/**
 * Reads E.164, `00`, a country's own prefixes, any punctuation, a number local to `country`, or,
 * where that reading is impossible, the bare digits of an international number.
 *
 * @param localTo ISO 3166-1 alpha-2 of local numbers; null if there is none
 */
export function parsePhone(input: string, localTo: string | null): PhoneResult {
  const text = normalize(input);
  const local = localTo !== null && isSupportedCountry(localTo) ? localTo : undefined;
  if (!/^(?:\+|00)/.test(text) && local === undefined) {
    return refused("invalid_country", "Write the number with + and its country code.");
  }
  const found = readingsOf(text, local).find(isAcceptable);
  if (!found) return whyNot(text, local);
  if (found.ext) {
    return refused("has_extension", "An extension cannot be stored with a phone number.");
  }
  // Reading is what a file of a million numbers takes longest for: not twice.
  const country = text === found.number ? knownCountry(found) : countryOf(found.number);
  return { ok: true, phone: { e164: found.number, country } };
}

/** Whether a number is read the same in every country. */
export function saysItsCountry(input: string): boolean {
  return normalize(input).startsWith("+");
}

// Full-width forms as East Asian keyboards type them, the digits of Arabic and Persian ones, of which
// no prefix would be seen to be one, invisible marks as copied texts carry them,
// decimals as programs write them that took a column for numbers: as digits they made another one's.
function normalize(input: string): string {
  return input.normalize("NFKC").replace(/\p{Cf}/gu, "")
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 15))
    .trim().replace(/^tel:/i, "")
    .replace(/^\(\s*\+/, "+(").replace(/^(\+?\d{7,})\.0+$/, "$1");
}

/** The readings of a number, the likeliest first. */
function readingsOf(text: string, country: CountryCode | undefined): (PhoneNumber | undefined)[] {
  if (text.startsWith("+")) return [read(text)];
  const local = country && read(text, country);
  if (!/^[\d\s()[\]./~\p{Pd}]+$/u.test(text)) return [local];
  const digits = text.replace(/\D/g, "");
  if (digits.startsWith("0")) {
    // 00 is the prefix for going abroad nearly everywhere; where it is not (0011 in Australia), the
    // country's own reading comes out valid.
    const abroad = digits.startsWith("00") ? read(`+${digits.slice(2)}`) : undefined;
    return local?.isValid() ? [local] : [abroad, local];
  }
  const abroad = read(`+${digits}`);
  // Fewer digits than a local number has are a slip of the finger, not a number abroad.
  const tooLong = validatePhoneNumberLength(text, { defaultCountry: country }) === "TOO_LONG";
  if (digits.length >= 10 && abroad && isLikelier(abroad, local)) return [abroad, local];
  return [local, tooLong ? abroad : undefined];
}

/**
 * Whether digits that could be a country's own are rather a whole number, with its calling code, as
 * in WhatsApp's ids: in a range that is given out where the local reading is in none, or a mobile
 * number where that is a line (Germany's and Austria's could be nearly anything).
 */
function isLikelier(abroad: PhoneNumber, local: PhoneNumber | undefined): boolean {
  const range = rangeOf(abroad);
  const localRange = local && rangeOf(local);
  return range !== undefined &&
    (localRange === undefined || range === "MOBILE" && localRange === "FIXED_LINE");
}

/** What a number's range is for; undefined: it is in none that is given out. */
function rangeOf({ number }: PhoneNumber): NumberType {
  return parseExactly(number).getType();
}

/** Possible, though perhaps in no range that libphonenumber knows: ranges open every month. */
function isAcceptable(phone: PhoneNumber | undefined): boolean {
  if (!phone || !/^\+[1-9]\d{5,14}$/.test(phone.number)) return false;
  if (/^\+521\d{10}$/.test(phone.number)) return true;
  // Seven digits dial within an area code of North America, but not from anywhere else.
  if (phone.countryCallingCode === "1" && phone.nationalNumber.length !== 10) return false;
  return phone.isPossible();
}

function refused(code: FieldErrorCode, message: string): PhoneResult {
  return { ok: false, code, message };
}

function whyNot(text: string, country: CountryCode | undefined): PhoneResult {
  const international = text.startsWith("00") ? `+${text.slice(2)}` : text;
  const given = { defaultCountry: country, extract: false };
  const place = international.startsWith("+") ? "its country" : country;
  const length = validatePhoneNumberLength(international, given) ?? lengthOf(international, given);
  switch (length) {
    case "TOO_SHORT":
      return refused("too_short", `The number has too few digits for ${place}.`);
    case "TOO_LONG":
      return refused("too_long", `The number has too many digits for ${place}.`);
    case "INVALID_LENGTH":
      return refused("invalid_length", `No number of ${place} has that many digits.`);
    case "INVALID_COUNTRY":
      return refused("invalid_country", "No country has that calling code.");
    default:
      return refused("not_a_number", "That is not a phone number.");
  }
}

/** For what passes the library's own length check and is refused here, or is no number at all. */
function lengthOf(text: string, given: { defaultCountry?: CountryCode; extract: boolean }): string {
  try {
    parsePhoneNumberWithError(text, given);
    return "TOO_SHORT";
  } catch (error) {
    return error instanceof ParseError ? error.message : "NOT_A_NUMBER";
  }
}
