import { createApp } from "../_shared/app.ts";
import { outcomes } from "./outcomes.ts";
import { records } from "./records.ts";

export const app = createApp("deals", [...records, ...outcomes]);
