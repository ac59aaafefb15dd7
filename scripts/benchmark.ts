import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Wall time and peak memory of `ripeline demo` as a whole process (emulator, store, queue and report in one), at the
 * given numbers of leads: `node scripts/benchmark.ts 2000 20000 200000`. Peak memory is the kernel's figure for the
 * process, read from /usr/bin/time where there is one, else from Node.
 */
const sizes = process.argv.slice(2).map(Number);
if (sizes.length === 0 || sizes.some((size) => !Number.isInteger(size) || size <= 0)) {
  console.error("usage: node scripts/benchmark.ts LEADS [LEADS ...]");
  process.exit(2);
}

const root = join(import.meta.dirname, "..");

interface Measured {
  readonly leads: number;
  readonly seconds: number;
  readonly megabytes: number;
  readonly code: number | null;
}

async function measure(leads: number): Promise<Measured> {
  const html = join(tmpdir(), `ripeline-benchmark-${process.pid}.html`);
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [
      "--import",
      join(root, "scripts/report-peak-memory.ts"),
      join(root, "src/cli/main.ts"),
      "demo",
      "--leads",
      String(leads),
      "--html",
      html,
    ],
    { cwd: root, stdio: ["ignore", "ignore", "pipe"] },
  );
  let err = "";
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString("utf8");
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once("close", resolve);
  const code = await promise;
  const peak = /peak resident set: (\d+) kB/.exec(err)?.[1];
  rmSync(html, { force: true });
  if (code !== 0) console.error(err);
  return {
    leads,
    seconds: (performance.now() - started) / 1000,
    megabytes: Number(peak ?? Number.NaN) / 1024,
    code,
  };
}

console.log("| leads | wall time | peak memory |\n|---|---|---|");
for (const size of sizes) {
  const { leads, seconds, megabytes, code } = await measure(size);
  const note = code === 0 ? "" : ` (exit ${code})`;
  console.log(
    `| ${leads.toLocaleString("en")} | ${seconds.toFixed(1)} s${note} | ${Math.round(megabytes).toLocaleString("en")} MB |`,
  );
}
