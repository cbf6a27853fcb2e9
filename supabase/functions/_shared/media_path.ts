const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const PATH = new RegExp(`^${UUID}/${UUID}$`);

/** @throws Error for a path that is not of our making, before it becomes an address or a file name */
export function requireMediaPath(path: string): void {
  if (!PATH.test(path)) throw new Error("Not a path of media.");
}
