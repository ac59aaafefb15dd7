import fc from "fast-check";
import { expect, test } from "vitest";
import { checkHeader, readCsv } from "../../src/database/csv-blocks.ts";

async function* pieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

test("blocks end where records end and lose no byte, however the bytes arrive", async () => {
  const field = fc.oneof(
    fc.stringMatching(/^[a-z ]{0,5}$/),
    fc
      .array(fc.constantFrom("a", '""', "\n", "\r\n", ",", "ü"), { maxLength: 6 })
      .map((parts) => `"${parts.join("")}"`),
  );
  const record = fc
    .tuple(field, field)
    .map((fields) => `x${fields[0].startsWith('"') ? "," : ""}${fields.join(",")}\n`);
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 60 }),
      async (records, sizes, blockBytes) => {
        const { header, blocks } = await readCsv(
          pieces(Buffer.from(`"a","b ""c"""\r\n${records.join("")}`), sizes),
          blockBytes,
        );
        expect(header).toEqual(["a", 'b "c"']);
        const ends = new Set<string>();
        let text = "";
        for (const one of records) {
          text += one;
          ends.add(text);
        }
        let read = "";
        for await (const block of blocks) {
          read += Buffer.from(block).toString("utf8");
          expect(ends.has(read)).toBe(true);
        }
        expect(read).toBe(text);
      },
    ),
    { numRuns: 300 },
  );
});

test("a reader that stops early ends the download", async () => {
  let closed = false;
  async function* source() {
    try {
      for (;;) yield Buffer.from("a\n1\n2\n");
    } finally {
      closed = true;
    }
  }
  const { blocks } = await readCsv(source(), 1);
  for await (const block of blocks) {
    expect(block.length).toBeGreaterThan(0);
    break;
  }
  expect(closed).toBe(true);
});

test("a byte order mark is no part of the first name", async () => {
  const { header } = await readCsv(pieces(Buffer.from("\uFEFFId,Name\n"), [100]), 1);
  expect(header).toEqual(["Id", "Name"]);
});

test.each([
  [["Id", "Name"], "column 2 is Name, expected Email"],
  [["Id"], "column 2 is missing, expected Email"],
  [["Id", "Email", "X"], "column 3 is X, expected no more columns"],
])("the header %j is refused: %s", (header, message) => {
  expect(() => checkHeader(header, ["Id", "Email"])).toThrow(message);
});
