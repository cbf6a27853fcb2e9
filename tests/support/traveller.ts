/** A stack of its own that is taken through time, and what everybody there has to show. */
import assert from "node:assert/strict";
import { join } from "node:path";
import postgres from "postgres";
import { type SpawnedStack, spawnStack } from "../../scripts/spawn.ts";
import { delivered, person, sign, text } from "../fixtures/whatsapp/delivery.ts";
import type { AnyKpis, Contact, Data, Explanation, Page } from "./types.ts";

const DAY_SECONDS = 86_400;

/** What a contact has to show, and which reasons are given for it. */
export interface Shown {
  auto_status: string;
  reason: string;
  risks?: string[];
  score?: number;
  grade?: string | null;
}

/** A stack with one workspace, to which time is nothing. */
export class Traveller {
  private days = 0;
  private reads = 0;

  private constructor(private readonly stack: SpawnedStack, readonly sql: postgres.Sql) {}

  static async with(use: (traveller: Traveller) => Promise<void>): Promise<void> {
    const folder = await Deno.makeTempDir({ prefix: "leadbase-clock-" });
    const stack = await spawnStack({ data: join(folder, "data") });
    const sql = postgres(stack.credentials.database_url, { max: 2, onnotice: () => {} });
    try {
      // The demo's people have statuses of their own.
      const { workspace_id } = stack.credentials;
      await sql`delete from public.contacts where workspace_id = ${workspace_id}`;
      await use(new Traveller(stack, sql));
    } finally {
      await sql.end({ timeout: 5 });
      await stack.stop();
      await Deno.remove(folder, { recursive: true });
    }
  }

  async call<Body>(method: string, path: string, body?: unknown): Promise<Body> {
    const { url, api_key, admin } = this.stack.credentials;
    // Rules are for administrators.
    const token = path.startsWith("scoring-signals") ? admin.token : api_key;
    const answer = await fetch(`${url}/${path}`, {
      method,
      body: JSON.stringify(body),
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    });
    const said = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${said}`);
    return JSON.parse(said) as Body;
  }

  get<Body>(path: string): Promise<Body> {
    return this.call<Body>("GET", path);
  }

  /** To so many days after the beginning. */
  async to(days: number): Promise<void> {
    this.days = days;
    await this.sql`
      insert into private.clock (shift) values (make_interval(hours => ${24 * days}::int))
      on conflict (is_set) do update set shift = excluded.shift`;
  }

  /** WhatsApp delivers what somebody writes at the time that it is by now. */
  write(phone: string, ...bodies: string[]): Promise<void> {
    return this.writeAll([phone], ...bodies);
  }

  /** The same from several people, each of whom writes all of it. */
  async writeAll(phones: string[], ...bodies: string[]): Promise<void> {
    const { url, whatsapp } = this.stack.credentials;
    const people = phones.map((phone) => phone.slice(1));
    const timestamp = String(Math.floor(Date.now() / 1000) + this.days * DAY_SECONDS);
    const messages = people.flatMap((digits) =>
      bodies.map((body) => text(digits, body, { timestamp }))
    );
    const contacts = people.map((digits) => person(digits));
    const payload = JSON.stringify(delivered(whatsapp.phone_number_id, { contacts, messages }));
    const answer = await fetch(`${url}/whatsapp-webhook`, {
      method: "POST",
      body: payload,
      headers: {
        "content-type": "application/json",
        "x-hub-signature-256": sign(payload, whatsapp.app_secret),
      },
    });
    await answer.body?.cancel();
    assert.equal(answer.status, 200);
  }

  async contact(phone: string): Promise<Contact> {
    return (await this.get<Data<Contact>>(`get-contact?phone=${encodeURIComponent(phone)}`)).data;
  }

  /** Everybody is what is expected, by every way of asking; each time another is the first. */
  async assertShown(expected: Record<string, Shown>): Promise<void> {
    const ways = [
      () => this.assertRecords(expected),
      () => this.assertLists(expected),
      () => this.assertExplained(expected),
      () => this.assertCounts(expected),
    ];
    const first = this.reads++ % ways.length;
    for (const way of [...ways.slice(first), ...ways.slice(0, first)]) await way();
  }

  private async assertRecords(expected: Record<string, Shown>): Promise<void> {
    for (
      const [id, { auto_status, risks = [], score = 0, grade = null }] of Object.entries(expected)
    ) {
      const { data } = await this.get<Data<Contact>>(`get-contact?contact_id=${id}`);
      assert.deepEqual(
        [data.auto_status, data.is_at_risk, data.score, data.grade],
        [auto_status, risks.length > 0, score, grade],
        `get-contact after ${this.days} days`,
      );
    }
  }

  private async assertLists(expected: Record<string, Shown>): Promise<void> {
    const filters: [string, (shown: Shown) => boolean][] = [
      ...["new", "active", "qualified", "converted", "inactive", "churned"].map(
        (status): [string, (shown: Shown) => boolean] => [
          `auto_status=${status}`,
          ({ auto_status }) => auto_status === status,
        ],
      ),
      ["is_at_risk=true", ({ risks = [] }) => risks.length > 0],
    ];
    // Each time another is the first.
    for (const n of filters.keys()) {
      const [filter, fits] = filters[(n + this.reads) % filters.length];
      const page = await this.get<Page<Contact>>(`list-contacts?${filter}&count=exact`);
      const ids = Object.keys(expected).filter((id) => fits(expected[id])).sort();
      assert.deepEqual(
        [page.total, page.data.map(({ id }) => id).sort()],
        [ids.length, ids],
        `${filter} after ${this.days} days`,
      );
    }
  }

  private async assertExplained(expected: Record<string, Shown>): Promise<void> {
    for (const [id, { auto_status, reason, risks = [], score = 0 }] of Object.entries(expected)) {
      const { data } = await this.get<Data<Explanation>>(`contact-explanation?contact_id=${id}`);
      assert.deepEqual(
        [data.auto_status.value, data.auto_status.reason, data.at_risk.reasons, data.score],
        [auto_status, reason, risks, score],
        `contact-explanation after ${this.days} days`,
      );
      const sum = data.signals.reduce((all, { total }) => all + total, 0);
      assert.equal(Math.round(sum), score, "the score is what its signals come to");
    }
  }

  /** How many have which grade, and how many bought. */
  private async assertCounts(expected: Record<string, Shown>): Promise<void> {
    const { data } = await this.get<Data<AnyKpis>>("contact-kpis?by=grade");
    const grades = Map.groupBy(Object.values(expected), ({ grade }) => grade ?? "none");
    assert.deepEqual(
      [data.total_contacts, data.by_grade],
      [
        Object.keys(expected).length,
        Object.fromEntries([...grades].map(([grade, { length }]) => [grade, length])),
      ],
      `contact-kpis after ${this.days} days`,
    );
  }
}
