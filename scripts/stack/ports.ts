/** A port that is free now, the wished one if it is. Whoever binds it still handles a race. */
export function freePort(wished = 0): number {
  try {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: wished });
    const { port } = listener.addr;
    listener.close();
    return port;
  } catch (error) {
    if (wished === 0 || !(error instanceof Deno.errors.AddrInUse)) throw error;
    return freePort();
  }
}
