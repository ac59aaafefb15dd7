import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Answer } from "./mutate-answer.ts";

/** A server on loopback that passes requests on and lets its owner change the answers. */
export interface AnsweringProxy {
  readonly url: string;
  /** Called for each answer, in order, with its number since `watch`; what it returns is sent. */
  watch(change: (answer: Answer, number: number) => Answer): void;
  close(): Promise<void>;
}

/** Headers of one hop, and those that the body's bytes decide. */
const OWN_HEADERS = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "host",
  "keep-alive",
  "transfer-encoding",
]);

/** @param origin the server behind; where its address stands in an answer, the proxy's is put */
export async function startAnsweringProxy(origin: string): Promise<AnsweringProxy> {
  let change: (answer: Answer, number: number) => Answer = (answer) => answer;
  let number = 0;
  let url = "";

  const answerOf = async (request: IncomingMessage): Promise<Answer> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) if (chunk instanceof Uint8Array) chunks.push(chunk);
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers)) {
      if (!OWN_HEADERS.has(name) && typeof value === "string") headers.set(name, value);
    }
    headers.set("accept-encoding", "identity");
    if (request.headers["content-encoding"] !== undefined) {
      headers.set("content-encoding", request.headers["content-encoding"]);
    }
    const response = await fetch(`${origin}${request.url ?? "/"}`, {
      method: request.method ?? "GET",
      headers,
      redirect: "manual",
      ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
    });
    const type = response.headers.get("content-type") ?? "";
    const bytes = new Uint8Array(await response.arrayBuffer());
    const kept = [...response.headers].filter(([name]) => !OWN_HEADERS.has(name));
    return {
      status: response.status,
      headers: Object.fromEntries(kept.map(([name, value]) => [name, value.replaceAll(origin, url)])),
      body: /json|xml/.test(type)
        ? Buffer.from(Buffer.from(bytes).toString("utf8").replaceAll(origin, url))
        : bytes,
    };
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = change(await answerOf(request), number);
    number += 1;
    response.sendDate = false;
    for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
    if (answer.isReset === true) {
      response.setHeader("content-length", answer.body.byteLength + 1);
      response.writeHead(answer.status);
      response.write(answer.body, () => response.socket?.resetAndDestroy());
      return;
    }
    response.setHeader("content-length", answer.body.byteLength);
    response.writeHead(answer.status);
    response.end(answer.body);
  };

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  url = `http://127.0.0.1:${address.port}`;
  return {
    url,
    watch: (next) => {
      change = next;
      number = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
