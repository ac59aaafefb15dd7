import { defineConfig } from "vitest/config";

const shared = {
  pool: "forks" as const,
  restoreMocks: true,
  unstubEnvs: true,
  expect: { requireAssertions: true },
  sequence: { shuffle: true },
};

/** Minutes each, so not in `npm test`. */
const onHostileOrgs = [
  "test/scenarios/hostile.scenario.test.ts",
  "test/scenarios/hostile-hubspot.scenario.test.ts",
  "test/scenarios/no-leaks.scenario.test.ts",
];

/** unit: no I/O. integration: PGlite and the emulator in process or on loopback. scenario: whole cycles. hostile: orgs that fight back. chaos: kills. */
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      { test: { ...shared, name: "unit", include: ["test/**/*.unit.test.ts"] } },
      {
        test: {
          ...shared,
          name: "integration",
          include: ["test/**/*.integration.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...shared,
          name: "scenario",
          include: ["test/scenarios/**/*.scenario.test.ts"],
          exclude: onHostileOrgs,
          testTimeout: 300_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          ...shared,
          name: "hostile",
          include: onHostileOrgs,
          testTimeout: 300_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          ...shared,
          name: "chaos",
          include: ["test/chaos/**/*.chaos.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
