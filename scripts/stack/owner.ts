import { run, type RunOptions } from "./process.ts";
import { StackProblem } from "./problem.ts";

/** Runs Postgres's programs as the user that owns the cluster. */
export interface Owner {
  /** Set when that is another user than ourselves: its files have to be given to it. */
  ids?: { uid: number; gid: number };
  run(program: string, args: readonly string[], options?: RunOptions): ReturnType<typeof run>;
}

/**
 * Postgres refuses to run as root, so as root it runs as the cluster's owner, else as `postgres`
 * (made if need be), else as `nobody`. Everywhere else it runs as ourselves.
 */
export async function findOwner(cluster: string): Promise<Owner> {
  if (Deno.build.os === "windows" || Deno.uid() !== 0) {
    await refuseForeignCluster(cluster);
    return { run };
  }
  const ids = await clusterOwner(cluster) ?? await idsOf("postgres") ?? await makeUser() ??
    await idsOf("nobody");
  if (!ids) throw new StackProblem("Postgres does not run as root, and there is no other user.");
  return { ids, run: (program, args, options) => run(program, args, { ...options, ...ids }) };
}

/**
 * Where that user cannot reach the checkout or the data (a home folder of mode 0700, for one), the
 * way in is opened for Postgres alone: one capability, kept by no_setuid_fixup for access() too.
 */
export async function withAccess(owner: Owner, folder: string, program: string): Promise<Owner> {
  if (!owner.ids || await canReach(owner, folder, program)) return owner;
  const { uid, gid } = owner.ids;
  for (const capability of ["+dac_read_search", "+dac_override"]) {
    const prefix = [
      `--reuid=${uid}`,
      `--regid=${gid}`,
      "--clear-groups",
      `--inh-caps=${capability}`,
      `--ambient-caps=${capability}`,
      "--securebits=+no_setuid_fixup",
      "--",
    ];
    const able: Owner = {
      ids: owner.ids,
      run: (name, args, options) => run("setpriv", [...prefix, name, ...args], options),
    };
    if (await canReach(able, folder, program)) return able;
  }
  throw new StackProblem(
    `Postgres does not run as root, and user ${uid} cannot reach ${folder} and ${program}. ` +
      "Start as a plain user, or move the checkout and --data to folders that all users may enter.",
  );
}

/** By trying: whether modes, ACLs or capabilities let it in, only the attempt tells for certain. */
async function canReach(owner: Owner, folder: string, program: string): Promise<boolean> {
  try {
    const script = 'cd "$1" && exec "$2" --version';
    return (await owner.run("/bin/sh", ["-c", script, "sh", folder, program], { cwd: "/" }))
      .code === 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function clusterOwner(cluster: string): Promise<Owner["ids"]> {
  try {
    const { uid, gid } = await Deno.stat(cluster);
    return uid && gid !== null ? { uid, gid } : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function refuseForeignCluster(cluster: string): Promise<void> {
  const owner = await clusterOwner(cluster);
  if (owner && owner.uid !== Deno.uid()) {
    throw new StackProblem(
      `${cluster} belongs to another user (it was made as root, perhaps): start as that user, or choose another folder with --data.`,
    );
  }
}

async function idsOf(name: string): Promise<Owner["ids"]> {
  const [uid, gid] = await Promise.all([run("id", ["-u", name]), run("id", ["-g", name])]);
  if (uid.code !== 0 || gid.code !== 0) return undefined;
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

async function makeUser(): Promise<Owner["ids"]> {
  const attempts: [string, string[]][] = [
    ["useradd", ["--system", "--no-create-home", "--shell", "/bin/false", "postgres"]],
    ["adduser", ["-S", "-D", "-H", "postgres"]],
  ];
  for (const [program, args] of attempts) {
    const made = await run(program, args).then(({ code }) => code === 0, () => false);
    if (made) return await idsOf("postgres");
  }
  return undefined;
}
