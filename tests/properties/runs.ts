/** How properties are tried. */
import fc from "fast-check";

/** Tries of each property: LEADBASE_PROPERTY_RUNS instead of the number given, for a long night. */
function runs(usual: number): number {
  return Number(Deno.env.get("LEADBASE_PROPERTY_RUNS") ?? usual);
}

/**
 * The property holds. What fails says its seed and path; LEADBASE_PROPERTY_SEED and
 * LEADBASE_PROPERTY_PATH try exactly that again.
 */
export async function holds<Input>(
  property: fc.IAsyncProperty<Input>,
  usual: number,
): Promise<void> {
  const seed = Deno.env.get("LEADBASE_PROPERTY_SEED");
  const path = Deno.env.get("LEADBASE_PROPERTY_PATH");
  await fc.assert(property, {
    numRuns: runs(usual),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(path === undefined ? {} : { path }),
  });
}
