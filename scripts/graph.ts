import { parseGraphArguments, USAGE } from "./graph/arguments.ts";
import { startGraph } from "./graph/server.ts";
import type { GraphOptions } from "./graph/types.ts";
import { describeFailure, StackProblem } from "./stack/problem.ts";
import { onStopRequest } from "./stack/signals.ts";

async function main(): Promise<void> {
  const options = parseGraphArguments(Deno.args, Deno.env.toObject());
  if (!options) return console.log(USAGE);
  const graph = await startOrExplain(options);
  console.log(greeting(graph.url, options));
  await new Promise<void>((resolve) => onStopRequest(() => resolve()));
  await graph.stop();
}

async function startOrExplain(options: GraphOptions) {
  try {
    return await startGraph(options);
  } catch (error) {
    if ((error as { code?: string }).code !== "EADDRINUSE") throw error;
    throw new StackProblem(
      `Port ${options.port} is taken. Choose another with --port (0: any free one).`,
    );
  }
}

function greeting(url: string, { webhook, reply }: GraphOptions): string {
  const statuses = webhook ? `Statuses${reply ? " and replies" : ""} go to ${webhook.url}` : "";
  return `
A stand-in for the Graph API listens at ${url}
${statuses || "No --webhook, so no statuses are posted"}

  GRAPH_API_URL=${url} deno task start

Any access token will do. Ctrl-C stops it.`;
}

if (import.meta.main) {
  try {
    await main();
    Deno.exit(0);
  } catch (error) {
    console.error(describeFailure(error));
    Deno.exit(error instanceof StackProblem ? error.exitCode : 1);
  }
}
