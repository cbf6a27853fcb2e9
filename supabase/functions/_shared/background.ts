/** Work that goes on after the answer was sent. */

/** What Supabase's runtime has: it ends a function after its answer, but for what it waits for. */
interface EdgeRuntime {
  waitUntil(work: Promise<unknown>): void;
}

/** Lets the work go on behind an answer; a failure is logged, since nobody is left to tell. */
export function inBackground(work: Promise<unknown>): void {
  const logged = work.catch((error) => console.error("Work in the background failed:", error));
  const { EdgeRuntime } = globalThis as { EdgeRuntime?: EdgeRuntime };
  EdgeRuntime?.waitUntil(logged);
}
