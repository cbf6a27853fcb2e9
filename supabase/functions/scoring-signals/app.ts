import { createApp } from "../_shared/app.ts";
import { records } from "./records.ts";
import { simulations } from "./simulations.ts";
import { templates } from "./templates.ts";

export const app = createApp("scoring-signals", [...records, ...templates, ...simulations]);
