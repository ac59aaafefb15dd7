import { spawnSync } from "node:child_process";
import { connect } from "node:net";

/**
 * `npm run test:chaos` (100 kills, every fault at every step) and, with the word `short`, `npm run test:chaos:short`.
 * Postgres and Redis are those of TEST_DATABASE_URL and TEST_REDIS_URL, else the ones that answer on loopback; without
 * them only the embedded store is tried, and the summary says so.
 */
const isShort = process.argv.includes("short");

function answers(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: "127.0.0.1", port });
  socket.setTimeout(2_000, () => socket.destroy());
  socket.once("connect", () => {
    resolve(true);
    socket.destroy();
  });
  socket.once("error", () => resolve(false));
  socket.once("close", () => resolve(false));
  return promise;
}

const env = { ...process.env };
if (env["TEST_DATABASE_URL"] === undefined && (await answers(5432))) {
  env["TEST_DATABASE_URL"] = "postgres://root@127.0.0.1:5432/test";
}
if (env["TEST_REDIS_URL"] === undefined && (await answers(6379))) {
  env["TEST_REDIS_URL"] = "redis://127.0.0.1:6379";
}
env["RIPELINE_CHAOS_KILLS"] ??= isShort ? "12" : "100";
env["RIPELINE_CHAOS_MATRIX"] ??= isShort ? "pairs" : "all";
const run = spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", "--project", "chaos"], {
  stdio: "inherit",
  env,
});
process.exit(run.status ?? 1);
