import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { controlCalls } from "../../../src/emulator/control-calls.ts";
import { hubspotOperations } from "../../../src/emulator/hubspot/operations.ts";
import { hubspotRefusals } from "../../../src/emulator/hubspot/refusals.ts";
import {
  openRoutes as hubspotOpenRoutes,
  sessionRoutes as hubspotSessionRoutes,
} from "../../../src/emulator/hubspot/wire/routes.ts";
import { operations, salesforceOperations } from "../../../src/emulator/operations.ts";
import { refusals } from "../../../src/emulator/refusals.ts";
import { createClientApp } from "../../../src/emulator/salesforce/wire/oauth/client-app.ts";
import { openRoutes, sessionRoutes } from "../../../src/emulator/salesforce/wire/routes.ts";
import { createRouteTable } from "../../../src/emulator/server/route-table.ts";
import { valueAt } from "../salesforce/wire/wire-client.ts";

describe("the list of operations", () => {
  it("has one entry for every route, and a route for every entry", async () => {
    const routes = [...Object.keys(openRoutes(await createClientApp())), ...Object.keys(sessionRoutes)];
    expect(routes.toSorted()).toEqual(salesforceOperations.map((one) => one.name).toSorted());
    const hubspotRoutes = [...Object.keys(hubspotOpenRoutes), ...Object.keys(hubspotSessionRoutes)];
    expect(hubspotRoutes.toSorted()).toEqual(hubspotOperations.map((one) => one.name).toSorted());
  });

  it("leads from each entry's method and path back to that entry", () => {
    const table = createRouteTable(operations);
    for (const operation of operations) {
      const path = operation.path.replace("{version}", "v67.0").replace(/\{\w+\}/g, "x1");
      const found = table.find(operation.method, path);
      expect([operation.name, valueAt(found, "operation.name")]).toEqual([operation.name, operation.name]);
    }
  });

  it("has no two entries of one name, and documentation and parameters for each", () => {
    expect(new Set(operations.map((one) => one.name)).size).toBe(operations.length);
    for (const { name, documentation, crm } of operations) {
      const host = crm === "hubspot" ? /^developers\.hubspot\.com$/ : /salesforce\.com$/;
      expect([name, host.test(new URL(documentation).host)]).toEqual([name, true]);
    }
  });

  it("marks what no recording shows as unconfirmed", () => {
    const unconfirmed = operations.filter((one) => one.confidence === "unconfirmed").map((one) => one.name);
    expect(unconfirmed).toEqual(
      expect.arrayContaining([
        "oauth2/token",
        "jobs/query/results",
        "jobs/ingest/successfulResults",
        "jobs/ingest/failedResults",
        "metadata/deployRequest POST",
      ]),
    );
  });
});

describe("the list of refusals", () => {
  const SOURCES = [
    "salesforce/engine/write/save-errors.ts",
    "salesforce/engine/write/recycle-bin.ts",
    "salesforce/engine/write/save-rows.ts",
    "salesforce/engine/write/remove-rows.ts",
    "salesforce/engine/automation/check-automation.ts",
    "server/faults.ts",
  ];

  it("has every code that a row or a fault answers with, once, with its documentation", async () => {
    const texts = await Promise.all(
      SOURCES.map((file) => readFile(new URL(`../../../src/emulator/${file}`, import.meta.url), "utf8")),
    );
    const used = texts.flatMap((text) =>
      [...text.matchAll(/(?:saveError|VendorError|vendor)\(\s*(?:\d+,\s*)?"([A-Z_]+)"/g)].map(
        (found) => found[1],
      ),
    );
    // Two dozen row errors at least: the pattern still finds them.
    expect(new Set(used).size).toBeGreaterThan(24);
    const listed = refusals.map((one) => one.code);
    expect(new Set(listed).size).toBe(listed.length);
    expect([...new Set(used)].filter((code) => code !== undefined && !listed.includes(code))).toEqual([]);
    for (const { documentation, words } of refusals) {
      expect([new URL(documentation).protocol, words === ""]).toEqual(["https:", false]);
    }
  });
});

describe("the list of HubSpot's refusals", () => {
  it("has none that is never made, and words with a page for each", async () => {
    const folder = new URL("../../../src/emulator/hubspot/", import.meta.url);
    const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith(".ts"));
    const texts = await Promise.all(
      files.filter((file) => file !== "refusals.ts").map((file) => readFile(new URL(file, folder), "utf8")),
    );
    const source = texts.join("\n");
    const unused = Object.keys(hubspotRefusals).filter(
      (kind) => !source.includes(`"${kind}"`) && !source.includes(`hubspotRefusals.${kind}`),
    );
    expect(unused).toEqual([]);
    for (const { documentation } of Object.values(hubspotRefusals)) {
      expect(new URL(documentation).host).toBe("developers.hubspot.com");
    }
  });
});

describe("the list of control calls", () => {
  it("has every call that the control API takes", async () => {
    const text = await readFile(new URL("../../../src/emulator/server/control.ts", import.meta.url), "utf8");
    const taken = [...text.matchAll(/case "((?:GET|POST|DELETE) [\w-]+)":/g)].map((found) =>
      String(found[1]),
    );
    const listed = controlCalls.map(({ method, path }) => `${method} ${path.split("/")[0]}`);
    expect(new Set(taken)).toEqual(new Set(listed));
  });
});
