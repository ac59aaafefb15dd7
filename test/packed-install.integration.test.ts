import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";

const root = join(import.meta.dirname, "..");
const MINUTE = 60_000;

/** What npm and the package need of this process's environment; `npm test` puts its own settings into it, which name this folder. */
const wanted =
  /^(HOME|https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|npm_config_(registry|cache|userconfig|globalconfig))$/i;
const env = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => wanted.test(name))),
  // This Node, whatever else the machine has: the package's `bin` takes the first one on the path.
  PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter),
};

async function run(command: string, args: readonly string[], cwd: string) {
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString("utf8");
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString("utf8");
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once("error", reject);
  child.once("close", resolve);
  return { code: await promise, out, err };
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ripeline-packed-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const Packed = z.tuple([z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) })]);

test(
  "the package, installed into an empty folder, runs the demo",
  async (context) => {
    const built = await run("npm", ["run", "build"], root);
    expect(built.code, built.out + built.err).toBe(0);
    const packed = await run("npm", ["pack", "--json", "--pack-destination", folder], root);
    expect(packed.code, packed.err).toBe(0);
    const [{ filename, files }] = Packed.parse(JSON.parse(packed.out));
    // Node runs no TypeScript below node_modules.
    expect(files.filter(({ path }) => path.endsWith(".ts") && !path.endsWith(".d.ts"))).toEqual([]);

    // npm's own patience with a registry that does not answer is longer than this test's.
    const patience = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"];
    const tarball = join(folder, filename);
    const installed = await run("npm", ["install", "--prefer-offline", ...patience, tarball], folder);
    const unreachable =
      /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED)\b/.exec(
        installed.err,
      );
    if (installed.code !== 0 && unreachable !== null) {
      context.skip(`the registry of npm cannot be reached (${unreachable[0]}), so nothing was installed`);
    }
    expect(installed.code, installed.err).toBe(0);

    const ripeline = join(folder, "node_modules", ".bin", "ripeline");
    const demo = await run(ripeline, ["demo", "--leads", "300"], folder);
    expect(demo.code, demo.err).toBe(0);
    expect(demo.out).toMatch(/rotting/i);
    expect(await readFile(join(folder, "ripeline-report.html"), "utf8")).toMatch(/<\/html>\s*$/);
  },
  5 * MINUTE,
);
