import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mutations } from "./mutations.ts";

/**
 * Puts each fault of the list into a copy of the code and runs the tests that should notice: `npm run test:mutations`.
 * Ends with 1 when one is not noticed, or when the tests fail without any: then their failing would prove nothing.
 */
const root = join(import.meta.dirname, "..", "..");
const copy = mkdtempSync(join(tmpdir(), "ripeline-mutations-"));
const parts = [
  "src",
  "connectors",
  "jobs",
  "scripts",
  "test",
  "package.json",
  "tsconfig.json",
  "vitest.config.ts",
];

/** The projects of `npm test`: the others take minutes. */
const quickProjects = ["unit", "integration", "scenario"].flatMap((name) => ["--project", name]);

function fails(tests: readonly string[]): boolean {
  const run = spawnSync(
    process.execPath,
    ["node_modules/vitest/vitest.mjs", "run", "--bail", "1", ...quickProjects, ...tests],
    {
      cwd: copy,
      encoding: "utf8",
    },
  );
  if (/No test files found/.test(run.stdout + run.stderr))
    throw new Error(`no test file matches ${tests.join(", ")}`);
  return run.status !== 0;
}

let failed = 0;
try {
  for (const part of parts) cpSync(join(root, part), join(copy, part), { recursive: true });
  for (const part of ["README.md", ".env.example", "docs"]) symlinkSync(join(root, part), join(copy, part));
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  const all = [...new Set(mutations.flatMap(({ tests }) => tests))];
  if (fails(all)) {
    console.error("The tests fail without any fault; mend that first.");
    process.exitCode = 1;
  } else {
    for (const { harm, file, find, replace, tests } of mutations) {
      const path = join(copy, file);
      const sound = readFileSync(path, "utf8");
      if (sound.split(find).length !== 2) throw new Error(`${file} does not hold exactly one "${find}"`);
      writeFileSync(
        path,
        sound.replace(find, () => replace),
      );
      const began = performance.now();
      const isNoticed = fails(tests);
      const seconds = Math.round((performance.now() - began) / 1000);
      writeFileSync(path, sound);
      if (!isNoticed) failed += 1;
      console.log(`${isNoticed ? "noticed" : "NOT NOTICED"} in ${seconds} s: ${harm} (${file})`);
    }
    console.log(`${mutations.length - failed} noticed, ${failed} not`);
    if (failed > 0) process.exitCode = 1;
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
