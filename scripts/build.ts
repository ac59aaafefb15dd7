import { spawnSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { settingsJsonSchema } from "../src/config/read-settings.ts";

/** Builds the published package: JavaScript and types by tsc, then every .sql file and the schema of ripeline.yaml. */
const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");

rmSync(dist, { recursive: true, force: true });
const tsc = spawnSync(
  process.execPath,
  [join(root, "node_modules/@typescript/native/bin/tsc"), "-p", "tsconfig.build.json"],
  { cwd: root, stdio: "inherit" },
);
if (tsc.status !== 0) process.exit(tsc.status ?? 1);

const sqlFiles = globSync("src/**/*.sql", { cwd: root });
if (sqlFiles.length === 0) throw new Error("no .sql file was found: run the build from a checkout");
for (const file of sqlFiles) {
  mkdirSync(dirname(join(dist, file)), { recursive: true });
  cpSync(join(root, file), join(dist, file));
}
writeFileSync(join(dist, "ripeline.schema.json"), `${JSON.stringify(settingsJsonSchema(), null, 2)}\n`);
console.log(`dist: built, with ${sqlFiles.length} .sql files`);
