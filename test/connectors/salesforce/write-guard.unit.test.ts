import { describe, expect, it } from "vitest";
import { assertHarmlessWrite, harmlessWriteHeaders } from "../../../connectors/salesforce/write-guard.ts";
import { RequestRefusedError } from "../../../src/core/errors.ts";

const composite = (httpHeaders: Record<string, string> | undefined): unknown => ({
  compositeRequest: [
    { method: "GET", url: "/services/data/v67.0/query?q=x" },
    {
      method: "PATCH",
      url: "/services/data/v67.0/composite/sobjects",
      ...(httpHeaders === undefined ? {} : { httpHeaders }),
    },
  ],
});

describe("the gate before the network", () => {
  it.each([
    ["a collection", { method: "PATCH", path: "/composite/sobjects", headers: {} }],
    [
      "a single record",
      {
        method: "POST",
        path: "/services/data/v67.0/sobjects/Lead",
        headers: { "Sforce-Auto-Assign": "FALSE" },
      },
    ],
    ["a delete", { method: "DELETE", path: "/sobjects/Lead/00Q?x=1", headers: {} }],
    [
      "a Composite's outer request",
      { method: "POST", path: "/composite", headers: {}, json: composite(harmlessWriteHeaders) },
    ],
    [
      "a Composite's part",
      { method: "POST", path: "/composite", headers: harmlessWriteHeaders, json: composite(undefined) },
    ],
    [
      "a part with the opposite value",
      {
        method: "POST",
        path: "/composite",
        headers: harmlessWriteHeaders,
        json: composite({ ...harmlessWriteHeaders, "Sforce-Auto-Assign": "TRUE" }),
      },
    ],
    [
      "a Bulk job with an assignment rule",
      {
        method: "POST",
        path: "/jobs/ingest",
        headers: {},
        json: { object: "Lead", assignmentRuleId: "01Q" },
      },
    ],
    [
      "Composite Batch, which passes no headers on",
      { method: "POST", path: "/composite/batch", headers: harmlessWriteHeaders },
    ],
  ] as const)("refuses %s without Sforce-Auto-Assign: FALSE and allowSave", (_, request) => {
    expect(() => assertHarmlessWrite(request)).toThrow(RequestRefusedError);
    expect(() => assertHarmlessWrite(request)).toThrow(/Sforce-Auto-Assign and Sforce-Duplicate-Rule-Header/);
  });

  const removal = (url: string): unknown => ({
    compositeRequest: [{ method: "DELETE", url, httpHeaders: harmlessWriteHeaders }],
  });

  it.each([
    ["a lead", "/services/data/v67.0/sobjects/Lead/00Q000000000001AAA"],
    [
      "a record of ours by its own address",
      "/services/data/v67.0/sobjects/Ripeline_Metric__c/a01000000000001AAA",
    ],
    [
      "a collection with a lead in it",
      "/services/data/v67.0/composite/sobjects?ids=a01000000000001AAA,00Q000000000001AAA",
    ],
    ["a collection without ids", "/services/data/v67.0/composite/sobjects"],
  ])("refuses to delete %s, alone or in a Composite, whatever the headers", (_, url) => {
    const alone = { method: "DELETE", path: url, headers: harmlessWriteHeaders } as const;
    expect(() => assertHarmlessWrite(alone)).toThrow(/not ripeline's/);
    const inside = {
      method: "POST",
      path: "/composite",
      headers: harmlessWriteHeaders,
      json: removal(url),
    } as const;
    expect(() => assertHarmlessWrite(inside)).toThrow(/not ripeline's/);
  });

  it.each([
    [
      "records of a custom object",
      "/services/data/v67.0/composite/sobjects?ids=a01000000000001AAA,a01000000000002AAA&allOrNone=false",
    ],
    [
      "the assignment of a permission set",
      "/services/data/v67.0/sobjects/PermissionSetAssignment/0Pa000000000001AAA",
    ],
  ])("lets %s be deleted", (_, url) => {
    const request = {
      method: "POST",
      path: "/composite",
      headers: harmlessWriteHeaders,
      json: removal(url),
    } as const;
    expect(() => assertHarmlessWrite(request)).not.toThrow();
  });

  it.each([
    ["reads", { method: "GET", path: "/sobjects/Lead/describe", headers: {} }],
    [
      "a Composite of reads",
      { method: "POST", path: "/composite", headers: {}, json: { compositeRequest: [{ method: "GET" }] } },
    ],
    [
      "a Composite whose writing part carries both",
      {
        method: "POST",
        path: "/composite",
        headers: harmlessWriteHeaders,
        json: composite(harmlessWriteHeaders),
      },
    ],
    ["a query job", { method: "POST", path: "/jobs/query", headers: {}, json: { operation: "queryAll" } }],
    [
      "a Bulk job without assignment rule",
      { method: "POST", path: "/jobs/ingest", headers: {}, json: { object: "Lead" } },
    ],
  ] as const)("lets %s pass", (_, request) => {
    expect(() => assertHarmlessWrite(request)).not.toThrow();
  });
});
