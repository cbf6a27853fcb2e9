import { join, resolve } from "node:path";
import postgres from "postgres";
import { type Credentials, credentialsPath, writeCredentials } from "./stack/credentials.ts";
import { type DatabaseOptions, openDatabase } from "./stack/database.ts";
import { functionEnvironment, setEnvironment } from "./stack/environment.ts";
import { isThere, removeIfThere, ROOT } from "./stack/files.ts";
import { closeFunctions, dispatcher, loadFunctions, PREFIX } from "./stack/functions.ts";
import { lockDataFolder } from "./stack/lock.ts";
import { StackProblem } from "./stack/problem.ts";
import { loadSecrets, saveSecrets, type Secrets } from "./stack/secrets.ts";
import { DEMO, emailsOf, ensureApiKeys, seedDemo } from "./stack/seed.ts";
import { listen } from "./stack/server.ts";
import { startSweeper } from "./stack/sweeper.ts";
import { mintMemberToken } from "./stack/tokens.ts";

export interface StackOptions extends Omit<DatabaseOptions, "databasePort"> {
  /** HTTP port on 127.0.0.1; 0 takes any free one. */
  port: number;
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
    return await assemble(options, release);
  } catch (error) {
    await release.disposeAsync();
    throw error;
  }
}

async function assemble(options: StackOptions, release: AsyncDisposableStack): Promise<Stack> {
  const data = resolve(options.data);
  const project = resolve(options.project ?? ROOT);
  release.defer(await lockDataFolder(data));
  const server = listen(options.port);
  release.defer(() => server.stop(AbortSignal.abort()));
  const origin = `http://127.0.0.1:${server.port}`;
  await removeIfThere(credentialsPath(data));
  release.defer(() => removeIfThere(credentialsPath(data)));
  const secrets = await openSecrets(data, options);

  const functions = loadFunctions();
  functions.catch(() => {});
  const database = await openDatabase(
    { ...options, data, project, databasePort: options.port === 0 ? 0 : server.port + 1 },
    secrets,
    release,
  );
  const sql = postgres(database.url, { max: 1, idle_timeout: 20, onnotice: () => {} });
  release.defer(() => sql.end({ timeout: 5 }));
  await seedDemo(sql, project);
  if (await ensureApiKeys(sql, secrets)) await saveSecrets(data, secrets);
  const env = functionEnvironment(secrets, origin, database.url, Deno.env.toObject());
  const credentials = await makeCredentials(sql, secrets, origin, database.url, env);

  setEnvironment(env);
  release.defer(closeFunctions);
  server.open(dispatcher(await functions));
  release.defer(startSweeper(sql));
  await database.synced;
  await waitUntilHealthy(credentials.url);
  options.signal?.throwIfAborted();
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

async function openSecrets(data: string, options: StackOptions): Promise<Secrets> {
  const path = join(data, "secrets.json");
  const hasCluster = await isThere(join(data, "postgres"));
  if (!options.fresh && !options.dbUrl && hasCluster && !await isThere(path)) {
    throw new StackProblem(`${path} is gone, and with it the database's password. Use --fresh.`);
  }
  return await loadSecrets(data);
}

async function makeCredentials(
  sql: postgres.Sql,
  secrets: Secrets,
  origin: string,
  databaseUrl: string,
  env: Record<string, string>,
): Promise<Credentials> {
  const emails = await emailsOf(sql, [DEMO.adminId, DEMO.agentId]);
  const member = async (userId: string) => {
    const email = emails.get(userId);
    if (!email) throw new StackProblem(`The demo member ${userId} is gone. Start with --fresh.`);
    const issuer = `${origin}/auth/v1`;
    return {
      user_id: userId,
      token: await mintMemberToken(secrets.signing_key, { userId, email, issuer }),
    };
  };
  return {
    url: `${origin}${PREFIX}`,
    workspace_id: DEMO.workspaceId,
    api_key: secrets.api_key,
    admin: await member(DEMO.adminId),
    agent: await member(DEMO.agentId),
    other_workspace: { workspace_id: DEMO.otherWorkspaceId, api_key: secrets.other_api_key },
    whatsapp: {
      phone_number_id: DEMO.phoneNumberId,
      app_secret: env.WHATSAPP_APP_SECRET,
      verify_token: env.WHATSAPP_VERIFY_TOKEN,
    },
    database_url: databaseUrl,
  };
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
