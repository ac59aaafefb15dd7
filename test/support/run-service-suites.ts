import { spawnSync } from "node:child_process";

/**
 * Runs the suites that touch store and queue once more, on the services that TEST_DATABASE_URL and TEST_REDIS_URL name.
 * Suites that open no store, or one of their own in a process of their own, would only repeat themselves. With Redis
 * only the queue's are of interest and one whole cycle, since the store is the same Postgres.
 */
const aCycle = "test/scenarios/assignment-rules";
const onStore = ["test/database", "test/mirror", "test/metrics", "test/writeback"];
const onQueue = ["test/jobs", aCycle];

const redis = process.env["TEST_REDIS_URL"] ?? "";
const suites = redis === "" ? [...onStore, ...onQueue] : onQueue;
const database = process.env["TEST_DATABASE_URL"];
if (database === undefined || database === "") {
  console.error("TEST_DATABASE_URL is not set: name a Postgres that these suites may make databases on");
  process.exit(2);
}
const run = spawnSync(
  process.execPath,
  [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--project",
    "unit",
    "--project",
    "integration",
    "--project",
    "scenario",
    ...suites,
  ],
  {
    stdio: "inherit",
  },
);
process.exit(run.status ?? 1);
