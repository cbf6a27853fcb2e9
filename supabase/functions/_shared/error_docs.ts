/** The text of `docs/errors.md`: `deno run supabase/functions/_shared/error_docs.ts > docs/errors.md`. */
import { ERROR_CODES, FIELD_ERROR_CODES } from "./error_codes.ts";

/** Every code that an answer can have, as a Markdown page. */
export function errorDocs(): string {
  const codes = Object.entries(ERROR_CODES)
    .map(([code, { status, title, meaning }]) =>
      `| ${status} | \`${code}\` | ${title} | ${meaning} |`
    );
  const fieldCodes = Object.entries(FIELD_ERROR_CODES).map(([code, meaning]) =>
    `| \`${code}\` | ${meaning} |`
  );
  return `# Errors

Every failure is a problem document ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) with the
content type \`application/problem+json\`:

\`\`\`json
{
  "type": "urn:leadbase:problem:validation_failed",
  "title": "Validation failed",
  "status": 422,
  "detail": "The number has too few digits for CA.",
  "code": "validation_failed",
  "request_id": "0198f6c2-ce55-7154-8a83-ad426f5ed178",
  "errors": [
    { "path": "/phone", "code": "too_short", "message": "The number has too few digits for CA." }
  ]
}
\`\`\`

Programs go by \`code\` (or \`type\`, which is the same as a URN): codes are added, never renamed or
given another meaning. \`title\` and \`detail\` are for people and may change. \`request_id\` is also in
the header \`X-Request-Id\`; quote it when asking about a failure. Some codes bring more members, such
as \`contact_id\` with \`contact_exists\`.

Safe to send again as it was: 429, \`try_again\` and \`timeout\`, after \`Retry-After\` seconds, and
whatever only reads. A write that was answered with \`database_unavailable\`, or not at all, may have
been carried out: it is safe to send again with the \`Idempotency-Key\` that it was sent with first.

## Codes

| status | code | title | what it means |
| --- | --- | --- | --- |
${codes.join("\n")}

## Field errors

With \`validation_failed\`, \`errors\` lists everything that is wrong; with other codes it is empty.
\`path\` is a JSON pointer into the body, or into the query by the parameter's name.

| code | what it means |
| --- | --- |
${fieldCodes.join("\n")}
`;
}

if (import.meta.main) console.log(errorDocs().trimEnd());
