import assert from "node:assert/strict";
import { fileHeaders } from "./file_headers.ts";

const MEDIA = {
  id: "0198f6c2-7d1e-7c3a-9b52-3f1d5a6b7c8d",
  storage_path: "a/b",
  mime_type: "image/jpeg",
  sha256: "ab".repeat(32),
  size_bytes: 12,
  file_name: null,
};

Deno.test("what a browser can only show is shown, everything else is a download", () => {
  const types = {
    "image/jpeg": "image/jpeg",
    "audio/ogg; codecs=opus": "audio/ogg",
    " Image/PNG ": "image/png",
    "text/html": "application/octet-stream",
    "image/svg+xml": "application/octet-stream",
    "application/pdf": "application/octet-stream",
    "image/jpeg\r\nx-evil: 1": "application/octet-stream",
    "": "application/octet-stream",
  };
  for (const [given, expected] of Object.entries(types)) {
    const headers = fileHeaders({ ...MEDIA, mime_type: given });
    assert.equal(headers["content-type"], expected, given);
    const kind = expected === "application/octet-stream" ? "attachment" : "inline";
    assert.equal(headers["content-disposition"].split(";")[0], kind, given);
  }
  assert.equal(
    fileHeaders({ ...MEDIA, mime_type: null })["content-type"],
    "application/octet-stream",
  );
});

Deno.test("a file's name is said in ASCII and as it is, and cannot break out of the header", () => {
  const names: Record<string, string> = {
    "Señal 100%.pdf": `filename="Se_al 100_.pdf"; filename*=UTF-8''Se%C3%B1al%20100%25.pdf`,
    "../../etc/passwd": `filename="_.._etc_passwd"; filename*=UTF-8''_.._etc_passwd`,
    'a";\r\nx-evil: "1': `filename="a_;x-evil_ _1"; filename*=UTF-8''a_%3Bx-evil_%20_1`,
    "photo\u202egpj.exe": `filename="photogpj.exe"; filename*=UTF-8''photogpj.exe`,
    "it's (1)*.txt": `filename="it's (1)_.txt"; filename*=UTF-8''it%27s%20%281%29_.txt`,
    " .. ": `filename="${MEDIA.id}"; filename*=UTF-8''${MEDIA.id}`,
    "half \ud800": `filename="half _"; filename*=UTF-8''half%20%EF%BF%BD`,
  };
  for (const [name, expected] of Object.entries(names)) {
    const headers = fileHeaders({ ...MEDIA, file_name: name });
    assert.equal(headers["content-disposition"], `inline; ${expected}`);
    // A header with a line break in it would throw here.
    new Headers(headers);
  }
});
