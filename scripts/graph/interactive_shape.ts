import { type Json, object, objects, optionalObject, optionalText, text, unique } from "./shape.ts";

/** Refuses an `interactive` beyond Meta's limits; types other than these two pass as they are. */
export function checkInteractive(interactive: Json): void {
  const type = text(interactive, "type");
  const action = object(interactive, "action");
  const footer = optionalObject(interactive, "footer");
  if (footer) text(footer, "text", 60);
  optionalObject(interactive, "header");
  if (type === "button") {
    text(object(interactive, "body"), "text", 1024);
    checkButtons(action);
  } else if (type === "list") {
    text(object(interactive, "body"), "text", 4096);
    checkList(action);
  }
}

function checkButtons(action: Json): void {
  const replies = objects(action, "buttons", 1, 3).map((button) => object(button, "reply"));
  unique(replies.map((reply) => text(reply, "id", 256)), "button id");
  unique(replies.map((reply) => text(reply, "title", 20)), "button title");
}

function checkList(action: Json): void {
  text(action, "button", 20);
  const sections = objects(action, "sections", 1, 10);
  for (const section of sections) {
    if (sections.length > 1) text(section, "title", 24);
    else optionalText(section, "title", 24);
  }
  const rows = sections.flatMap((section) => objects(section, "rows", 1, 10));
  objects({ rows }, "rows", 1, 10);
  unique(rows.map((row) => text(row, "id", 200)), "row id");
  for (const row of rows) {
    text(row, "title", 24);
    optionalText(row, "description", 72);
  }
}
