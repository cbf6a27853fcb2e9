import assert from "node:assert/strict";
import { denoApis } from "./bundle.ts";
import { readFunctionSections } from "./config.ts";

Deno.test("the functions' sections are read, and no others", () => {
  const toml = `project_id = "x"
[functions.a-b] # why
verify_jwt = false
import_map = "./functions/deno.json"
[db]
major_version = 17
[functions.c]
entrypoint = "./functions/c/index.ts"
`;
  assert.deepEqual(readFunctionSections(toml), [
    { name: "a-b", verify_jwt: false, import_map: "./functions/deno.json" },
    { name: "c", entrypoint: "./functions/c/index.ts" },
  ]);
});

Deno.test("what hosting may lack is found in code, not in comments", () => {
  const source = `
// Deno.readFile is not used
/* nor is Deno.open */
Deno.serve(app.fetch);
const a = Deno.env.get("A"), b = Deno.readTextFile("b"), c = Deno?.Command;
`;
  assert.deepEqual(denoApis(source), ["readTextFile", "Command"]);
});
