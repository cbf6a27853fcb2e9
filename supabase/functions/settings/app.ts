import { createApp } from "../_shared/app.ts";
import { nudge } from "../_shared/jobs.ts";
import { route } from "../_shared/route.ts";
import { dataOf } from "../_shared/schemas/answers.ts";
import { settings, SETTINGS_EXAMPLE, settingsChange } from "../_shared/schemas/settings.ts";

const answers = () => ({
  200: {
    description: "All settings, by section, defaults filled in.",
    schema: dataOf(settings()),
    headers: ["ETag"] as const,
    example: { data: SETTINGS_EXAMPLE },
  },
});

const getSettings = route({
  method: "GET",
  path: "/",
  operationId: "getSettings",
  tag: "Settings",
  summary: "Read the settings",
  description: "What holds in the workspace.",
  scope: "settings:read",
  answers,
  errors: [],
  run: (call) => call.operate("get_settings", {}),
});

const updateSettings = route({
  method: "PATCH",
  path: "/",
  operationId: "updateSettings",
  tag: "Settings",
  summary: "Change settings",
  description: "Writes the given fields of the given sections, all of them or none. What would " +
    "contradict each other is refused with the reason at each field. Grades, weights, windows " +
    "and VIPs count for everybody: `GET scoring-signals/rescoring` tells how far that is.",
  scope: "settings:write",
  body: settingsChange,
  ifMatch: true,
  example: {
    body: { lifecycle: { inactive_after_days: 21 }, quiet_hours: { start: "22:00", end: "08:00" } },
  },
  answers,
  errors: ["precondition_failed"],
  run: async (call) => {
    const if_match = call.request.headers.get("if-match") ?? undefined;
    const reply = await call.operate("update_settings", { set: call.body, if_match });
    nudge();
    return reply;
  },
});

export const app = createApp("settings", [getSettings, updateSettings]);
