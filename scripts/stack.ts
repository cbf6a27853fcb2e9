import { resolve } from "node:path";
import postgres from "postgres";
import { type Credentials, credentialsPath, writeCredentials } from "./stack/credentials.ts";
import { type Database, type DatabaseOptions, openDatabase } from "./stack/database.ts";
import { functionEnvironment, setEnvironment } from "./stack/environment.ts";
import { isThere, removeIfThere, ROOT } from "./stack/files.ts";
import { closeFunctions, dispatcher, loadFunctions, PREFIX } from "./stack/functions.ts";
import { lockDataFolder } from "./stack/lock.ts";
import { tidyMediaFolder } from "./stack/media.ts";
import { StackProblem } from "./stack/problem.ts";
import { loadSecrets, saveSecrets, type Secrets, secretsPath } from "./stack/secrets.ts";
import { DEMO, emailsOf, ensureApiKeys, seedDemo } from "./stack/seed.ts";
import { type HttpServer, listen } from "./stack/server.ts";
import { supervise } from "./stack/supervisor.ts";
import { startSweeper } from "./stack/sweeper.ts";
import { mintMemberToken } from "./stack/tokens.ts";
import { startWorkerLoop } from "./stack/worker_loop.ts";

export interface StackOptions extends Omit<DatabaseOptions, "databasePort"> {
  /** HTTP port on 127.0.0.1; 0 takes any free one. */
  port: number;
  /** Told when the embedded Postgres has ended and does not come back: the stack is to be stopped. */
  onLost: (problem: StackProblem) => void;
}

export interface Stack {
  /** Ends in /functions/v1. */
  url: string;
  credentials: Credentials;
  credentialsPath: string;
  databaseUrl: string;
  /** The superuser's, for tests; the embedded Postgres only. */
  adminDatabaseUrl?: string;
  /** Finishes what is in flight (not when hurried), then stops Postgres. */
  stop(hurry?: AbortSignal): Promise<void>;
}

/**
 * The whole stack in this process. The functions read the process's environment, so one process
 * runs one stack; `spawnStack` runs more.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const release = new AsyncDisposableStack();
  try {
    return await assemble({ ...options, data: resolve(options.data) }, release);
  } catch (error) {
    await release.disposeAsync();
    throw error;
  }
}

/** What can be refused comes first: the folder, then the port, and only then the database. */
async function assemble(options: StackOptions, release: AsyncDisposableStack): Promise<Stack> {
  const { data, signal } = options;
  release.defer(await lockDataFolder(data));
  const server = listen(options.port);
  release.defer(() => server.stop(AbortSignal.abort()));
  await removeIfThere(credentialsPath(data));
  release.defer(() => removeIfThere(credentialsPath(data)));
  const secrets = await openSecrets(options);

  // Loaded while Postgres starts; a failure is thrown where they are awaited.
  const functions = loadFunctions();
  functions.catch(() => {});
  const databasePort = options.port === 0 || server.port === 65535 ? 0 : server.port + 1;
  const database = await openDatabase({ ...options, databasePort }, secrets, release);
  const credentials = await furnish(database, server, secrets, options, release);
  server.open(dispatcher(await functions));
  await database.synced;
  await waitUntilHealthy(credentials.url);
  signal?.throwIfAborted();
  // From here on: before it, a start that loses its Postgres fails and says so.
  if (database.embedded) release.defer(supervise(database.embedded, options));
  await writeCredentials(data, credentials);
  return {
    url: credentials.url,
    credentials,
    credentialsPath: credentialsPath(data),
    databaseUrl: database.url,
    adminDatabaseUrl: database.adminUrl,
    async stop(hurry) {
      await server.stop(hurry);
      await release.disposeAsync();
    },
  };
}

async function openSecrets({ data, fresh, dbUrl }: StackOptions): Promise<Secrets> {
  const isKept = !fresh && !dbUrl && await isThere(resolve(data, "postgres"));
  if (isKept && !await isThere(secretsPath(data))) {
    throw new StackProblem(
      `${secretsPath(data)} is gone, and with it the database's password. Use --fresh.`,
    );
  }
  return await loadSecrets(data);
}

/** The demo workspace, the keys and tokens to it, and what the functions find in the environment. */
async function furnish(
  database: Database,
  server: HttpServer,
  secrets: Secrets,
  options: StackOptions,
  release: AsyncDisposableStack,
): Promise<Credentials> {
  const sql = postgres(database.url, { max: 1, idle_timeout: 20, onnotice: () => {} });
  release.defer(() => sql.end({ timeout: 5 }));
  await seedDemo(sql, options.project ?? ROOT);
  if (await ensureApiKeys(sql, secrets)) await saveSecrets(options.data, secrets);
  release.defer(startSweeper(sql));

  const origin = `http://127.0.0.1:${server.port}`;
  const places = { origin, databaseUrl: database.url, data: options.data };
  const env = functionEnvironment(secrets, places, Deno.env.toObject());
  setEnvironment(env);
  release.defer(closeFunctions);
  await tidyMediaFolder(options.data, options.fresh);
  release.defer(startWorkerLoop());
  return {
    url: `${origin}${PREFIX}`,
    workspace_id: DEMO.workspaceId,
    api_key: secrets.api_key,
    ...await mintTokens(sql, secrets, `${origin}/auth/v1`),
    other_workspace: { workspace_id: DEMO.otherWorkspaceId, api_key: secrets.other_api_key },
    whatsapp: {
      phone_number_id: DEMO.phoneNumberId,
      app_secret: env.WHATSAPP_APP_SECRET,
      verify_token: env.WHATSAPP_VERIFY_TOKEN,
    },
    database_url: database.url,
  };
}

async function mintTokens(
  sql: postgres.Sql,
  { signing_key }: Secrets,
  issuer: string,
): Promise<Pick<Credentials, "admin" | "agent">> {
  const emails = await emailsOf(sql, [DEMO.adminId, DEMO.agentId]);
  const member = async (userId: string) => {
    const email = emails.get(userId);
    if (!email) throw new StackProblem(`The demo member ${userId} is gone. Start with --fresh.`);
    return {
      user_id: userId,
      token: await mintMemberToken(signing_key, { userId, email, issuer }),
    };
  };
  return { admin: await member(DEMO.adminId), agent: await member(DEMO.agentId) };
}

async function waitUntilHealthy(url: string): Promise<void> {
  let status = 0;
  for (let attempt = 0; attempt < 20; attempt++) {
    const response = await fetch(`${url}/health`);
    await response.body?.cancel();
    status = response.status;
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new StackProblem(`The server does not answer well: GET ${url}/health says ${status}.`);
}
