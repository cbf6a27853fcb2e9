/** Asks again and again until there is an answer; throws after twenty seconds unless told otherwise. */
export async function until<Value>(
  ask: () => Promise<Value | undefined>,
  patienceMs = 20_000,
): Promise<Value> {
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline) {
    const value = await ask();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Nothing came of it in ${patienceMs / 1000} seconds.`);
}
