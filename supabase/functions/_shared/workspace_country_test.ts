import assert from "node:assert/strict";
import { workspaceCountry } from "./workspace_country.ts";

Deno.test("a workspace's country is asked for once, caller by caller", async () => {
  let asked = 0;
  const ask = (country: string) => () => {
    asked++;
    return Promise.resolve({ status: 200, body: `{"data":{"default_country":"${country}"}}` });
  };
  assert.equal(await workspaceCountry("a", ask("CA")), "CA");
  assert.equal(await workspaceCountry("b", ask("MX")), "MX");
  assert.equal(await workspaceCountry("a", ask("XX")), "CA");
  assert.equal(asked, 2);
});
