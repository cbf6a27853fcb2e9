/**
 * Phone numbers as people write them → E.164, by libphonenumber's rules. The library's small
 * metadata tell countries apart as well as the large ones do (+1 604 is Canada), for half the bytes.
 */
import {
  type CountryCode,
  isSupportedCountry,
  ParseError,
  parsePhoneNumberWithError,
  type PhoneNumber,
  validatePhoneNumberLength,
} from "libphonenumber-js/min";
import type { FieldErrorCode } from "./error_codes.ts";

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
  if (!isInternational(text) && local === undefined) {
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

/** Whether a number says its country itself, so that it can be read without one. */
export function isInternational(input: string): boolean {
  return /^(?:\+|00)/.test(normalize(input));
}

/** The country of an international number, with or without `+`; null when it does not tell. */
export function countryOf(number: string): string | null {
  const parsed = read(number.startsWith("+") ? number : `+${number}`);
  return parsed ? knownCountry(parsed) : null;
}

// The library knows the country of valid numbers. Of others it is sure when the code has one only,
// and so it is for WhatsApp's Mexican ids (521…), which are no valid numbers any more.
function knownCountry(phone: PhoneNumber): string | null {
  const [only, ...others] = phone.country ? [phone.country] : phone.getPossibleCountries();
  return others.length === 0 ? only ?? null : null;
}

// Full-width forms as East Asian keyboards type them, invisible marks as copied texts carry them.
function normalize(input: string): string {
  return input.normalize("NFKC").replace(/\p{Cf}/gu, "").trim().replace(/^tel:/i, "").replace(
    /^\(\s*\+/,
    "+(",
  );
}

/** The readings of a number, the likeliest first. */
function readingsOf(text: string, country: CountryCode | undefined): (PhoneNumber | undefined)[] {
  if (text.startsWith("+")) return [read(text)];
  const local = country && read(text, country);
  if (!/^[\d\s()[\]./~\p{Pd}]+$/u.test(text)) return [local];
  const digits = text.replace(/\D/g, "");
  if (!digits.startsWith("00")) {
    // Fewer digits than a local number has are a slip of the finger, not a number abroad.
    const tooLong = validatePhoneNumberLength(text, { defaultCountry: country }) === "TOO_LONG";
    return [local, tooLong ? read(`+${digits}`) : undefined];
  }
  // 00 is the prefix for going abroad nearly everywhere; where it is not (0011 in Australia), the
  // country's own reading comes out valid.
  const abroad = read(`+${digits.slice(2)}`);
  return local?.isValid() ? [local] : [abroad, local];
}

function read(text: string, country?: CountryCode): PhoneNumber | undefined {
  try {
    return parsePhoneNumberWithError(text, { defaultCountry: country, extract: false });
  } catch {
    return undefined;
  }
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
