import assert from "node:assert/strict";
import { createContact } from "../support/contacts.ts";
import { query } from "../support/http.ts";
import { createMeeting } from "../support/meetings.ts";
import { assertInvalid, assertProblem } from "../support/problem.ts";
import type { Activity, Data, Meeting, Page } from "../support/types.ts";
import { makeWorkspace } from "../support/workspace.ts";

const { key, agent } = await makeWorkspace();

const patch = (id: string, body: unknown) =>
  key.call<Data<Meeting>>("PATCH", `meetings/${id}`, { body });

Deno.test("a meeting is made scheduled, and read as it was answered", async () => {
  const { id: contact_id } = await createContact(key);
  const answer = await key.post<Data<Meeting>>("meetings", {
    contact_id,
    title: "Showroom visit",
    starts_at: "2026-11-03T18:00:00+01:00",
    ends_at: "2026-11-03T17:30:00Z",
    host_user_id: agent.userId,
    location: "12 Main Street",
    url: "",
  });
  assert.equal(answer.status, 201, answer.text);
  const { id, created_at, ...rest } = answer.body.data;
  assert.equal(answer.headers.get("location"), `/functions/v1/meetings/${id}`);
  assert.deepEqual(rest, {
    contact_id,
    host_user_id: agent.userId,
    title: "Showroom visit",
    status: "scheduled",
    starts_at: "2026-11-03T17:00:00+00:00",
    ends_at: "2026-11-03T17:30:00+00:00",
    location: "12 Main Street",
    url: null,
    updated_at: created_at,
  });
  assert.deepEqual((await key.get<Data<Meeting>>(`meetings/${id}`)).body, answer.body);
});

Deno.test("a meeting is moved, and becomes done, cancelled or a no-show", async () => {
  const { id, title } = await createMeeting(key);
  const moved = await patch(id, { starts_at: "2026-12-01T10:00:00Z", ends_at: null, location: "" });
  assert.deepEqual(
    [moved.body.data.starts_at, moved.body.data.location, moved.body.data.title],
    ["2026-12-01T10:00:00+00:00", null, title],
  );
  for (const status of ["done", "cancelled", "no_show", "scheduled"]) {
    assert.equal((await patch(id, { status })).body.data.status, status);
  }
  assert.equal((await key.delete(`meetings/${id}`)).status, 204);
  assertProblem(await patch(id, { title: "x" }), 404, "meeting_not_found");
  assertProblem(await key.delete(`meetings/${id}`), 404, "meeting_not_found");
  const log = await key.get<Page<Activity>>(
    `activity${query({ entity_type: "meeting", entity_id: id })}`,
  );
  const actions = log.body.data.map(({ action }) => action);
  assert.deepEqual([actions.at(0), actions.length, actions.at(-1)], [
    "meeting.deleted",
    7,
    "meeting.created",
  ]);
});

Deno.test("meetings are filtered and paged by their time, either way", async () => {
  const { key, agent } = await makeWorkspace();
  const contact = await createContact(key);
  const meetings: Meeting[] = [];
  for (let n = 0; n < 7; n++) {
    meetings.push(
      await createMeeting(key, {
        title: `Meeting ${n}`,
        // Two and two at one time: the id decides.
        starts_at: `2026-11-0${1 + Math.floor(n / 2)}T10:00:00Z`,
        status: n % 2 === 0 ? "scheduled" : "done",
        ...(n % 3 === 0 ? { contact_id: contact.id } : { host_user_id: agent.userId }),
      }),
    );
  }
  const titles = async (parameters: Record<string, string>) => {
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const answer = await agent.get<Page<Meeting>>(
        `meetings${query({ ...parameters, limit: 3, cursor })}`,
      );
      assert.equal(answer.status, 200, answer.text);
      found.push(...answer.body.data.map(({ title }) => title.at(-1)!));
      cursor = answer.body.next_cursor ?? undefined;
    } while (cursor);
    return found.join("");
  };
  assert.equal(await titles({}), "6543210");
  assert.equal(await titles({ sort: "starts_at" }), "0123456");
  assert.equal(await titles({ status: "done" }), "531");
  assert.equal(await titles({ contact_id: contact.id }), "630");
  assert.equal(await titles({ host: "me" }), "5421");
  assert.equal(await titles({ host: "none", status: "scheduled,no_show" }), "60");
  assert.equal(await titles({ starts_from: "2026-11-02", starts_to: "2026-11-03" }), "5432");
});

Deno.test("what is wrong with a meeting is 422 or 404", async () => {
  const other = await makeWorkspace();
  const foreign = await createMeeting(other.key);
  const { id: contact_id } = await createContact(key);
  const good = { contact_id, title: "x", starts_at: "2026-11-03T17:00:00Z" };
  assertInvalid(
    await key.post("meetings", {
      title: "",
      starts_at: "tomorrow",
      status: "gone",
      id: 1,
      mood: 1,
    }),
    {
      "/contact_id": "required",
      "/title": "too_short",
      "/starts_at": "invalid_format",
      "/status": "invalid_value",
      "/id": "read_only",
      "/mood": "unknown_field",
    },
  );
  assertInvalid(await key.post("meetings", { ...good, ends_at: good.starts_at }), {
    "/ends_at": "contradictory",
  });
  assertInvalid(await key.post("meetings", { ...good, host_user_id: other.agent.userId }), {
    "/host_user_id": "not_a_member",
  });
  const misplaced = { ...good, contact_id: foreign.contact_id };
  assertProblem(await key.post("meetings", misplaced), 404, "contact_not_found");
  assertProblem(await key.get(`meetings/${foreign.id}`), 404, "meeting_not_found");
  assertProblem(
    await key.get(`meetings?contact_id=${foreign.contact_id}`),
    404,
    "contact_not_found",
  );
});
