import { createApp } from "../_shared/app.ts";
import { lifecycle } from "./lifecycle.ts";
import { lists } from "./lists.ts";

export const app = createApp("conversations", [...lists, ...lifecycle]);
