import { hubspotScopes } from "./scopes.ts";

/**
 * The files of `connectors/hubspot/app`, the project folder an admin uploads with HubSpot's CLI, as they must stand
 * there: path to JSON. A test holds the folder to it. Redirect and webhook addresses are the admin's to change; what
 * stands for them here is not reachable on purpose.
 * @see https://developers.hubspot.com/docs/apps/developer-platform/build-apps/app-configuration (read 2026-11-22)
 * @see https://developers.hubspot.com/docs/apps/developer-platform/add-features/configure-webhooks (read 2026-11-22)
 */
export function appProjectFiles(): Readonly<Record<string, unknown>> {
  return {
    "hsproject.json": { name: "ripeline", srcDir: "src", platformVersion: "2026.09" },
    "src/app/app-hsmeta.json": appFile(),
    "src/app/webhooks/webhooks-hsmeta.json": {
      uid: "ripeline_webhooks",
      type: "webhooks",
      config: {
        settings: { targetUrl: "https://ripeline.example.com/webhooks/hubspot", maxConcurrentRequests: 10 },
        subscriptions: { crmObjects: subscriptions() },
      },
    },
  };
}

function namesOf(set: "read" | "write" | "optional"): readonly string[] {
  return hubspotScopes
    .filter((scope) => scope.set === set && scope.isUnconfirmed === undefined)
    .map(({ name }) => name);
}

function appFile(): unknown {
  return {
    uid: "ripeline_app",
    type: "app",
    config: {
      name: "ripeline",
      description:
        "Shows which leads rot, which rep's line is jammed, and what each dollar of marketing investment returns.",
      distribution: "private",
      auth: {
        type: "oauth",
        redirectUrls: ["http://localhost:1717/callback"],
        requiredScopes: namesOf("read"),
        // Asked for only by an install address that names them: a portal can be connected to be read first.
        conditionallyRequiredScopes: namesOf("write"),
        optionalScopes: namesOf("optional"),
      },
      permittedUrls: { fetch: [], iframe: [], img: [] },
      support: {
        supportEmail: "support@example.com",
        documentationUrl: "https://ripeline.example.com",
        supportUrl: "https://ripeline.example.com",
      },
    },
  };
}

interface Subscription {
  readonly subscriptionType: string;
  readonly objectType: string;
  readonly propertyName?: string;
  readonly active: true;
}

/** Units of work and deals: whoever holds them and where they stand. */
const WATCHED: Readonly<Record<string, readonly string[]>> = {
  contact: ["hubspot_owner_id", "lifecyclestage", "hs_lead_status"],
  lead: ["hubspot_owner_id", "hs_pipeline_stage"],
  deal: ["hubspot_owner_id", "dealstage"],
};
/** How the generic subscriptions spell the engagements that can be a touch. */
const ENGAGEMENTS = ["call", "email", "meeting_event", "task", "communication"] as const;
/** What an engagement must have become to count as a touch, where it is not so when it is created. */
const LATER: Readonly<Record<(typeof ENGAGEMENTS)[number], readonly string[]>> = {
  call: ["hs_call_direction"],
  email: ["hs_email_status"],
  meeting_event: ["hs_meeting_outcome"],
  task: ["hs_task_status"],
  communication: [],
};

function subscriptions(): readonly Subscription[] {
  const on = (objectType: string, kind: string, propertyName?: string): Subscription => ({
    subscriptionType: `object.${kind}`,
    objectType,
    ...(propertyName === undefined ? {} : { propertyName }),
    active: true,
  });
  return [
    ...Object.entries(WATCHED).flatMap(([type, properties]) => [
      ...["creation", "deletion", "merge", "restore", "associationChange"].map((kind) => on(type, kind)),
      ...properties.map((property) => on(type, "propertyChange", property)),
    ]),
    ...ENGAGEMENTS.flatMap((type) => [
      on(type, "creation"),
      on(type, "associationChange"),
      ...LATER[type].map((property) => on(type, "propertyChange", property)),
    ]),
  ];
}
