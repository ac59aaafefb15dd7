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
