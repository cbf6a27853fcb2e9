/** The endpoints of the stack's own description, in the form that generated requests need. */
import { fetchDescription, operationsOf } from "../support/openapi.ts";
import type { Schema } from "./conforming.ts";

export interface Endpoint {
  method: string;
  /** Without the leading slash; `{id}` stands for a path parameter. */
  path: string;
  parameters: { name: string; schema: Schema }[];
  /** Of its body; undefined when it takes none. */
  body?: Schema;
  /** Who may call: the names of the security schemes. */
  security: string[];
}

interface Body {
  content: Record<string, { schema: Schema }>;
}

interface Parameter {
  in?: string;
  name: string;
  schema: Schema;
  example?: string;
}

export async function endpoints(): Promise<Endpoint[]> {
  const operations = operationsOf(await fetchDescription());
  return [...operations].map(([address, { security, parameters = [], requestBody }]) => {
    const [method, path] = address.split(" ");
    return {
      method,
      path: path.slice(1),
      parameters: (parameters as Parameter[]).filter((given) => given.in === "query")
        .map(({ name, schema, example }) => ({ name, schema: { example, ...schema } })),
      body: (requestBody as Body | undefined)?.content["application/json"]?.schema,
      security: security.flatMap((scheme) => Object.keys(scheme)),
    };
  });
}
