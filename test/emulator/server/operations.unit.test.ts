import { describe, expect, it } from "vitest";
import { operations, salesforceOperations } from "../../../src/emulator/operations.ts";
import { createClientApp } from "../../../src/emulator/salesforce/wire/oauth/client-app.ts";
import { openRoutes, sessionRoutes } from "../../../src/emulator/salesforce/wire/routes.ts";
import { createRouteTable } from "../../../src/emulator/server/route-table.ts";
import { valueAt } from "../salesforce/wire/wire-client.ts";

describe("the list of operations", () => {
  it("has one entry for every route, and a route for every entry", async () => {
    const routes = [...Object.keys(openRoutes(await createClientApp())), ...Object.keys(sessionRoutes)];
    expect(routes.toSorted()).toEqual(salesforceOperations.map((one) => one.name).toSorted());
  });

  it("leads from each entry's method and path back to that entry", () => {
    const table = createRouteTable(salesforceOperations);
    for (const operation of salesforceOperations) {
      const path = operation.path.replace("{version}", "v67.0").replace(/\{\w+\}/g, "x1");
      const found = table.find(operation.method, path);
      expect([operation.name, valueAt(found, "operation.name")]).toEqual([operation.name, operation.name]);
    }
  });

  it("has no two entries of one name, and documentation and parameters for each", () => {
    expect(new Set(operations.map((one) => one.name)).size).toBe(operations.length);
    for (const { name, documentation, crm } of operations) {
      expect([name, new URL(documentation).protocol, crm]).toEqual([name, "https:", "salesforce"]);
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
