import { createHmac } from "node:crypto";
import { type Clock, HOUR_MS, MINUTE_MS } from "../../../core/time.ts";
import type { Change } from "../engine/changes.ts";
import type { Portal } from "../engine/portal.ts";
import { eventBody } from "./event-body.ts";

export interface Subscription {
  readonly eventType: string;
  readonly objectType: string;
  readonly propertyName?: string | undefined;
}

export interface WebhookSettings {
  readonly targetUrl: string;
  readonly subscriptions: readonly Subscription[];
}

interface Delivery {
  readonly events: readonly {
    readonly change: Change;
    readonly subscriptionId: number;
    readonly eventId: number;
  }[];
  attempt: number;
  dueAt: number;
}

/** Waits before each of the ten retries: a day in all. HubSpot spreads them at random; these are ours. */
const RETRY_AFTER_MS = [1, 5, 15, 30]
  .map((minutes) => minutes * MINUTE_MS)
  .concat([1, 2, 3, 5, 6, 6].map((hours) => hours * HOUR_MS));

/** An endpoint has five seconds. */
const TIMEOUT_MS = 5_000;
const MOST_EVENTS = 100;
/** How often a retry looks whether the emulated clock has come to it. */
const TICK_MS = 25;

/** HubSpot cannot be told of every property. */
const UNSUBSCRIBABLE = ["num_unique_conversion_events", "hs_lastmodifieddate", "lastmodifieddate"];

/** `X-HubSpot-Signature-v3`: what the receiver works out again, from the address with its escapes undone. */
function signatureV3(secret: string, method: string, uri: string, body: string, timestamp: string): string {
  return createHmac("sha256", secret)
    .update(`${method}${decodeURIComponent(uri)}${body}${timestamp}`)
    .digest("base64");
}

export interface Webhooks {
  set(settings: WebhookSettings | undefined): void;
  state(): Readonly<Record<string, unknown>>;
  clear(): void;
}

interface Parts {
  readonly portal: Portal;
  readonly clock: Clock;
  readonly appId: number;
  readonly clientSecret: string;
}

/** Posts what happens to the subscriber, signed, and again up to ten times where it does not answer 2xx. */
export function createWebhooks({ portal, clock, appId, clientSecret }: Parts): Webhooks {
  let settings: WebhookSettings | undefined;
  let queue: Delivery[] = [];
  let timer: NodeJS.Timeout | undefined;
  let nextEventId = 1;
  const counts = { delivered: 0, failedAttempts: 0, givenUp: 0 };

  const matching = (change: Change): number =>
    settings?.subscriptions.findIndex(
      ({ eventType, objectType, propertyName }) =>
        eventType === `object.${change.kind}` &&
        portal.findType(objectType)?.typeId === change.typeId &&
        (propertyName === undefined || propertyName === change.property) &&
        !UNSUBSCRIBABLE.includes(change.property ?? ""),
    ) ?? -1;

  const post = async (delivery: Delivery, target: string): Promise<boolean> => {
    const now = String(clock.now().getTime());
    const body = JSON.stringify(
      delivery.events.map(({ change, subscriptionId, eventId }) =>
        eventBody(change, { eventId, subscriptionId, portalId: portal.portalId, appId }, delivery.attempt),
      ),
    );
    try {
      const response = await fetch(target, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "x-hubspot-request-timestamp": now,
          "x-hubspot-signature-v3": signatureV3(clientSecret, "POST", target, body, now),
          "x-hubspot-signature-version": "v3",
        },
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      // Refused, reset or too slow: the same to HubSpot.
      return false;
    }
  };

  const attempt = async (delivery: Delivery): Promise<void> => {
    const target = settings?.targetUrl;
    if (target === undefined) return;
    if (await post(delivery, target)) {
      counts.delivered += delivery.events.length;
      return;
    }
    counts.failedAttempts += 1;
    const wait = RETRY_AFTER_MS[delivery.attempt];
    if (wait === undefined) {
      counts.givenUp += delivery.events.length;
      return;
    }
    delivery.attempt += 1;
    delivery.dueAt = clock.now().getTime() + wait;
    queue.push(delivery);
    wake();
  };

  const tick = () => {
    timer = undefined;
    const now = clock.now().getTime();
    const due = queue.filter((delivery) => delivery.dueAt <= now);
    queue = queue.filter((delivery) => delivery.dueAt > now);
    for (const delivery of due) void attempt(delivery);
    if (queue.length > 0) wake();
  };
  const wake = () => {
    timer ??= setTimeout(tick, TICK_MS).unref();
  };

  portal.listen((change) => {
    const index = matching(change);
    if (index < 0) return;
    const event = { change, subscriptionId: index + 1, eventId: nextEventId++ };
    const last = queue.at(-1);
    if (last !== undefined && last.attempt === 0 && last.events.length < MOST_EVENTS) {
      queue[queue.length - 1] = { ...last, events: [...last.events, event] };
    } else queue.push({ events: [event], attempt: 0, dueAt: change.at });
    wake();
  });

  return {
    set: (next) => {
      settings = next;
    },
    state: () => ({
      ...(settings === undefined ? {} : settings),
      pending: queue.reduce((sum, delivery) => sum + delivery.events.length, 0),
      ...counts,
    }),
    clear: () => {
      settings = undefined;
      queue = [];
      clearTimeout(timer);
      timer = undefined;
      Object.assign(counts, { delivered: 0, failedAttempts: 0, givenUp: 0 });
    },
  };
}
