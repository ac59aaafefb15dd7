import { importPKCS8, SignJWT } from "jose";
import { expect } from "vitest";
import { createEmulatorClock, type EmulatorClock } from "../../../../src/emulator/server/emulator-clock.ts";
import { type Emulator, startEmulator } from "../../../../src/emulator/server/start-emulator.ts";
import { createFakeOrg, type FakeOrg } from "./fake-org.ts";

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed body; undefined where there is none. */
  readonly json: unknown;
  /** The value at a dotted path of the parsed body: `records.0.Id`. */
  at(path: string): unknown;
}

/** The value at a dotted path, undefined where the way there ends. */
export function valueAt(root: unknown, path: string): unknown {
  return path.split(".").reduce((value: unknown, step) => {
    if (typeof value !== "object" || value === null) return undefined;
    const inner: Readonly<Record<string, unknown>> = { ...value };
    return inner[step];
  }, root);
}

/** Vitest's asymmetric matchers are typed `any`; these are the same, typed. */
export const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);
export const containing = (text: string): unknown => expect.stringContaining(text);

export interface WireClient {
  readonly emulator: Emulator;
  readonly org: FakeOrg;
  readonly clock: EmulatorClock;
  /** A call as the integration user to a path below the emulator; `data:` stands for `/services/data/v67.0`. */
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Reply>;
  control(method: string, path: string, body?: unknown): Promise<Reply>;
  form(path: string, values: Readonly<Record<string, string>>): Promise<Reply>;
  assertion(claims?: Readonly<Record<string, unknown>>, pem?: string): Promise<string>;
}

export async function replyOf(response: Response): Promise<Reply> {
  const text = await response.text();
  const isJson = (response.headers.get("content-type") ?? "").startsWith("application/json") && text !== "";
  const json: unknown = isJson ? JSON.parse(text) : undefined;
  return {
    status: response.status,
    headers: response.headers,
    text,
    json,
    at: (path) => valueAt(json, path),
  };
}

export const T0 = "2026-06-01T08:00:00.000Z";

/** An emulator over a fake org, its clock stopped at T0, and a plain HTTP client for it. */
export async function startWire(): Promise<WireClient> {
  const clock = createEmulatorClock(new Date(T0), { stopped: true });
  const org = createFakeOrg(clock);
  const emulator = await startEmulator({ port: 0, org, clock });
  const { salesforce, control } = emulator.ready;
  const send = async (
    url: string,
    method: string,
    body: unknown,
    headers: Readonly<Record<string, string>>,
  ) => {
    const isJson = body !== undefined && typeof body !== "string" && !(body instanceof FormData);
    return replyOf(
      await fetch(url, {
        method,
        redirect: "manual",
        headers: { ...(isJson ? { "content-type": "application/json" } : {}), ...headers },
        ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : body }),
      }),
    );
  };
  return {
    emulator,
    org,
    clock,
    call: (method, path, body, headers = {}) =>
      send(salesforce.instanceUrl + path.replace(/^data:/, "/services/data/v67.0"), method, body, {
        authorization: `Bearer ${salesforce.accessToken}`,
        ...headers,
      }),
    control: (method, path, body) => send(`${control}/${path}`, method, body, {}),
    form: (path, values) =>
      send(salesforce.instanceUrl + path, "POST", new URLSearchParams(values).toString(), {
        "content-type": "application/x-www-form-urlencoded",
      }),
    assertion: async (claims = {}, pem = emulator.privateKeyPem) =>
      new SignJWT({
        iss: salesforce.clientId,
        sub: salesforce.username,
        aud: salesforce.loginUrl,
        exp: Math.floor(clock.now().getTime() / 1000) + 180,
        ...claims,
      })
        .setProtectedHeader({ alg: "RS256" })
        .sign(await importPKCS8(pem, "RS256")),
  };
}
