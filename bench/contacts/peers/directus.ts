/**
 * Directus with a collection of contacts: an agent with a static token, whose role may read and
 * write them. Logged as it is by itself (activity and revisions), not cached, not limited.
 */
import { join } from "node:path";
import { freePort } from "../../../scripts/stack/ports.ts";
import { columnFor, DIRECTUS_TYPES, FIELDS } from "./fields.ts";
import { findNode, install, type Node } from "./install.ts";
import { byCase, call, makeDatabase, type Peer, type PeerOptions, query, WANTED } from "./peer.ts";
import { copyRows, execute } from "./rows.ts";
import { runOnce, startServer } from "./server.ts";

const ADMIN = { authorization: "Bearer bench-admin-token" };
const AGENT = { authorization: "Bearer bench-agent-token" };

// What the cases ask for: its `_icontains` is `LOWER(name) LIKE`.
const INDEXES = [
  `create unique index on contacts (phone)`,
  `create index on contacts (created_at)`,
  `create index on contacts (status, created_at)`,
  `create index on contacts using gin (tags gin_trgm_ops)`,
  `create index on contacts using gin (lower(name) gin_trgm_ops)`,
];

export async function startDirectus(options: PeerOptions): Promise<Peer> {
  const node = await findNode();
  const databaseUrl = await makeDatabase(options.adminUrl, "directus");
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = await serve(node, databaseUrl, port, options.folder);
  await makeCollection(url);
  await makeAgent(url);
  await fill(options.adminUrl, databaseUrl);
  const list = (filter: Record<string, string>) => ({
    method: "GET" as const,
    path: "/items/contacts" + query({ limit: 50, sort: "-created_at", ...filter }),
    headers: AGENT,
  });
  const status = { "filter[status][_eq]": WANTED.status };
  const tag = (name: string) => ({ ...status, "filter[tags][_contains]": name });
  return {
    name: "Directus",
    url,
    requests: byCase([
      list({}),
      list(tag(WANTED.commonTag)),
      list(tag(WANTED.rareTag)),
      list({ "filter[name][_icontains]": WANTED.word }),
      {
        method: "POST",
        path: "/items/contacts",
        headers: { ...AGENT, "content-type": "application/json" },
        body: JSON.stringify(WANTED.created),
      },
    ]),
    importCsv: (path) => importCsv(url, path),
    count: () => count(url),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Not through its own command, which asks npm for a newer version first. */
async function serve(node: Node, databaseUrl: string, port: number, folder: string) {
  const program = join(await install("directus", node), "../@directus/api/dist/cli/run.js");
  const cwd = join(folder, "directus");
  for (const name of ["uploads", "extensions"]) {
    await Deno.mkdir(join(cwd, name), { recursive: true });
  }
  await Deno.writeTextFile(join(cwd, "package.json"), `{"private":true,"type":"module"}`);
  const env = environment(databaseUrl, port);
  await runOnce({ node, args: [program, "bootstrap"], cwd, env });
  const healthUrl = `http://127.0.0.1:${port}/server/ping`;
  return await startServer({ node, args: [program, "start"], cwd, env, healthUrl });
}

function environment(databaseUrl: string, port: number): Record<string, string> {
  const { hostname, port: databasePort, pathname, username, password } = new URL(databaseUrl);
  return {
    HOST: "127.0.0.1",
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    DB_CLIENT: "pg",
    DB_HOST: hostname,
    DB_PORT: databasePort,
    DB_DATABASE: pathname.slice(1),
    DB_USER: username,
    DB_PASSWORD: password,
    SECRET: crypto.randomUUID() + crypto.randomUUID(),
    ADMIN_EMAIL: "admin@example.com",
    ADMIN_PASSWORD: crypto.randomUUID(),
    ADMIN_TOKEN: "bench-admin-token",
    TELEMETRY: "false",
    // It would answer 503 to some while others keep it busy.
    PRESSURE_LIMITER_ENABLED: "false",
    SERVE_APP: "false",
    LOG_LEVEL: "error",
    // Its default is 1 MB, too little for the file.
    FILES_MAX_UPLOAD_SIZE: "200mb",
  };
}

async function makeCollection(url: string): Promise<void> {
  const special: Record<string, string[]> = {
    csv: ["cast-csv"],
    json: ["cast-json"],
    boolean: ["cast-boolean"],
  };
  const fields = Object.entries(FIELDS).map(([field, kind]) => {
    const type = DIRECTUS_TYPES[kind];
    const own = { created_at: ["date-created"], updated_at: ["date-updated"] }[field];
    return { field, type, meta: { special: own ?? special[type] ?? null }, schema: {} };
  });
  const id = {
    field: "id",
    type: "uuid",
    meta: { special: ["uuid"] },
    schema: { is_primary_key: true, has_auto_increment: false },
  };
  const collection = { collection: "contacts", meta: {}, schema: {}, fields: [id, ...fields] };
  await call(`${url}/collections`, "POST", ADMIN, collection);
}

/** A user whose role may read and write contacts, nothing else; an import asks for update, too. */
async function makeAgent(url: string): Promise<void> {
  const policy = await call<{ data: { id: string } }>(`${url}/policies`, "POST", ADMIN, {
    name: "Contacts",
    admin_access: false,
    app_access: false,
  });
  const permissions = ["read", "create", "update"].map((action) => ({
    ...{ policy: policy.data.id, collection: "contacts", action, fields: ["*"] },
    permissions: {},
    validation: {},
  }));
  await call(`${url}/permissions`, "POST", ADMIN, permissions);
  const role = await call<{ data: { id: string } }>(`${url}/roles`, "POST", ADMIN, {
    name: "Agent",
    policies: [{ policy: policy.data.id }],
  });
  await call(`${url}/users`, "POST", ADMIN, {
    email: "agent@example.com",
    password: crypto.randomUUID(),
    role: role.data.id,
    token: "bench-agent-token",
  });
}

async function fill(from: string, to: string): Promise<void> {
  const fields = Object.keys(FIELDS);
  const columns = fields.map((field) => columnFor("directus", field));
  await copyRows({
    ...{ from, to, query: `select r.id, ${columns.join(", ")} from private.contact_records r` },
    into: `contacts (id, ${fields.join(", ")})`,
  });
  await execute(to, [...INDEXES, "vacuum analyze"]);
}

async function importCsv(url: string, path: string): Promise<void> {
  const form = new FormData();
  form.append("file", new Blob([await Deno.readFile(path)], { type: "text/csv" }), "contacts.csv");
  const answer = await fetch(`${url}/utils/import/contacts`, {
    ...{ method: "POST", headers: AGENT, body: form },
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`Directus' import: ${answer.status} ${text}`);
}

async function count(url: string): Promise<number> {
  const path = "/items/contacts?aggregate[count]=*";
  const { data } = await call<{ data: [{ count: string }] }>(url + path, "GET", AGENT);
  return Number(data[0].count);
}
