/** How properties are tried. */
import fc from "fast-check";

/** Of everything random in this run: what fails says it, LEADBASE_PROPERTY_SEED sets it. */
export const seed = Number(Deno.env.get("LEADBASE_PROPERTY_SEED") ?? Date.now() % 2 ** 31);

/**
 * The property holds, as often as it is tried: `usual` times, or LEADBASE_PROPERTY_RUNS times for a
 * long night. LEADBASE_PROPERTY_PATH beside the seed tries a counterexample again.
 */
export async function holds<Input>(
  property: fc.IAsyncProperty<Input>,
  usual: number,
): Promise<void> {
  const path = Deno.env.get("LEADBASE_PROPERTY_PATH");
  await fc.assert(property, {
    numRuns: Number(Deno.env.get("LEADBASE_PROPERTY_RUNS") ?? usual),
    seed,
    ...(path === undefined ? {} : { path }),
  });
}
