import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { pino } from "pino";
import { z } from "zod";
import { connectHubspot } from "../connectors/hubspot/connect.ts";
import { silentLog } from "../connectors/shared/connector-log.ts";
import { createQueueKit, type QueueKit } from "../jobs/queue-kit.ts";
import { startRotTimer } from "../jobs/rot-timer.ts";
import { createFlagKeeper } from "../src/app/flag-keeper.ts";
import { StoppedError } from "../src/core/errors.ts";
import { migrate } from "../src/database/migrate.ts";
import { openDatabase } from "../src/database/open-database.ts";
import {
  acknowledge,
  deployFlagProperties,
  FLAG_KEY,
  pinPortal,
  waiting,
} from "../test/support/flag-portal.ts";
import { metricsSettings } from "../test/support/metrics-settings.ts";

/**
 * How long after its deadline a lead's flag changes in the emulated portal, in real time: the timer, the queue on the
 * embedded store, the connector and its rate limits as they run in `start`; the emulator is a process of its own on
 * loopback with the limits that the emulated portal has by default. Measured by the emulator's record of writes, on its clock.
 *
 *   node scripts/bench-flips.ts [DEADLINES [MINUTES]]     10,000 within 10 minutes, and 10,000 at one instant
 *
 * `writeback.max_per_hour` is raised, as 5,000 rows an hour would be the answer otherwise.
 */
const [count = 10_000, minutes = 10] = process.argv.slice(2).map(Number);
if (!Number.isInteger(count) || count < 1 || count > 100_000 || !(minutes > 0) || minutes > 60) {
  console.error("usage: node scripts/bench-flips.ts [DEADLINES [MINUTES]]");
  process.exit(2);
}

const Ready = z.object({
  hubspot: z.object({ baseUrl: z.string(), accessToken: z.string() }),
  control: z.string(),
});
const Writes = z.object({
  hubspot: z.object({ metered: z.number() }),
  writes: z.array(z.object({ at: z.string(), id: z.string().nullable(), fields: z.array(z.string()) })),
});
const HOUR = 3_600_000;

interface Measured {
  readonly name: string;
  readonly flags: number;
  readonly calls: number;
  /** Milliseconds from deadline to change, ascending. */
  readonly late: readonly number[];
}

/** @param spreadMs deadlines lie evenly within so long; 0: all at one instant */
async function measure(name: string, spreadMs: number): Promise<Measured> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "../src/cli/main.ts"), "emulator", "--port", "0", "--empty"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const db = await openDatabase({ memory: true });
  let kit: QueueKit | null = null;
  try {
    const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
    const { hubspot, control } = Ready.parse(JSON.parse(String(value)));
    await migrate(db);
    await pinPortal(db);
    const post = async (url: string, body: string) => {
      const answer = await fetch(url, {
        method: "POST",
        body,
        headers: { authorization: `Bearer ${hubspot.accessToken}`, "content-type": "application/json" },
      });
      return { status: answer.status, text: await answer.text() };
    };
    await post(`${control}/clock`, JSON.stringify({ now: new Date().toISOString() }));
    await deployFlagProperties((_method, path, body) => post(hubspot.baseUrl + path, JSON.stringify(body)));
    const ids = Array.from({ length: count }, (_, index) => String(1_000_000 + index));
    for (let from = 0; from < count; from += 2_000) {
      const rows = ids
        .slice(from, from + 2_000)
        .map((id) => JSON.stringify({ id, properties: { hubspot_owner_id: "11" } }));
      const { status, text } = await post(`${control}/load/hubspot/contacts`, rows.join("\n"));
      if (status !== 200) throw new Error(`the emulator refused the records: ${text}`);
    }
    // The first deadline is far enough away for all rows to be there.
    const first = Date.now() + 20_000;
    const deadlines = new Map(
      ids.map((id, index) => [id, Math.round(first + (spreadMs * index) / count)] as const),
    );
    for (let from = 0; from < count; from += 2_000) {
      await acknowledge(
        db,
        "contacts",
        ids.slice(from, from + 2_000).map((key) => ({
          key,
          fields: waiting(new Date((deadlines.get(key) ?? first) - 24 * HOUR), {
            ripeline_rot_status: "at_risk",
          }),
        })),
      );
    }
    const connection = await connectHubspot({ ...hubspot, log: silentLog });
    kit = await createQueueKit({ store: db, onError: (error) => console.error(error.message) });
    const keeper = createFlagKeeper({
      store: db,
      key: FLAG_KEY,
      settings: {
        ...metricsSettings({ writeback: { maxPerHour: 10 * count } }),
        connections: [{ id: "hub", crm: "hubspot" }],
        connectionId: "hub",
      },
      log: pino({ level: "warn" }, pino.destination(2)),
      leaseMs: 60_000,
      connect: () => Promise.resolve(connection),
    });
    const timer = startRotTimer(kit, keeper, {
      workspaceId: FLAG_KEY.workspaceId,
      onFailure: (code, error) => console.error(code, error),
    });
    await timer.wake();
    await wait(Math.max(0, first + spreadMs - Date.now()));
    const late: number[] = [];
    let calls = 0;
    for (const until = Date.now() + 180_000; late.length < count && Date.now() < until; ) {
      await wait(2_000);
      const answer = Writes.parse(await (await fetch(`${control}/requests`)).json());
      calls = answer.hubspot.metered;
      late.length = 0;
      for (const { at, id, fields } of answer.writes) {
        const deadline = deadlines.get(id ?? "");
        if (deadline !== undefined && fields.includes("ripeline_rotting"))
          late.push(Date.parse(at) - deadline);
      }
    }
    await timer.stop(new StoppedError("the benchmark ends", "SIGTERM"));
    return { name, flags: late.length, calls, late: late.toSorted((a, b) => a - b) };
  } finally {
    await kit?.close();
    await db.close();
    child.kill();
    await once(child, "exit");
  }
}

const at = (late: readonly number[], share: number): string =>
  late.length === 0
    ? "-"
    : `${((late[Math.min(late.length - 1, Math.floor(late.length * share))] ?? 0) / 1_000).toFixed(2)} s`;

const wanted = process.env["BENCH_ONLY"];
const cases = [
  { name: `${count} at one instant`, spreadMs: 0 },
  { name: `${count} within ${minutes} minutes`, spreadMs: minutes * 60_000 },
].filter((_, index) => wanted === undefined || wanted === String(index));
console.log("| deadlines | flags | p50 | p99 | latest | earliest | metered calls |");
console.log("|---|---|---|---|---|---|---|");
for (const { name, spreadMs } of cases) {
  const { flags, calls, late } = await measure(name, spreadMs);
  console.log(
    `| ${name} | ${flags} | ${at(late, 0.5)} | ${at(late, 0.99)} | ${at(late, 1)} | ${at(late, 0)} | ${calls} |`,
  );
}
