import { defineConfig } from "vitest/config";

const shared = {
  pool: "forks" as const,
  restoreMocks: true,
  unstubEnvs: true,
  expect: { requireAssertions: true },
  sequence: { shuffle: true },
};

/** unit: no I/O. integration: PGlite and the emulator in process or on loopback. scenario: whole cycles. */
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
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
