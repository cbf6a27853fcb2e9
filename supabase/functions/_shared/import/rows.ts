/** A record of a file → the fields of a contact, or what is wrong with it. */
import { FIELD_ERROR_CODES } from "../error_codes.ts";
import { type FieldError, Refusal } from "../errors.ts";
import { parsePhone } from "../phone.ts";
import { isDeeperThan } from "../request.ts";
import { CUSTOM_DEPTH, newContact } from "../schemas/contact.ts";
import { SALE_STATUS, SOURCE, STATUS } from "../schemas/enums.ts";
import { isStorable, unstorablePath } from "../text.ts";
import { validate } from "../validation.ts";
import {
  CellProblem,
  firstOf,
  flagOf,
  jsonOf,
  listOf,
  numberOf,
  plainText,
  wordOf,
} from "./cells.ts";
import { NAME_PARTS } from "./known_columns.ts";
import type { Plan } from "./dialect.ts";

/** What a row is checked against beside its schema. */
export interface Surroundings {
  /** Of local phone numbers. */
  country: string;
  stages: readonly string[];
  /** User ids. */
  members: ReadonlySet<string>;
}

export interface RowError {
  column: string | null;
  code: string;
  message: string;
}

/** A valid row: the given fields as columns of the table take them. */
export interface ImportRow {
  phone: string;
  data: Record<string, unknown>;
  custom: Record<string, unknown> | null;
}

export type RowResult = { ok: true; row: ImportRow } | { ok: false; errors: RowError[] };

/** Reads one record; a cell without text gives nothing. */
export function readRow(cells: readonly string[], plan: Plan, around: Surroundings): RowResult {
  const row = new Row(cells, plan, around);
  return row.result();
}

class Row {
  readonly #errors: RowError[] = [];
  /** Which column a field's value came from. */
  readonly #origins = new Map<string, number>();

  constructor(
    readonly cells: readonly string[],
    readonly plan: Plan,
    readonly around: Surroundings,
  ) {}

  result(): RowResult {
    this.#refuseMoreCells();
    const given = this.#fields();
    const checked = this.#errors.length === 0 ? this.#checked(given) : undefined;
    if (checked && this.#errors.length === 0) return { ok: true, row: checked };
    return { ok: false, errors: this.#errors };
  }

  #refuseMoreCells(): void {
    const extra = this.cells.slice(this.plan.columns.length);
    if (extra.every((cell) => cell.trim() === "")) return;
    this.#errors.push({
      column: null,
      code: "too_many",
      message:
        "The row has more cells than the file has columns: a separator in a cell needs quotes around it.",
    });
  }

  #fields(): Record<string, unknown> {
    const given: Record<string, unknown> = {};
    for (const field of Object.keys(this.plan.places)) {
      if (field.startsWith("custom") || (NAME_PARTS as readonly string[]).includes(field)) continue;
      const text = this.#text(field);
      if (text === undefined) continue;
      const value = this.#value(field, text);
      if (value instanceof CellProblem) this.#fail(field, value);
      else given[field] = value;
    }
    const name = given.name ?? this.#joinedName();
    if (name !== undefined) given.name = name;
    const custom = this.#custom();
    if (custom) given.custom = custom;
    return given;
  }

  /** The first text among the columns of a field. */
  #text(field: string): string | undefined {
    for (const column of this.plan.places[field] ?? []) {
      const text = plainText(this.cells[column] ?? "").trim();
      if (text === "") continue;
      this.#origins.set(field, column);
      if (isStorable(text)) return text;
      this.#fail(field, new CellProblem("invalid_text", FIELD_ERROR_CODES.invalid_text));
    }
  }

  #value(field: string, text: string): unknown {
    switch (field) {
      case "phone":
      case "email":
        return firstOf(text);
      case "tags":
      case "channels":
        return listOf(text);
      case "value":
        return numberOf(text);
      case "is_vip":
      case "is_mystery_shopper":
      case "is_contractor":
      case "opted_out":
      case "do_not_call":
        return flagOf(text);
      case "status":
        return wordOf(text, STATUS);
      case "sale_status":
        return wordOf(text, SALE_STATUS);
      case "source":
        return wordOf(text, SOURCE);
      case "stage":
        return wordOf(text, this.around.stages);
      default:
        return text;
    }
  }

  #joinedName(): string | undefined {
    const parts = NAME_PARTS.map((part) => this.#text(part)).filter((part) => part !== undefined);
    if (parts.length === 0) return undefined;
    this.#origins.set(
      "name",
      this.#origins.get("first_name") ?? this.#origins.get("last_name") ?? 0,
    );
    return parts.join(" ");
  }

  /** The object in `custom`, with the columns that are members of it. */
  #custom(): Record<string, unknown> | undefined {
    const text = this.#text("custom");
    const value = text === undefined ? {} : jsonOf(text);
    if (value instanceof CellProblem) return void this.#fail("custom", value);
    // What is too deep is the schema's to refuse: to look through it would take all of the stack.
    if (!isDeeperThan(CUSTOM_DEPTH, value) && unstorablePath(value)) {
      return void this.#fail(
        "custom",
        new CellProblem("invalid_text", FIELD_ERROR_CODES.invalid_text),
      );
    }
    const members = Object.keys(this.plan.places).filter((field) => field.startsWith("custom."))
      .map((field) => [field.slice("custom.".length), this.#text(field)] as const)
      .filter(([, member]) => member !== undefined);
    if (text === undefined && members.length === 0) return undefined;
    if (value === null || typeof value !== "object" || Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
    // Entries, because a member may be called __proto__.
    return Object.fromEntries([...Object.entries(value), ...members]);
  }

  #checked(given: Record<string, unknown>): ImportRow | undefined {
    try {
      const { phone, custom, ...fields } = this.#validated(given);
      const read = parsePhone(phone, this.around.country);
      if (!read.ok) return void this.#fail("phone", read);
      this.#checkWorkspace(fields);
      const data = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
      if (read.phone.country) data.country = read.phone.country;
      addConsents(data);
      return { phone: read.phone.e164, data, custom: custom as ImportRow["custom"] ?? null };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      for (const { path, code, message } of error.problem.members?.errors as FieldError[]) {
        this.#fail(path.split("/")[1] ?? "", { code, message });
      }
    }
  }

  /** Consent tags say what flags say: they count towards no limit. */
  #validated(given: Record<string, unknown>) {
    const tags = given.tags as string[] | undefined;
    if (!tags) return validate(newContact, given, "body");
    const counted = tags.filter((tag) => !CONSENT_TAGS.has(tag.toLowerCase()));
    return { ...validate(newContact, { ...given, tags: counted }, "body"), tags };
  }

  #checkWorkspace(
    { stage, assigned_to }: { stage?: string | null; assigned_to?: string | null },
  ): void {
    const { stages, members } = this.around;
    if (stage && !stages.includes(stage)) {
      this.#fail("stage", { code: "unknown_stage", message: FIELD_ERROR_CODES.unknown_stage });
    }
    if (assigned_to && !members.has(assigned_to)) {
      this.#fail("assigned_to", { code: "not_a_member", message: FIELD_ERROR_CODES.not_a_member });
    }
  }

  #fail(field: string, { code, message }: { code: string; message: string }): void {
    const column = this.#origins.get(field) ?? this.plan.places[field]?.[0];
    this.#errors.push({
      column: column === undefined ? null : this.plan.columns[column].column,
      code,
      message,
    });
  }
}

const CONSENT_TAGS: ReadonlySet<string> = new Set(["opt-out", "do not call"]);

/** A consent tag says what its flag says: of rows about one contact each then counts by itself. */
function addConsents(data: Record<string, unknown>): void {
  const tags = (data.tags as string[] | undefined)?.map((tag) => tag.toLowerCase()) ?? [];
  if (tags.includes("opt-out")) data.opted_out = true;
  if (tags.includes("do not call")) data.do_not_call = true;
}
