import assert from "node:assert/strict";
import { parsePhone, saysItsCountry } from "./phone.ts";
import { countryOf } from "./phone_country.ts";

function read(input: string, country: string | null): string {
  const result = parsePhone(input, country);
  return result.ok ? `${result.phone.e164} ${result.phone.country}` : result.code;
}

const ACCEPTED: [input: string, country: string | null, expected: string][] = [
  ["+16045551234", null, "+16045551234 CA"],
  ["+1 (604) 555-1234", null, "+16045551234 CA"],
  ["+1.604.555.1234", "GB", "+16045551234 CA"],
  ["(+1) 604 555 1234", "GB", "+16045551234 CA"],
  ["＋１６０４５５５１２３４", null, "+16045551234 CA"],
  ["٠٠٤٩٣٠١٢٣٤٥٦٧٨", "CA", "+493012345678 DE"],
  ["٠٠ ٩٦٦ ٥٠ ١٢٣ ٤٥٦٧", "CA", "+966501234567 SA"],
  ["۴۹۳۰۱۲۳۴۵۶۷۸", "CA", "+493012345678 DE"],
  ["\u202a+16045551234\u202c", null, "+16045551234 CA"],
  ["\u00a0+1\u00a0604\u00a0555\u00a01234 ", null, "+16045551234 CA"],
  ["tel:+1-604-555-1234", null, "+16045551234 CA"],
  ["+12125551234", null, "+12125551234 US"],
  ["+18095551234", null, "+18095551234 DO"],
  ["+15551234567", null, "+15551234567 null"],
  ["604-555-1234", "CA", "+16045551234 CA"],
  ["6045551234", "US", "+16045551234 CA"],
  ["1 604 555 1234", "CA", "+16045551234 CA"],
  ["16045551234", "CA", "+16045551234 CA"],
  ["001 604 555 1234", "DE", "+16045551234 CA"],
  ["0044 7400 123456", "CA", "+447400123456 GB"],
  ["00447400123456", null, "+447400123456 GB"],
  ["011 44 7400 123456", "CA", "+447400123456 GB"],
  ["07400 123456", "GB", "+447400123456 GB"],
  ["+44 (0) 7400 123456", null, "+447400123456 GB"],
  ["447400123456", "CA", "+447400123456 GB"],
  ["020 7946 0958", "GB", "+442079460958 GB"],
  ["06 12 34 56 78", "FR", "+33612345678 FR"],
  ["+33 6 12 34 56 78", null, "+33612345678 FR"],
  ["34600111222", "CA", "+34600111222 ES"],
  ["600 111 222", "ES", "+34600111222 ES"],
  ["0151 23456789", "DE", "+4915123456789 DE"],
  ["030/901820", "DE", "+4930901820 DE"],
  ["06 1234 5678", "IT", "+390612345678 IT"],
  ["+39 333 123 4567", null, "+393331234567 IT"],
  ["8 (916) 123-45-67", "RU", "+79161234567 RU"],
  ["+7 701 123 45 67", null, "+77011234567 KZ"],
  ["090-1234-5678", "JP", "+819012345678 JP"],
  ["098765 43210", "IN", "+919876543210 IN"],
  ["0412 345 678", "AU", "+61412345678 AU"],
  ["8123 4567", "SG", "+6581234567 SG"],
  ["050 123 4567", "AE", "+971501234567 AE"],
  ["0803 123 4567", "NG", "+2348031234567 NG"],
  ["0712 345678", "KE", "+254712345678 KE"],
  // Brazil with and without the ninth digit, Mexico with and without 1, Argentina with and without 9.
  ["(11) 91234-5678", "BR", "+5511912345678 BR"],
  ["+55 11 1234-5678", null, "+551112345678 BR"],
  ["5511912345678", "CA", "+5511912345678 BR"],
  ["551112345678", "CA", "+551112345678 BR"],
  ["+52 55 1234 5678", null, "+525512345678 MX"],
  ["+5215512345678", null, "+5215512345678 MX"],
  ["5215512345678", "CA", "+5215512345678 MX"],
  ["525512345678", "MX", "+525512345678 MX"],
  ["5215512345678", "MX", "+5215512345678 MX"],
  ["55 1234 5678", "MX", "+525512345678 MX"],
  ["011 15 1234-5678", "AR", "+5491112345678 AR"],
  ["+54 9 11 1234 5678", null, "+5491112345678 AR"],
  ["+54 11 1234 5678", null, "+541112345678 AR"],
  ["5491112345678", "CA", "+5491112345678 AR"],
  ["541112345678", "AR", "+541112345678 AR"],
  // Digits as WhatsApp's ids have them, where a number at home could be as long.
  ["4915123456789", "DE", "+4915123456789 DE"],
  ["5511987654321", "DE", "+5511987654321 BR"],
  ["62812345678", "ID", "+62812345678 ID"],
  ["38343201234", "XK", "+38343201234 XK"],
  ["447400123456", "JP", "+447400123456 GB"],
  ["447400123456", "IN", "+447400123456 GB"],
  ["919876543210", "IN", "+919876543210 IN"],
  // Numbers at home all the same.
  ["15123456789", "DE", "+4915123456789 DE"],
  ["3933312345", "IT", "+393933312345 IT"],
  ["55991234567", "BR", "+5555991234567 BR"],
  ["9123456789", "IN", "+919123456789 IN"],
  ["0011 44 7400 123456", "AU", "+447400123456 GB"],
  ["001 65 6123 4567", "HK", "+6561234567 SG"],
  ["0015 1 604 555 1234", "BR", "+16045551234 CA"],
  // As programs write a column of numbers in which one cell was empty.
  ["15112345678.0", "DE", "+4915112345678 DE"],
  ["600111222.0", "ES", "+34600111222 ES"],
  ["34600111222.00", "CA", "+34600111222 ES"],
  ["+34600111222.0", null, "+34600111222 ES"],
  ["604.555.1230", "CA", "+16045551230 CA"],
  // Numbers of no country, and possible ones in ranges that are kept free for films.
  ["+800 1234 5678", null, "+80012345678 null"],
  ["+44 7700 900123", null, "+447700900123 null"],
];

for (const [input, country, expected] of ACCEPTED) {
  Deno.test(`phone ${JSON.stringify(input)} in ${country} is ${expected}`, () => {
    assert.equal(read(input, country), expected);
  });
}

const REFUSED: [input: string, country: string | null, code: string][] = [
  ["", "CA", "not_a_number"],
  ["abc", "CA", "not_a_number"],
  ["+", "CA", "not_a_number"],
  ["call me: +16045551234", "CA", "not_a_number"],
  ["+1 604 555 CALL", "CA", "not_a_number"],
  ["+16045551234, +16045551235", "CA", "not_a_number"],
  ["[object Object]", "CA", "not_a_number"],
  ["555-1234", "CA", "too_short"],
  ["+1604555123", null, "too_short"],
  ["+160455512345", null, "too_long"],
  // Malaysia's +60 4 555 123 cannot have been meant.
  ["604555123", "CA", "invalid_length"],
  ["(471) 234-567", "CA", "invalid_length"],
  ["60455512345678901", "CA", "too_long"],
  ["12", "CA", "too_short"],
  ["+4912", null, "too_short"],
  ["+9991234567", null, "invalid_country"],
  ["+0123456789", null, "invalid_country"],
  ["6045551234", null, "invalid_country"],
  ["6045551234", "ZZ", "invalid_country"],
  ["+1 604 555 1234 ext. 5", null, "has_extension"],
  ["1".repeat(64), "CA", "too_long"],
];

for (const [input, country, code] of REFUSED) {
  Deno.test(`phone ${JSON.stringify(input)} in ${country} is refused: ${code}`, () => {
    const result = parsePhone(input, country);
    assert.equal(result.ok, false, JSON.stringify(result));
    assert.equal(!result.ok && result.code, code);
    assert.match(!result.ok ? result.message : "", /^[A-Z].*\.$/);
  });
}

Deno.test("what is accepted is E.164", () => {
  for (const [input, country] of ACCEPTED) {
    const result = parsePhone(input, country);
    assert.match(result.ok ? result.phone.e164 : "", /^\+[1-9]\d{5,14}$/);
  }
});

Deno.test("what was accepted is read the same again", () => {
  for (const [input, country] of ACCEPTED) {
    const [e164] = read(input, country).split(" ");
    assert.equal(read(e164, null).split(" ")[0], e164);
  }
});

Deno.test("only a number with + is read the same everywhere: 00 may be another prefix", () => {
  assert.deepEqual(["+1", " +1", "001", "(+1)", "1", "01"].map(saysItsCountry), [
    true,
    true,
    false,
    true,
    false,
    false,
  ]);
});

Deno.test("the country of WhatsApp ids", () => {
  const expected = {
    "16045551234": "CA",
    "34600111222": "ES",
    "5511912345678": "BR",
    "551112345678": "BR",
    "5215512345678": "MX",
    "5491112345678": "AR",
    "447400123456": "GB",
    "15551234567": null,
    "999": null,
    "": null,
  };
  for (const [waId, country] of Object.entries(expected)) {
    assert.equal(countryOf(waId), country, waId);
  }
});
