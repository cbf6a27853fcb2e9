import assert from "node:assert/strict";
import { Refusal } from "./errors.ts";
import { checkMessage } from "./message_shape.ts";
import type { Json } from "./shape.ts";

const button = (id: string, title = id) => ({ type: "reply", reply: { id, title } });
const buttons = (...list: Json[]) => interactive("button", { buttons: list });
const list = (rows: Json[], action: Json = {}) =>
  interactive("list", { button: "Choose", sections: [{ title: "All", rows }], ...action });

function interactive(type: string, action: Json, more: Json = {}): Json {
  return {
    type: "interactive",
    interactive: { type, body: { text: "Which?" }, action, ...more },
  };
}

function rows(count: number): Json[] {
  return Array.from({ length: count }, (_, index) => ({ id: `r${index}`, title: "Row" }));
}

const RIGHT: [string, Json][] = [
  ["the longest text", { type: "text", text: { body: "é".repeat(4096), preview_url: false } }],
  ["a text without a type", { text: { body: "Hola" } }],
  ["media by id", { type: "image", image: { id: "901", caption: "opt" } }],
  ["media by link", { type: "document", document: { link: "https://a.example/f", filename: "f" } }],
  ["a template", {
    type: "template",
    template: {
      name: "cita",
      language: { code: "es" },
      components: [{ type: "body", parameters: [{ type: "text", text: "Ana" }] }],
    },
  }],
  ["three buttons", buttons(button("a"), button("b"), button("c".repeat(256), "C".repeat(20)))],
  ["a list of ten", list(rows(10))],
  ["a link button", interactive("cta_url", { name: "cta_url", parameters: {} })],
  ["a reaction taken back", { type: "reaction", reaction: { message_id: "wamid.A", emoji: "" } }],
  ["a location", { type: "location", location: { latitude: "40.41", longitude: -3.7 } }],
  ["contacts", { type: "contacts", contacts: [{ name: { formatted_name: "Ana" } }] }],
  ["512 bytes of own data", {
    text: { body: "a" },
    biz_opaque_callback_data: "é".repeat(256),
    context: { message_id: "wamid.A1" },
  }],
];

for (const [what, body] of RIGHT) {
  Deno.test(`allowed: ${what}`, () => {
    assert.equal(checkMessage(body), body.type ?? "text");
  });
}

const WRONG: [string, number, Json][] = [
  ["an unknown type", 131051, { type: "poll", poll: {} }],
  ["a type that every object has", 131051, { type: "constructor", constructor: {} }],
  ["a type without its content", 100, { type: "image" }],
  ["an empty text", 100, { type: "text", text: { body: "" } }],
  ["a text too long", 131009, { type: "text", text: { body: "a".repeat(4097) } }],
  ["media by id and link", 100, { type: "image", image: { id: "1", link: "https://a.example" } }],
  ["media by neither", 100, { type: "image", image: { caption: "c" } }],
  ["media by a path", 131009, { type: "image", image: { link: "/tmp/a" } }],
  ["a caption too long", 131009, {
    type: "image",
    image: { id: "1", caption: "a".repeat(1025) },
  }],
  ["a template without a language", 100, { type: "template", template: { name: "cita" } }],
  ["four buttons", 131009, buttons(button("a"), button("b"), button("c"), button("d"))],
  ["no buttons", 131009, buttons()],
  ["a button id too long", 131009, buttons(button("a".repeat(257), "A"))],
  ["a button title too long", 131009, buttons(button("a", "a".repeat(21)))],
  ["equal button titles", 131009, buttons(button("a", "Yes"), button("b", "Yes"))],
  [
    "a body too long",
    131009,
    interactive("button", { buttons: [button("a")] }, { body: { text: "a".repeat(1025) } }),
  ],
  [
    "a footer too long",
    131009,
    interactive("button", { buttons: [button("a")] }, { footer: { text: "a".repeat(61) } }),
  ],
  ["a list of eleven", 131009, list(rows(11))],
  [
    "a list of eleven in two sections",
    131009,
    list([], {
      sections: [{ title: "A", rows: rows(10) }, { title: "B", rows: [{ id: "x", title: "X" }] }],
    }),
  ],
  ["equal row ids", 131009, list([...rows(1), ...rows(1)])],
  ["sections without a title", 100, list([], { sections: [{ rows: rows(1) }, { rows: rows(1) }] })],
  ["a reaction to nothing", 100, { type: "reaction", reaction: { emoji: "👍" } }],
  ["a location beyond the pole", 131009, {
    type: "location",
    location: { latitude: 91, longitude: 0 },
  }],
  ["a location without numbers", 100, { type: "location", location: { latitude: "" } }],
  ["a contact without a name", 100, { type: "contacts", contacts: [{}] }],
  ["513 bytes of own data", 131009, {
    text: { body: "a" },
    biz_opaque_callback_data: "é".repeat(256) + "a",
  }],
  ["a recipient_type of our own", 100, { recipient_type: "user", text: { body: "a" } }],
  ["a context without a message", 100, { context: {}, text: { body: "a" } }],
];

for (const [what, code, body] of WRONG) {
  Deno.test(`refused with code ${code}: ${what}`, () => {
    assert.throws(
      () => checkMessage(body),
      (error) => error instanceof Refusal && error.fault.code === code,
    );
  });
}
