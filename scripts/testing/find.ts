import { join } from "node:path";

/** Files as they are given, and those with the suffix in folders, however deep, by name. */
export async function findFiles(paths: readonly string[], suffix: string): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    if (!(await Deno.stat(path)).isDirectory) {
      files.push(path);
      continue;
    }
    const inside = await Array.fromAsync(Deno.readDir(path));
    const wanted = inside.filter(({ name, isDirectory }) =>
      isDirectory ? name !== "node_modules" : name.endsWith(suffix)
    );
    files.push(...await findFiles(wanted.map(({ name }) => join(path, name)).sort(), suffix));
  }
  return files;
}
