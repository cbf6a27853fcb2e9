import { createApp } from "../_shared/app.ts";
import { read } from "./read.ts";
import { revert } from "./revert.ts";
import { start } from "./start.ts";

export const app = createApp("import-contacts", [start, ...read, revert]);
