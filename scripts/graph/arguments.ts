import { parseArgs } from "node:util";
import { parsePort } from "../stack/arguments.ts";
import { StackProblem } from "../stack/problem.ts";
import type { GraphOptions } from "./types.ts";

export const USAGE =
  `Runs a stand-in for Meta's Graph API on this machine: deno task graph [options]

  --port N        HTTP port on 127.0.0.1, 0 for any free one (54330)
  --webhook URL   where the statuses of messages are posted
  --app-secret S  signs what is posted there                 (WHATSAPP_APP_SECRET)
  --reply         answer each text with “You said: …” through the webhook
  --help          this text`;

/** What `deno task graph` is asked for; `undefined` if that is how to use it. */
export function parseGraphArguments(
  args: readonly string[],
  env: Record<string, string | undefined>,
): GraphOptions | undefined {
  const values = readFlags(args);
  if (values.help) return undefined;
  const url = values.webhook;
  const appSecret = values["app-secret"] || env.WHATSAPP_APP_SECRET;
  if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
    throw usage("--webhook takes an http or https address");
  }
  if (url !== undefined && !appSecret) throw usage("--webhook needs --app-secret to sign with");
  if (values.reply && url === undefined) throw usage("--reply needs a --webhook to write to");
  return {
    port: parsePort(values.port ?? "54330"),
    reply: values.reply ?? false,
    ...(url !== undefined && appSecret ? { webhook: { url, appSecret } } : {}),
  };
}

function readFlags(args: readonly string[]) {
  const one = { type: "string" } as const;
  const yes = { type: "boolean" } as const;
  const options = { port: one, webhook: one, "app-secret": one, reply: yes, help: yes };
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw usage((error as Error).message.split("\n")[0]);
  }
}

function usage(message: string): StackProblem {
  return new StackProblem(`${message} (--help lists the options)`, 2);
}
