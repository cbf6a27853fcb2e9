import assert from "node:assert/strict";
import { request } from "../support/http.ts";
import { fetchDescription } from "../support/openapi.ts";
import { app } from "../../supabase/functions/list-contacts/app.ts";

const ORIGIN = "https://dashboard.example";
const { paths } = await fetchDescription();

function preflight(path: string, method: string) {
  return request("OPTIONS", path, {
    headers: {
      origin: ORIGIN,
      "access-control-request-method": method,
      "access-control-request-headers": "authorization,content-type,idempotency-key,x-client-info",
    },
  });
}

for (const [path, operations] of Object.entries(paths)) {
  Deno.test(`a page may call ${path}: its preflight says so`, async () => {
    const place = path.slice(1).replace("{id}", crypto.randomUUID());
    for (const method of Object.keys(operations)) {
      const answer = await preflight(place, method.toUpperCase());
      assert.equal(answer.status, 204, answer.text);
      assert.equal(answer.text, "");
      const header = (name: string) => answer.headers.get(`access-control-${name}`) ?? "";
      assert.equal(header("allow-origin"), "*");
      const methods = header("allow-methods").split(", ");
      assert.equal(methods.includes(method.toUpperCase()), true, methods.join());
      const headers = header("allow-headers").toLowerCase().split(/, ?/);
      for (const name of ["authorization", "content-type", "idempotency-key", "x-client-info"]) {
        assert.equal(headers.includes(name), true, headers.join());
      }
      assert.match(header("max-age"), /^\d+$/);
      // Credentials are no cookies, so no page needs to send any.
      assert.equal(header("allow-credentials"), "");
    }
  });
}

Deno.test("a page may read answers, refusals and the headers that matter", async () => {
  for (const path of ["health", "list-contacts", "list-contacts/nowhere"]) {
    const { headers } = await request("GET", path, { headers: { origin: ORIGIN } });
    assert.equal(headers.get("access-control-allow-origin"), "*");
    const exposed = (headers.get("access-control-expose-headers") ?? "").split(", ");
    assert.deepEqual(exposed.toSorted(), [
      "Accept-Ranges",
      "Content-Disposition",
      "Content-Range",
      "ETag",
      "Idempotency-Replayed",
      "Location",
      "RateLimit",
      "RateLimit-Policy",
      "Retry-After",
      "X-Request-Id",
    ]);
  }
});

Deno.test("CORS_ORIGINS names who may call", async () => {
  const before = Deno.env.get("CORS_ORIGINS");
  Deno.env.set("CORS_ORIGINS", ` ${ORIGIN} , https://other.example`);
  try {
    // Without credentials nothing is asked of a database.
    const ask = (origin?: string) =>
      app.fetch(
        new Request("http://localhost/list-contacts", { headers: origin ? { origin } : {} }),
      );
    for (const origin of [ORIGIN, "https://other.example"]) {
      const { headers } = await ask(origin);
      assert.equal(headers.get("access-control-allow-origin"), origin);
      assert.match(headers.get("vary") ?? "", /\bOrigin\b/);
    }
    for (const origin of ["https://evil.example", `${ORIGIN}.evil.example`, "null", undefined]) {
      const { headers } = await ask(origin);
      assert.equal(headers.get("access-control-allow-origin"), null);
      assert.match(headers.get("vary") ?? "", /\bOrigin\b/);
    }
  } finally {
    if (before === undefined) Deno.env.delete("CORS_ORIGINS");
    else Deno.env.set("CORS_ORIGINS", before);
  }
});
