import { describe, expect, test } from "vitest";
import { salesforceId } from "../../src/core/ids.ts";

describe("salesforceId", () => {
  test("a 15-character id gets the three characters that make it case-safe", () => {
    // Groups of five, lowest bit first: 001D0 -> only D (bit 3) is upper case = 8 = I; 00000 -> A; 0IRFM:
    // I, R, F, M at bits 1 to 4 = 2+4+8+16 = 30 = 4.
    expect(salesforceId("001D0000000IRFM")).toBe("001D0000000IRFMIA4");
  });

  test("an 18-character id stays as it is", () => {
    expect(salesforceId("001D000000IRFmaIAH")).toBe("001D000000IRFmaIAH");
  });

  test("text that is no id is refused by name", () => {
    expect(() => salesforceId("not an id")).toThrow(/not a Salesforce id: "not an id"/);
  });
});
