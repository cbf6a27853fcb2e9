/**
 * Which country a number is of. The library's small metadata tell countries apart as well as the
 * large ones do (+1 604 is Canada), for half the bytes and time: WhatsApp's numbers come by the
 * thousand.
 */
import {
  type CountryCode,
  parsePhoneNumberWithError,
  type PhoneNumber,
} from "libphonenumber-js/min";

/** The country of an international number, with or without `+`; null when it does not tell. */
export function countryOf(number: string): string | null {
  const parsed = readNumber(number.startsWith("+") ? number : `+${number}`);
  return parsed ? knownCountry(parsed) : null;
}

// The library knows the country of valid numbers. Of others it is sure when the code has one only,
// and so it is for WhatsApp's Mexican ids (521…), which are no valid numbers any more.
export function knownCountry(phone: PhoneNumber): string | null {
  const [only, ...others] = phone.country ? [phone.country] : phone.getPossibleCountries();
  return others.length === 0 ? only ?? null : null;
}

/** @param country of numbers without a calling code; undefined: they cannot be read */
export function readNumber(text: string, country?: CountryCode): PhoneNumber | undefined {
  try {
    return parsePhoneNumberWithError(text, { defaultCountry: country, extract: false });
  } catch {
    return undefined;
  }
}
