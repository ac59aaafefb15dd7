import { createEmulatorClock, type EmulatorClock } from "../../../src/emulator/server/emulator-clock.ts";
import { type Emulator, startEmulator } from "../../../src/emulator/server/start-emulator.ts";
import { createFakeOrg } from "../salesforce/wire/fake-org.ts";
import { type Reply, replyOf, T0 } from "../salesforce/wire/wire-client.ts";

export interface HubSpotClient {
  readonly emulator: Emulator;
  readonly clock: EmulatorClock;
  /** A call with the standing token; a body that is no text goes as JSON. */
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Reply>;
  control(method: string, path: string, body?: unknown): Promise<Reply>;
  /** Settings under `hubspot` of `POST control/faults`. */
  set(settings: Readonly<Record<string, unknown>>): Promise<void>;
  /** Loads records; each is what a line of NDJSON holds. */
  load(type: string, ...rows: readonly object[]): Promise<void>;
  form(path: string, values: Readonly<Record<string, string>>): Promise<Reply>;
}

/** An emulator with an empty portal, its clock stopped at T0, and a plain HTTP client for it. */
export async function startHubSpot(): Promise<HubSpotClient> {
  const clock = createEmulatorClock(new Date(T0), { stopped: true });
  const mishaps: unknown[] = [];
  const emulator = await startEmulator({
    port: 0,
    org: createFakeOrg(clock),
    clock,
    onMishap: (error) => mishaps.push(error),
  });
  const { hubspot, control } = emulator.ready;
  const send = async (
    url: string,
    method: string,
    body: unknown,
    headers: Readonly<Record<string, string>>,
  ) => {
    const isJson = body !== undefined && typeof body !== "string" && !(body instanceof FormData);
    const reply = await replyOf(
      await fetch(url, {
        method,
        redirect: "manual",
        headers: {
          ...(isJson ? { "content-type": "application/json" } : {}),
          accept: "application/json",
          ...headers,
        },
        ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : body }),
      }),
    );
    const mishap = mishaps.shift();
    if (mishap !== undefined) throw mishap;
    return reply;
  };
  const toControl = (method: string, path: string, body?: unknown) =>
    send(`${control}/${path}`, method, body, {});
  const expectOk = (reply: Reply) => {
    if (reply.status !== 200) throw new Error(`control answered ${reply.status}: ${reply.text}`);
  };
  return {
    emulator,
    clock,
    call: (method, path, body, headers = {}) =>
      send(hubspot.baseUrl + path, method, body, {
        authorization: `Bearer ${hubspot.accessToken}`,
        ...headers,
      }),
    control: toControl,
    set: async (settings) => expectOk(await toControl("POST", "faults", { hubspot: settings })),
    load: async (type, ...rows) =>
      expectOk(
        await toControl("POST", `load/hubspot/${type}`, rows.map((row) => JSON.stringify(row)).join("\n")),
      ),
    form: (path, values) =>
      send(hubspot.baseUrl + path, "POST", new URLSearchParams(values).toString(), {
        "content-type": "application/x-www-form-urlencoded",
      }),
  };
}
