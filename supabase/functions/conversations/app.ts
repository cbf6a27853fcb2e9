import { createApp } from "../_shared/app.ts";
import { lifecycle } from "./lifecycle.ts";
import { lists } from "./lists.ts";
import { reading } from "./read.ts";
import { sending } from "./send.ts";
import { typing } from "./typing.ts";

export const app = createApp("conversations", [
  ...lists,
  ...sending,
  ...reading,
  ...typing,
  ...lifecycle,
]);
