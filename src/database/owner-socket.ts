import { createHash } from "node:crypto";
import { chmod, lstat, mkdir, open, realpath, rm, stat } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { platform, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { BusyError, RipelineError } from "../core/errors.ts";

/** What JSON can carry. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Answers a request of another process; `progress` sends it a line meanwhile, `signal` tells that it has gone. */
export type RequestHandler = (
  request: Json,
  progress: (line: Json) => void,
  signal: AbortSignal,
) => Promise<Json>;

/** This process owns the folder. */
export interface Owner {
  readonly owned: true;
  /** Starts to answer; requests that came earlier have waited. */
  serve(handler: RequestHandler): void;
  release(): Promise<void>;
}

/** Another process owns the folder and answers requests. */
export interface Visitor {
  readonly owned: false;
  /**
   * @param signal ends the wait for the answer; the owner is told that nobody waits any more
   * @throws OwnerRequestError with the owner's error; BusyError when the owner went away before it answered; the reason
   *   of `signal`
   */
  request(request: Json, onProgress?: (line: Json) => void, signal?: AbortSignal): Promise<Json>;
}

/** The process that owns the folder could not do what was asked; code and message are its own. */
export class OwnerRequestError extends RipelineError {
  readonly code = "OWNER_REQUEST";
  readonly retryable = false;
  /** The `code` of the owner's error. */
  readonly ownerCode: string;
  constructor(message: string, ownerCode: string) {
    super(message);
    this.ownerCode = ownerCode;
  }
}

type Line =
  | { readonly kind: "progress"; readonly value: Json }
  | { readonly kind: "answer"; readonly value: Json }
  | { readonly kind: "error"; readonly message: string; readonly code: string };

/**
 * Makes this process the owner of a data folder, or says who to ask. The sign of ownership is a local socket whose path
 * is a hash of the folder's real path: it answers as long as its process lives, so a crashed owner is told from a slow
 * one by a refused connection, and only then is its socket removed.
 */
export async function acquireOwnership(directory: string): Promise<Owner | Visitor> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = socketPath(await realpath(directory));
  const server = createServer();
  for (let attempt = 0; attempt < 50; attempt += 1) {
    if (await listen(server, path)) return ownerOn(server, path);
    if (await answers(path)) {
      await refuseStrangers(path);
      return { owned: false, request: (...question) => ask(path, ...question) };
    }
    await removeStale(path);
  }
  throw new BusyError(`Other processes keep taking and giving up the store in ${directory}; try again.`);
}

/** Where the owner of a folder listens; `realPath` has no links in it. */
export function socketPath(realPath: string): string {
  const name = `ripeline-${createHash("sha256").update(realPath).digest("hex").slice(0, 24)}`;
  return platform() === "win32" ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

function listen(server: Server, path: string): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const failed = (error: NodeJS.ErrnoException) => {
    server.removeListener("listening", listening);
    if (error.code === "EADDRINUSE") resolve(false);
    else reject(error);
  };
  const listening = () => {
    server.removeListener("error", failed);
    resolve(true);
  };
  server.once("error", failed);
  server.once("listening", listening);
  server.listen(path);
  return promise;
}

/** Whether a process listens there. Only a refused connection (or nothing there) says that none does. */
function answers(path: string): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const socket = connect(path);
  socket.once("connect", () => {
    socket.destroy();
    resolve(true);
  });
  socket.once("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve(false);
    // A full backlog is a live owner.
    else if (error.code === "EAGAIN") resolve(true);
    else reject(error);
  });
  return promise;
}

/** In a temporary folder that all users share, somebody else could have put a socket under our name. */
async function refuseStrangers(path: string): Promise<void> {
  if (platform() === "win32") return;
  const owner = (await stat(path)).uid;
  if (owner === userInfo().uid) return;
  throw new BusyError(`Another user's process holds the store (${path}); run ripeline as the same user.`);
}

/**
 * Removes a socket nobody listens on. Of several processes that find it at the same time one does so, the others wait
 * and look again: without the guard a slow one would remove the socket of the owner that has just begun.
 */
async function removeStale(path: string): Promise<void> {
  if (platform() === "win32") return;
  const guard = `${path}.takeover`;
  const mine = await open(guard, "wx", 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EEXIST") return undefined;
    throw error;
  });
  if (mine === undefined) {
    // Held for milliseconds; an old one is left from a crash.
    const age = await lstat(guard).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > 5_000) await rm(guard, { force: true });
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, 20);
    await promise;
    return;
  }
  try {
    if (!(await answers(path))) await rm(path, { force: true });
  } finally {
    await mine.close();
    await rm(guard, { force: true });
  }
}

async function ownerOn(server: Server, path: string): Promise<Owner> {
  if (platform() !== "win32") await chmod(path, 0o600);
  const { promise: handler, resolve: serve } = Promise.withResolvers<RequestHandler>();
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // A visitor that goes away is its own affair.
    socket.on("error", () => undefined);
    answer(socket, handler);
  });
  return {
    owned: true,
    serve,
    async release() {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
      await promise;
    },
  };
}

function answer(socket: Socket, handler: Promise<RequestHandler>): void {
  const gone = new AbortController();
  socket.on("close", () => gone.abort());
  const send = (line: Line) => {
    if (!socket.destroyed) socket.write(`${JSON.stringify(line)}\n`);
  };
  const lines = createInterface({ input: socket });
  lines.once("line", (text) => {
    const work = async () => {
      const request = JSON.parse(text) as Json;
      const handle = await handler;
      return handle(request, (value) => send({ kind: "progress", value }), gone.signal);
    };
    work().then(
      (value) => {
        send({ kind: "answer", value });
        socket.end();
      },
      (error: unknown) => {
        const known = error instanceof RipelineError;
        const message = error instanceof Error ? error.message : String(error);
        send({ kind: "error", message, code: known ? error.code : "UNEXPECTED" });
        socket.end();
      },
    );
  });
}

function ask(
  path: string,
  request: Json,
  onProgress?: (line: Json) => void,
  signal?: AbortSignal,
): Promise<Json> {
  const { promise, resolve, reject } = Promise.withResolvers<Json>();
  const socket = connect(path);
  const leave = (): void => {
    reject(signal?.reason);
    socket.destroy();
  };
  signal?.addEventListener("abort", leave, { once: true });
  socket.on("close", () => signal?.removeEventListener("abort", leave));
  const lost = () =>
    reject(
      new BusyError("The process that holds the store ended before it answered; run the command again."),
    );
  socket.on("error", lost);
  socket.on("close", lost);
  createInterface({ input: socket }).on("line", (text) => {
    const line = JSON.parse(text) as Line;
    if (line.kind === "progress") onProgress?.(line.value);
    else if (line.kind === "answer") resolve(line.value);
    else reject(new OwnerRequestError(line.message, line.code));
  });
  socket.write(`${JSON.stringify(request)}\n`);
  return promise;
}
