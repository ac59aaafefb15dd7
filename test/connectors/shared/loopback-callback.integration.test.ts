import { request } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type CallbackServer, openCallback } from "../../../connectors/shared/loopback-callback.ts";
import { AuthError, ConfigError, StoppedError, TimedOutError } from "../../../src/core/errors.ts";

let server: CallbackServer | undefined;

const open = async (port = 0, timeoutMs = 10_000): Promise<CallbackServer> => {
  server = await openCallback({ crm: "salesforce", port, timeoutMs });
  return server;
};
const visit = async (query: string, init: RequestInit = {}, path?: string): Promise<Response> => {
  const address = new URL(server?.redirectUri ?? "");
  return fetch(`http://127.0.0.1:${address.port}${path ?? address.pathname}${query}`, init);
};

afterEach(() => server?.close());

describe("the way back from the browser", () => {
  test("brings the code of this sign-in; every other visit is turned away and ends nothing", async () => {
    const callback = await open();
    expect(callback.redirectUri).toMatch(/^http:\/\/localhost:\d+\/callback$/);
    const found = callback.code({ state: "right" });
    for (const query of [
      "?code=c&state=wrong",
      "?code=c",
      "?code=c&state=righ",
      "?error=access_denied&state=wrong",
    ]) {
      expect((await visit(query)).status).toBe(400);
    }
    expect((await visit("?code=c&state=right", { method: "POST" })).status).toBe(404);
    expect((await visit("?code=c&state=right", {}, "/")).status).toBe(404);
    const page = await visit("?code=the+code&state=right");
    expect(page.status).toBe(200);
    expect(page.headers.get("referrer-policy")).toBe("no-referrer");
    expect(await page.text()).not.toContain("the code");
    expect(await found).toBe("the code");
    // Once: what comes later finds nobody waiting.
    expect((await visit("?code=c&state=right")).status).toBe(400);
  });

  test("does not hear another name that leads to this machine", async () => {
    const { redirectUri } = await open();
    const { port } = new URL(redirectUri);
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const headers = { host: `evil.example:${port}` };
    request({ port, host: "127.0.0.1", path: "/callback?code=c&state=s", headers }, (reply) => {
      reply.resume();
      resolve(reply.statusCode);
    }).end();
    expect(await promise).toBe(404);
  });

  test("brings a refusal in the vendor's words, without addresses of people", async () => {
    const callback = await open();
    const found = callback.code({ state: "s" }).catch((error: unknown) => error);
    await visit("?error=access_denied&error_description=end-user+ann%40acme.example+denied&state=s");
    const error = await found;
    expect(error).toBeInstanceOf(AuthError);
    expect(String(error)).toMatch(/refused: access_denied: end-user \(e-mail\) denied\. Nothing was stored/);
  });

  test("ends when nobody comes, when somebody stops it, and with a browser that hangs on", async () => {
    const callback = await open(0, 20);
    await expect(callback.code({ state: "s" })).rejects.toThrow(TimedOutError);
    const stopping = new AbortController();
    const found = callback.code({ state: "s", signal: stopping.signal });
    stopping.abort(new StoppedError("stopped", "SIGINT"));
    await expect(found).rejects.toThrow(StoppedError);
    const hanging = connect(Number(new URL(callback.redirectUri).port), "127.0.0.1");
    hanging.on("error", () => undefined);
    const { promise: connected, resolve } = Promise.withResolvers<void>();
    hanging.once("connect", () => resolve());
    await connected;
    await server?.close();
    await expect(visit("?code=c")).rejects.toThrow();
    hanging.destroy();
  });

  test("names a port that is taken", async () => {
    const first = await open();
    const port = Number(new URL(first.redirectUri).port);
    await expect(openCallback({ crm: "salesforce", port, timeoutMs: 1 })).rejects.toThrow(ConfigError);
  });
});
