import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";
import { appProjectFiles } from "../../../connectors/hubspot/app-project.ts";
import { hubspotScopes, missingScopes } from "../../../connectors/hubspot/scopes.ts";

const folder = new URL("../../../connectors/hubspot/app/", import.meta.url);

test("the project folder holds what the code says, and nothing else", () => {
  const files = readdirSync(fileURLToPath(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      `${entry.parentPath}/${entry.name}`.replace(fileURLToPath(folder), "").replace(/^\//, ""),
    );
  expect(files.toSorted()).toEqual([...Object.keys(appProjectFiles()), "README.md"].toSorted());
  for (const [path, content] of Object.entries(appProjectFiles())) {
    const text = readFileSync(new URL(path, folder), "utf8");
    expect(JSON.parse(text), `${path}: make it anew from app-project.ts`).toEqual(content);
  }
});

const AppFile = z.object({
  config: z.object({
    auth: z.object({
      requiredScopes: z.array(z.string()),
      conditionallyRequiredScopes: z.array(z.string()),
      optionalScopes: z.array(z.string()),
    }),
  }),
});

test("the app requires only what every subscription has, and never asks for a scope that may not exist", () => {
  const { auth } = AppFile.parse(appProjectFiles()["src/app/app-hsmeta.json"]).config;
  expect(auth.requiredScopes).toContain("sales-email-read");
  expect(auth.requiredScopes.filter((name) => /leads|campaigns|custom|write/.test(name))).toEqual([]);
  const all = [...auth.requiredScopes, ...auth.conditionallyRequiredScopes, ...auth.optionalScopes];
  expect(new Set(all).size).toBe(all.length);
  expect(all).not.toContain("crm.schemas.leads.write");
  // All of ours but the one that is not confirmed.
  expect(all).toHaveLength(hubspotScopes.length - 1);
});

test("what a token lacks is told by set, each with what it is for", () => {
  const all = hubspotScopes.map(({ name }) => name);
  expect(missingScopes(all)).toEqual({ read: [], write: [], optional: [] });
  // Keys do not list `oauth`.
  expect(missingScopes(all.filter((name) => name !== "oauth")).read).toEqual([]);
  const some = all.filter((name) => !["sales-email-read", "crm.lists.write", "forms"].includes(name));
  expect(missingScopes(some)).toEqual({
    read: [
      {
        name: "sales-email-read",
        purpose: "direction and status of e-mails; without it touch metrics are unknown, not zero",
      },
    ],
    write: [{ name: "crm.lists.write", purpose: 'the lists "Rotting leads" and "At risk today"' }],
    optional: [{ name: "forms", purpose: "which form brought a contact" }],
  });
});

test("nothing that a portal can be told of is subscribed twice, and modification dates never", () => {
  const Webhooks = z.object({
    config: z.object({ subscriptions: z.object({ crmObjects: z.array(z.record(z.string(), z.unknown())) }) }),
  });
  const { crmObjects } = Webhooks.parse(appProjectFiles()["src/app/webhooks/webhooks-hsmeta.json"]).config
    .subscriptions;
  const keys = crmObjects.map((one) => JSON.stringify(one));
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.join()).not.toContain("lastmodifieddate");
  for (const wanted of ["hubspot_owner_id", "lifecyclestage", "hs_lead_status", "hs_pipeline_stage"]) {
    expect(keys.some((key) => key.includes(wanted))).toBe(true);
  }
});
