import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { link, mkdir, mkdtemp, realpath, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { BusyError, ConfigError } from "../../src/core/errors.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import {
  acquireOwnership,
  type Owner,
  OwnerRequestError,
  socketPath,
  type Visitor,
} from "../../src/database/owner-socket.ts";
import { sql } from "../../src/database/sql.ts";

let root: string;
let folder: string;
const releases: (() => Promise<void>)[] = [];
const children: ChildProcess[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "ripeline-owner-"));
  folder = join(root, "data");
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const release of releases.splice(0)) await release();
  await rm(root, { recursive: true });
});

async function own(directory = folder): Promise<Owner> {
  const owner = await acquireOwnership(directory);
  if (!owner.owned) throw new Error("somebody else owns the folder");
  releases.push(() => owner.release());
  return owner;
}

async function visit(directory = folder): Promise<Visitor> {
  const visitor = await acquireOwnership(directory);
  if (visitor.owned) throw new Error("nobody owns the folder");
  return visitor;
}

/** A socket nobody listens on, as a killed process leaves it: a second name for one whose server then closes. */
async function leaveStaleSocket(path: string): Promise<void> {
  const server = createServer();
  server.listen(`${path}.first`);
  await once(server, "listening");
  await link(`${path}.first`, path);
  server.close();
  await once(server, "close");
}

async function holdInAnotherProcess(): Promise<ChildProcess> {
  const script = fileURLToPath(new URL("./fixtures/hold-store.ts", import.meta.url));
  const child = spawn(process.execPath, [script, folder], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  await once(child.stdout, "data");
  return child;
}

describe("ownership", () => {
  test("the second to come sends its request to the first and gets progress and answer", async () => {
    const owner = await own();
    const visitor = await visit();
    const progress: unknown[] = [];
    const answer = visitor.request({ command: "sync", all: true }, (line) => progress.push(line));
    // The request waits until the owner is ready to serve.
    owner.serve(async (request, report) => {
      report("pulling");
      report({ rows: 5 });
      return { did: request };
    });
    expect(await answer).toEqual({ did: { command: "sync", all: true } });
    expect(progress).toEqual(["pulling", { rows: 5 }]);
  });

  test("an error of the owner reaches who asked, with its code", async () => {
    const owner = await own();
    owner.serve(() => Promise.reject(new ConfigError("ripeline.yaml line 3: unknown key")));
    const failure = (await visit()).request("sync");
    await expect(failure).rejects.toThrow(OwnerRequestError);
    await expect(failure).rejects.toMatchObject({
      message: "ripeline.yaml line 3: unknown key",
      ownerCode: "CONFIG",
    });
  });

  test("an owner that ends before it answered is reported", async () => {
    const owner = await own();
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    owner.serve(() => {
      resolve();
      return new Promise(() => undefined);
    });
    const answer = (await visit()).request("sync");
    const outcome = expect(answer).rejects.toThrow(BusyError);
    await asked;
    await owner.release();
    await outcome;
  });

  test("the owner is told when who asked has gone", async () => {
    const owner = await own();
    const { promise: gone, resolve } = Promise.withResolvers<string>();
    owner.serve((_request, report, signal) => {
      signal.addEventListener("abort", () => resolve("gone"));
      report("started");
      return new Promise(() => undefined);
    });
    const child = spawn(process.execPath, [
      "--input-type=module",
      "-e",
      `import { connect } from "node:net";
       const socket = connect(${JSON.stringify(socketPath(await realpath(folder)))});
       socket.write('"sync"\\n');
       socket.once("data", () => process.exit());`,
    ]);
    children.push(child);
    expect(await gone).toBe("gone");
  });

  test("the same folder by another path has the same owner, another folder has not", async () => {
    await own();
    const link = join(root, "link");
    await symlink(folder, link);
    expect((await acquireOwnership(link)).owned).toBe(false);
    await own(join(root, "elsewhere"));
  });

  test("an owner that gives up leaves the folder free", async () => {
    const owner = await own();
    await owner.release();
    expect((await own()).owned).toBe(true);
  });

  test("a socket left by a crash is taken over, by one of many that start at once", async () => {
    await mkdir(folder);
    const path = socketPath(await realpath(folder));
    for (let round = 0; round < 30; round += 1) {
      await leaveStaleSocket(path);
      const all = await Promise.all(Array.from({ length: 8 }, () => acquireOwnership(folder)));
      const owners = all.flatMap((one) => (one.owned ? [one] : []));
      for (const owner of owners) await owner.release();
      expect(owners).toHaveLength(1);
    }
  });

  test("the socket of a live owner is not removed, and only its user may use it", async () => {
    await own();
    const path = socketPath(await realpath(folder));
    const before = await stat(path);
    await visit();
    const after = await stat(path);
    expect(after.ino).toBe(before.ino);
    expect(after.mode & 0o077).toBe(0);
  });

  test("a guard left by a crash in the middle of a takeover does not keep others out for ever", async () => {
    await mkdir(folder);
    const path = socketPath(await realpath(folder));
    await leaveStaleSocket(path);
    await writeFile(`${path}.takeover`, "");
    await utimes(`${path}.takeover`, new Date(0), new Date(0));
    expect((await own()).owned).toBe(true);
  });
});

describe("a store in a folder", () => {
  test("is refused to a second process while the first lives, and whole after the first was killed", async () => {
    const child = await holdInAnotherProcess();
    await expect(openDatabase({ dataDirectory: folder })).rejects.toThrow(BusyError);
    child.kill("SIGKILL");
    await once(child, "exit");
    const database = await openDatabase({ dataDirectory: folder });
    releases.push(() => database.close());
    const rows = await database.any(z.object({ id: z.number() }), sql`select id from staging.kept`);
    expect(rows).toEqual([{ id: 1 }]);
  });
});
