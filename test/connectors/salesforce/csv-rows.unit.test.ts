import { describe, expect, it } from "vitest";
import { checkedCsv } from "../../../connectors/salesforce/csv-rows.ts";
import { TransientHttpError, WireShapeError } from "../../../src/core/errors.ts";
import { failure } from "./nock-org.ts";

async function* inPieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function check(text: string, rows: number, size = 7): Promise<string> {
  const chunks: Uint8Array[] = [];
  const expected = { columns: ["Id", "Subject"], rows, step: "The Bulk query on Task" };
  for await (const chunk of checkedCsv(inPieces(text, size), expected)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

describe("checking CSV as it passes", () => {
  const text = 'Id,Subject\n1,"two\nlines, ""quoted"""\n2,Grüße\n3,\n';

  it.each([1, 2, 3, 5, 8, 13, 1000])(
    "passes the bytes on unchanged, whatever the size of the pieces (%i bytes)",
    async (size) => {
      expect(await check(text, 3, size)).toBe(text);
    },
  );

  it("counts a line break inside quotes as part of its record", async () => {
    const error = await failure(check(text, 4));
    expect(error).toBeInstanceOf(TransientHttpError);
    expect(error.message).toContain("should hold 4 records, but 3 came");
  });

  it("counts a last record without a line break", async () => {
    expect(await check("Id,Subject\n1,a\n2,b", 2)).toBe("Id,Subject\n1,a\n2,b");
  });

  it("gives a header to an empty body, so that every page has one", async () => {
    expect(await check("", 0)).toBe("Id,Subject\n");
    expect(await check("Id,Subject", 0)).toBe("Id,Subject\n");
  });

  it("refuses an empty body where rows were announced", async () => {
    expect(await failure(check("", 2))).toBeInstanceOf(TransientHttpError);
  });

  it("refuses a body that ends inside quotes", async () => {
    const error = await failure(check('Id,Subject\n1,"cut', 1));
    expect(error.message).toContain("its last record is cut");
  });

  it.each([
    ["a missing column", "Id\n1\n", "(Subject is missing)"],
    ["another order", "Subject,Id\na,1\n", "in their order"],
  ])("refuses %s", async (_, body, words) => {
    const error = await failure(check(body, 1));
    expect(error).toBeInstanceOf(WireShapeError);
    expect(error.message).toContain(words);
  });
});
