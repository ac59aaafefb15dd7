import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type HubSpotClient, startHubSpot } from "./hubspot-client.ts";

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let hub: HubSpotClient;
let target = "";
let status = 200;
let received: Received[] = [];
const receiver = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    received.push({ headers: request.headers, body: Buffer.concat(parts).toString("utf8") });
    response.writeHead(status).end();
  });
});
beforeAll(async () => {
  hub = await startHubSpot();
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const address = receiver.address();
  target = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/hook%20here?a=1`;
});
beforeEach(async () => {
  await hub.control("POST", "reset");
  received = [];
  status = 200;
});
afterAll(async () => {
  await hub.emulator.close();
  receiver.close();
});

const subscribe = (...subscriptions: readonly object[]) =>
  hub.control("POST", "automation", { hubspot: { webhooks: { targetUrl: target, subscriptions } } });
const arrived = (count: number) => vi.waitFor(() => expect(received).toHaveLength(count), { timeout: 5_000 });

describe("webhooks", () => {
  it("posts an array of events with a signature that can be worked out again", async () => {
    await subscribe(
      { eventType: "object.creation", objectType: "contacts" },
      { eventType: "object.propertyChange", objectType: "contacts", propertyName: "email" },
    );
    const made = await hub.call("POST", "/crm/v3/objects/contacts", {
      properties: { email: "a@example.com" },
    });
    const id = Number(made.at("id"));
    await hub.call("PATCH", `/crm/v3/objects/contacts/${id}`, {
      properties: { email: "b@example.com", phone: "1" },
    });
    // One array, or two on a machine that is slow between the two calls.
    const events = () => received.flatMap(({ body }): unknown => JSON.parse(body));
    await vi.waitFor(() => expect(events()).toHaveLength(2), { timeout: 5_000 });
    const [first] = received;
    expect(events()).toMatchObject([
      {
        subscriptionType: "object.creation",
        objectId: id,
        objectTypeId: "0-1",
        attemptNumber: 0,
        portalId: 24_700_001,
      },
      {
        subscriptionType: "object.propertyChange",
        propertyName: "email",
        propertyValue: "b@example.com",
        changeSource: "INTEGRATION",
      },
    ]);
    const timestamp = String(first?.headers["x-hubspot-request-timestamp"]);
    expect(Number(timestamp)).toBe(hub.clock.now().getTime());
    // Worked out here: method, address with its escapes undone, body, timestamp.
    const signed = `POST${target.replace("%20", " ")}${first?.body ?? ""}${timestamp}`;
    expect(first?.headers["x-hubspot-signature-v3"]).toBe(
      createHmac("sha256", hub.emulator.ready.hubspot.clientSecret).update(signed).digest("base64"),
    );
  });

  it("tries again where the answer is no 2xx, ten times over a day, then gives up", async () => {
    status = 500;
    await subscribe({ eventType: "object.deletion", objectType: "contacts" });
    await hub.load("contacts", { id: "7" });
    await hub.call("DELETE", "/crm/v3/objects/contacts/7");
    await arrived(1);
    // The waits add up to 23 hours and 51 minutes; each step of six hours lets at least one retry come due.
    for (let attempt = 1; attempt <= 10; attempt++) {
      await vi.waitFor(async () => {
        expect((await hub.control("GET", "automation")).at("hubspot.webhooks.pending")).toBe(1);
      });
      hub.clock.advance(6 * 3_600_000);
      await arrived(attempt + 1);
    }
    expect(received.map(({ body }) => Number(/"attemptNumber":(\d+)/.exec(body)?.[1]))).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
    await vi.waitFor(async () => {
      expect((await hub.control("GET", "automation")).at("hubspot.webhooks")).toMatchObject({
        pending: 0,
        delivered: 0,
        givenUp: 1,
      });
    });
  });

  it("tells of merges and links, and posts to this machine only", async () => {
    await subscribe(
      { eventType: "object.merge", objectType: "contacts" },
      { eventType: "object.associationChange", objectType: "deals" },
    );
    await hub.load("contacts", { id: "7" }, { id: "8" });
    await hub.load("deals", { id: "50", properties: { dealname: "D" } });
    await hub.call("PUT", "/crm/v4/objects/deals/50/associations/default/contacts/8");
    await hub.call("POST", "/crm/v3/objects/contacts/merge", { primaryObjectId: "7", objectIdToMerge: "8" });
    await vi.waitFor(() =>
      expect(received.flatMap(({ body }): unknown[] => JSON.parse(body))).toHaveLength(2),
    );
    expect(received.flatMap(({ body }): unknown[] => JSON.parse(body))).toMatchObject([
      {
        subscriptionType: "object.associationChange",
        fromObjectId: 50,
        toObjectId: 8,
        associationRemoved: false,
      },
      { subscriptionType: "object.merge", primaryObjectId: 7, mergedObjectIds: [8] },
    ]);
    const away = await hub.control("POST", "automation", {
      hubspot: { webhooks: { targetUrl: "https://example.com/", subscriptions: [] } },
    });
    expect(away.status).toBe(400);
  });
});
