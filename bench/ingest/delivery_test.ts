import assert from "node:assert/strict";
import { arrayText, insertStatement, parametersOf } from "./bare_rows.ts";
import { postRequest, wholeAnswer } from "./connection.ts";
import { sign } from "../../scripts/graph/signature.ts";
import { bodiesOf } from "./delivery.ts";
import { updateAt } from "./stream.ts";

interface Change {
  field: string;
  value: { messages?: { id: string }[]; statuses?: { id: string; status: string }[] };
}

function changesOf(body: string): Change[] {
  return JSON.parse(body).entry.flatMap(({ changes }: { changes: Change[] }) => changes);
}

for (const batch of [1, 10, 100]) {
  Deno.test(`bodies of ${batch} carry each update of the slice once, in order`, () => {
    const slice = { first: 400, posts: 8, batch, contacts: 100 };
    const bodies = bodiesOf(slice);
    assert.equal(bodies.length, slice.posts);
    assert.ok(bodies.every((body) => changesOf(body).length === batch));
    const ids = bodies.flatMap(changesOf).map(({ value }) => {
      const [item] = [...value.messages ?? [], ...value.statuses ?? []];
      return item.id;
    });
    const expected = ids.map((_, n) => updateAt(slice.first + n, slice.contacts).wamid);
    assert.deepEqual(ids, expected);
  });

  Deno.test(`bare rows of ${batch}: as many parameters as the statement has, every row unique`, () => {
    const lists = parametersOf({ first: 0, posts: 40, batch, contacts: 100 });
    const places = new Set(insertStatement(batch).match(/\$\d+/g)).size;
    assert.ok(lists.every(({ length }) => length === places));
    const ids = lists.flatMap((list) => list.join(" ").match(/wamid\.\w+/g) ?? []);
    assert.equal(new Set(ids).size, 40 * batch);
  });
}

Deno.test("arrays are spelled as Postgres reads them", () => {
  assert.equal(arrayText(["a", null, 'say "x\\y", {ok}']), '{"a",NULL,"say \\"x\\\\y\\", {ok}"}');
});

Deno.test("the signature is HMAC-SHA256 of the body", () => {
  // RFC 4231, test case 2.
  assert.equal(
    sign("what do ya want for nothing?", "Jefe"),
    "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
});

Deno.test("a request tells the length of its body in bytes", () => {
  const request = postRequest(new URL("http://127.0.0.1:1234/f"), { "x-a": "b" }, "¿é?");
  assert.equal(
    new TextDecoder().decode(request),
    "POST /f HTTP/1.1\r\nhost: 127.0.0.1:1234\r\nx-a: b\r\ncontent-length: 5\r\n\r\n¿é?",
  );
});

Deno.test("an answer counts once the whole of it is there", () => {
  const answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  for (let length = 0; length < answer.length; length++) {
    assert.equal(wholeAnswer(answer.slice(0, length)), undefined);
  }
  assert.equal(wholeAnswer(answer), 200);
});
