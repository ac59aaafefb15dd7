import { execFile } from "node:child_process";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { TransientHttpError } from "../../../src/core/errors.ts";
import type { Connection, PullRequest } from "../../../src/core/ports.ts";
import { collectingSink, connect, failure, instantPacing, testStream } from "./nock-org.ts";

const run = promisify(execFile);

/** nock ends a broken body without an error, so that these run against a real server on loopback. */
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}

const JOB = "750000000000001AAA";
const stream = testStream("Lead");
const HEADER = "Id,Status,SystemModstamp\n";
const line = (index: number): string => `"00Q${index}","Open","2026-01-01T00:00:00.000Z"\n`;
const pageHeaders = { "Content-Type": "text/csv", "Sforce-Locator": "null", "Sforce-NumberOfRecords": "3" };
const resume: PullRequest = {
  stream,
  fields: stream.fields,
  since: null,
  resume: {
    route: "bulk",
    job: JOB,
    locator: "L1",
    rows: 0,
    base: 0,
    total: 3,
    queriedAt: "2026-11-20T12:00:00.000Z",
  },
};

async function pullFrom(
  instanceUrl: string,
  idleMs = 60_000,
): Promise<{ error: Error; pages: number; calls: number }> {
  const connection: Connection = await connect({ instanceUrl, http: { answerMs: 5_000, idleMs } });
  const sink = collectingSink();
  const error = await failure(connection.pull([resume], sink));
  return { error, pages: sink.pages.length, calls: connection.usage().metered };
}

describe("a Bulk page that does not arrive whole", () => {
  it("is not committed when the body is shorter than announced, and is read three times", async () => {
    const whole = HEADER + line(1) + line(2) + line(3);
    const url = await serve((_request, response) => {
      response.writeHead(200, { ...pageHeaders, "Content-Length": String(whole.length) });
      response.write(HEADER + line(1), () => response.destroy());
    });
    const { error, pages, calls } = await pullFrom(url);
    expect(error).toBeInstanceOf(TransientHttpError);
    expect(error.message).toMatch(
      /^salesforce\.Lead: The Bulk query on Lead at 127\.0\.0\.1:\d+ ended early: the connection broke \(\w+\) after \d+ bytes\. Nothing of it was kept/,
    );
    expect(pages).toBe(0);
    expect(calls).toBe(3);
  });

  it("is not committed when the connection is reset in the middle of a chunked body", async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, pageHeaders);
      response.write(HEADER + line(1), () => response.socket?.resetAndDestroy());
    });
    const { error, pages } = await pullFrom(url);
    expect(error).toBeInstanceOf(TransientHttpError);
    expect(error.message).toMatch(/ended early: the connection broke \((ECONNRESET|UND_ERR_SOCKET)\)/);
    expect(pages).toBe(0);
  });

  it("is given up when nothing more comes within the idle time", async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, pageHeaders);
      response.write(HEADER + line(1));
    });
    const { error, pages } = await pullFrom(url, 100);
    expect(error).toBeInstanceOf(TransientHttpError);
    expect(error.message).toContain("ended early: nothing more came for 0.1 s");
    expect(pages).toBe(0);
  });

  it("is not committed when a compressed body is cut, even if the server ends it properly", async () => {
    const whole = gzipSync(HEADER + line(1) + line(2) + line(3));
    const url = await serve((_request, response) => {
      response.writeHead(200, { ...pageHeaders, "Content-Encoding": "gzip" });
      response.end(whole.subarray(0, whole.length - 12));
    });
    const { error, pages } = await pullFrom(url);
    expect(error).toBeInstanceOf(TransientHttpError);
    expect(pages).toBe(0);
  });

  it("is not committed when its last record is cut but the count is right, from a new job neither", async () => {
    const url = await serve((request, response) => {
      if (request.url?.includes("/results") !== true) {
        response.writeHead(200, { "Content-Type": "application/json" });
        response.end(JSON.stringify({ id: JOB, state: "JobComplete", numberRecordsProcessed: 3 }));
        return;
      }
      response.writeHead(200, pageHeaders);
      response.end(`"Id","Status","SystemModstamp"\n${line(1)}${line(2)}"00Q3","Op`);
    });
    const { error, pages } = await pullFrom(url);
    expect(error).toBeInstanceOf(TransientHttpError);
    expect(error.message).toContain("its last record is cut");
    expect(pages).toBe(0);
  });

  it("is committed when the second reading is whole, compressed or not", async () => {
    const whole = HEADER + line(1) + line(2) + line(3);
    let asked = 0;
    const locators: (string | null)[] = [];
    const url = await serve((request, response) => {
      asked += 1;
      locators.push(new URL(request.url ?? "", "http://x").searchParams.get("locator"));
      if (asked === 1) {
        response.writeHead(200, pageHeaders);
        response.write(HEADER, () => response.socket?.resetAndDestroy());
        return;
      }
      expect(request.headers["accept-encoding"]).toContain("gzip");
      response.writeHead(200, { ...pageHeaders, "Content-Encoding": "gzip" });
      response.end(gzipSync(whole));
    });
    const pacing = instantPacing();
    const connection = await connect({ instanceUrl: url, pacing });
    const sink = collectingSink();
    const outcomes = await connection.pull([resume], sink);
    expect(sink.pages.map((page) => page.csv)).toEqual([whole]);
    expect(outcomes).toEqual([{ stream: "salesforce.Lead", rows: 3, calls: 2, route: "bulk" }]);
    expect(locators).toEqual(["L1", "L1"]);
  });
});

describe("an org that cannot be reached", () => {
  it("fails with host, step and reason after three tries, none of them metered", async () => {
    const url = await serve(() => undefined);
    servers[0]?.close();
    const pacing = instantPacing();
    const connection = await connect({ instanceUrl: url, pacing });
    const error = await failure(connection.count("Lead"));
    expect(error).toBeInstanceOf(TransientHttpError);
    expect(error.message).toMatch(
      /^The count of Lead failed: cannot reach 127\.0\.0\.1:\d+ \(ECONNREFUSED\)\. Check the address and the network/,
    );
    expect(pacing.slept).toHaveLength(2);
    expect(connection.usage().metered).toBe(0);
  });

  it("fails when no answer comes within the limit", async () => {
    const url = await serve(() => undefined);
    const connection = await connect({ instanceUrl: url, http: { answerMs: 50, idleMs: 50 } });
    const error = await failure(connection.count("Lead"));
    expect(error).toBeInstanceOf(TransientHttpError);
    expect(error.message).toContain("(no answer within 0.05 s)");
  });

  it("reaches loopback although a proxy is set in the environment, which jsforce's own transport would use", async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { "Content-Type": "application/json" });
      response.end('{"totalSize":4,"done":true,"records":[]}');
    });
    const connectModule = new URL("../../../connectors/salesforce/connect.ts", import.meta.url).href;
    const logModule = new URL("../../../connectors/shared/connector-log.ts", import.meta.url).href;
    const script = `
      const { connectSalesforce } = await import(${JSON.stringify(connectModule)});
      const { silentLog } = await import(${JSON.stringify(logModule)});
      const options = { instanceUrl: ${JSON.stringify(url)}, accessToken: "t", apiVersion: "67.0", log: silentLog };
      console.log(await (await connectSalesforce(options)).count("Lead"));
    `;
    const proxy = "http://127.0.0.1:9";
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], {
      env: { ...process.env, HTTP_PROXY: proxy, http_proxy: proxy, HTTPS_PROXY: proxy, https_proxy: proxy },
    });
    expect(stdout.trim()).toBe("4");
  });
});
