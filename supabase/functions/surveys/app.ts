import { createApp } from "../_shared/app.ts";
import { records } from "./records.ts";
import { responses } from "./responses.ts";

export const app = createApp("surveys", [...records, ...responses]);
