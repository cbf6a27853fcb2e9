/**
 * Parse Server with a class of contacts: a user with a session token, whose role the class-level
 * permissions let read and create them. The master key only sets it up.
 */
import { join } from "node:path";
import { freePort } from "../../../scripts/stack/ports.ts";
import { columnFor, FIELDS, PARSE_TYPES } from "./fields.ts";
import { install } from "./install.ts";
import { byCase, call, makeDatabase, type Peer, type PeerOptions, query, WANTED } from "./peer.ts";
import { copyRows, execute } from "./rows.ts";
import { startServer } from "./server.ts";

const KEYS = { "x-parse-application-id": "bench", "x-parse-rest-api-key": "bench-rest-key" };
const MASTER = { "x-parse-application-id": "bench", "x-parse-master-key": "bench-master-key" };

// What the cases ask for: its `$regex` is `~*`. An item of an array is looked for by a function of
// its own, which no index serves (`where={"tags":"VIP"}` answers 500 on Postgres, hence `$in`).
const INDEXES = [
  `create unique index on "Contact" (phone)`,
  `create index on "Contact" ("createdAt")`,
  `create index on "Contact" (status, "createdAt")`,
  `create index on "Contact" using gin (tags)`,
  `create index on "Contact" using gin (name gin_trgm_ops)`,
];

export async function startParse(options: PeerOptions): Promise<Peer> {
  const databaseUrl = await makeDatabase(options.adminUrl, "parse");
  const port = freePort();
  const url = `http://127.0.0.1:${port}/parse`;
  const server = await serve(databaseUrl, port, url, options.folder);
  const user = await makeUser(url);
  await makeClass(url, user.objectId);
  await fill(options.adminUrl, databaseUrl);
  const headers = { ...KEYS, "x-parse-session-token": user.sessionToken };
  const list = (where: object) => ({
    method: "GET" as const,
    path: "/classes/Contact" +
      query({ limit: 50, order: "-createdAt", where: JSON.stringify(where) }),
    headers,
  });
  const { status, commonTag, rareTag, word, created } = WANTED;
  return {
    name: "Parse Server",
    url,
    requests: byCase([
      list({}),
      list({ status, tags: { $in: [commonTag] } }),
      list({ status, tags: { $in: [rareTag] } }),
      list({ name: { $regex: word, $options: "i" } }),
      {
        method: "POST",
        path: "/classes/Contact",
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify(created),
      },
    ]),
    count: () => count(url, headers),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function serve(databaseURI: string, port: number, serverURL: string, folder: string) {
  const cwd = join(folder, "parse");
  await Deno.mkdir(cwd, { recursive: true });
  const config = {
    ...{ appId: "bench", masterKey: "bench-master-key", restAPIKey: "bench-rest-key" },
    ...{ maintenanceKey: "bench-maintenance-key", databaseURI, serverURL, mountPath: "/parse" },
    ...{ host: "127.0.0.1", port, logsFolder: null, silent: true, verifyServerUrl: false },
  };
  await Deno.writeTextFile(join(cwd, "config.json"), JSON.stringify(config));
  const node = { path: "node", env: {} };
  const program = join(await install("parse-server", node), "bin", "parse-server");
  const healthUrl = `${serverURL}/health`;
  return await startServer({ node, args: [program, "config.json"], cwd, healthUrl });
}

async function makeUser(url: string): Promise<{ objectId: string; sessionToken: string }> {
  return await call(`${url}/users`, "POST", KEYS, {
    username: "agent",
    password: crypto.randomUUID(),
  });
}

async function makeClass(url: string, user: string): Promise<void> {
  await call(`${url}/roles`, "POST", MASTER, {
    name: "agents",
    ACL: {},
    users: {
      __op: "AddRelation",
      objects: [{ __type: "Pointer", className: "_User", objectId: user }],
    },
  });
  const agents = { "role:agents": true };
  await call(`${url}/schemas/Contact`, "POST", MASTER, {
    className: "Contact",
    fields: Object.fromEntries(
      OWN_FIELDS.map((name) => [name, { type: PARSE_TYPES[FIELDS[name]] }]),
    ),
    classLevelPermissions: {
      ...{ find: agents, count: agents, get: agents, create: agents, update: agents },
      ...{ delete: {}, addField: {}, protectedFields: {} },
    },
  });
}

/** Without those that every class has by itself. */
const OWN_FIELDS = Object.keys(FIELDS).filter((name) => !/^(created|updated)_at$/.test(name));

async function fill(from: string, to: string): Promise<void> {
  const columns = OWN_FIELDS.map((field) => columnFor("parse", field));
  // Its ids have ten characters.
  const id = "lpad(to_hex(row_number() over ()), 10, '0')";
  const rows = `${id}, r.created_at, r.updated_at, ${columns.join(", ")}`;
  const names = OWN_FIELDS.map((field) => `"${field}"`);
  await copyRows({
    ...{ from, to, query: `select ${rows} from private.contact_records r` },
    into: `"Contact" ("objectId", "createdAt", "updatedAt", ${names.join(", ")})`,
  });
  await execute(to, [...INDEXES, "vacuum analyze"]);
}

async function count(url: string, headers: Record<string, string>): Promise<number> {
  const path = `${url}/classes/Contact${query({ count: 1, limit: 0 })}`;
  return (await call<{ count: number }>(path, "GET", headers)).count;
}
