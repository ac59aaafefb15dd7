import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createHttp, httpDuring, readText } from "../../../connectors/shared/http.ts";
import { pacingDuring, realPacing } from "../../../connectors/shared/retry.ts";
import { StoppedError, TransientHttpError } from "../../../src/core/errors.ts";

const HOUR = 3_600_000;
const reason = new StoppedError("stopped", "SIGINT");

/** `/silent` is never answered; anything else begins a body and does not end it. */
let server: Server;
let address = "";
beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === "/silent") return;
    response.writeHead(200);
    response.write("half");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("no port");
  address = `http://127.0.0.1:${bound.port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const http = createHttp("salesforce", { answerMs: HOUR, idleMs: HOUR });
const get = (path: string) =>
  ({ method: "GET", url: address + path, headers: {}, step: "The test" }) as const;

test("a request that is not answered ends with the reason of the signal", async () => {
  const stop = new AbortController();
  const request = httpDuring(http, stop.signal).open(get("/silent"));
  const failure = expect(request).rejects.toBe(reason);
  await once(server, "request");
  stop.abort(reason);
  await failure;
});

test("so does the reading of a body, and every later request", async () => {
  const stop = new AbortController();
  const during = httpDuring(http, stop.signal);
  const answer = await during.open(get("/endless"));
  const failure = expect(readText(answer)).rejects.toBe(reason);
  stop.abort(reason);
  await failure;
  await expect(during.open(get("/endless"))).rejects.toBe(reason);
});

test("another piece of work on the same connection goes on", async () => {
  const stop = new AbortController();
  stop.abort(reason);
  const answer = await http.open(get("/endless"));
  expect(answer.status).toBe(200);
  answer.discard();
  // What it gave up itself is an error of the network, not the reason of somebody else's signal.
  await expect(readText(answer)).rejects.toThrow(TransientHttpError);
});

test("a wait between two tries ends with the reason of the signal", async () => {
  const stop = new AbortController();
  const failure = expect(pacingDuring(realPacing, stop.signal).sleep(HOUR)).rejects.toBe(reason);
  stop.abort(reason);
  await failure;
});
