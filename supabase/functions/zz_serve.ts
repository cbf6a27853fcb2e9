import { app } from "./list-contacts/app.ts";
import inspector from "node:inspector/promises";
Deno.serve({ port: 19777, hostname: "127.0.0.1", onListen() {} }, app.fetch);
const s = new inspector.Session(); s.connect();
setTimeout(async () => {
  await s.post("Profiler.enable"); await s.post("Profiler.start");
  await new Promise((r) => setTimeout(r, 5000));
  const { profile } = await s.post("Profiler.stop") as never as { profile: { nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[]; samples: number[]; timeDeltas: number[] } };
  const self = new Map<string, number>(); let total = 0;
  const byId = new Map(profile.nodes.map((n) => [n.id, n]));
  profile.samples.forEach((id, i) => { const n = byId.get(id)!; const k = `${n.callFrame.functionName} ${n.callFrame.url.split("/").slice(-2).join("/")}:${n.callFrame.lineNumber}`; self.set(k, (self.get(k) ?? 0) + profile.timeDeltas[i]); total += profile.timeDeltas[i]; });
  for (const [k, v] of [...self].sort((a, b) => b[1] - a[1]).slice(0, 45)) console.log((v / total * 100).toFixed(1).padStart(5) + "%", k);
  Deno.exit(0);
}, 4000);
