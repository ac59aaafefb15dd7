import { describe, expect, it } from "vitest";
import {
  compileFormula,
  type FormulaSettings,
} from "../../../../src/emulator/salesforce/formula/compile-formula.ts";
import { formulaSize } from "../../../../src/emulator/salesforce/formula/formula-size.ts";
import type { CellValue, FieldType } from "../../../../src/emulator/salesforce/org.ts";

const TYPES: Readonly<Record<string, FieldType>> = {
  amount__c: "currency",
  share__c: "percent",
  note__c: "string",
  due__c: "datetime",
  day__c: "date",
  status: "picklist",
  regions__c: "multipicklist",
  isconverted: "boolean",
  ownerid: "reference",
};

const fields: FormulaSettings = { fieldType: (name) => TYPES[name.toLowerCase()] };
const blanksStay: FormulaSettings = { ...fields, treatBlanksAs: "BlankAsBlank" };

const NOON = new Date("2026-06-01T12:00:00Z");

function value(
  source: string,
  returns: FieldType,
  row: Readonly<Record<string, CellValue>> = {},
  settings: FormulaSettings = fields,
): CellValue {
  return compileFormula(source, returns, settings).evaluate((name) => row[name] ?? null, NOON);
}

function refusal(source: string, returns: FieldType): () => void {
  return () => void compileFormula(source, returns, fields);
}

describe("compileFormula", () => {
  it("counts blank numbers as zero unless the field keeps blanks", () => {
    expect(value("Amount__c + 1", "double")).toBe(1);
    expect(value("Amount__c + 1", "double", {}, blanksStay)).toBeNull();
    expect(value("ISBLANK(Amount__c)", "boolean", {}, blanksStay)).toBe(true);
    expect(value("BLANKVALUE(Amount__c, 7)", "double", {}, blanksStay)).toBe(7);
  });

  it("makes every order comparison with a blank date false", () => {
    expect(value("NOW() >= Due__c", "boolean")).toBe(false);
    expect(value("NOW() < Due__c", "boolean")).toBe(false);
    expect(value("Due__c + 1", "datetime")).toBeNull();
  });

  it("treats blank text as empty text, which is blank but never null", () => {
    expect(value('Note__c = ""', "boolean")).toBe(true);
    expect(value('"a" & Note__c & "b"', "string")).toBe("ab");
    expect(value("ISBLANK(Note__c)", "boolean")).toBe(true);
    expect(value("ISNULL(Note__c)", "boolean")).toBe(false);
    expect(value("Note__c", "string")).toBeNull();
  });

  it("reads dates and instants in the API's form and moves them by days", () => {
    const row = { Due__c: "2026-06-01T09:30:00.000+0000", Day__c: "2026-02-28" };
    // 12:00 minus 09:30 is 2.5 hours.
    expect(value("(NOW() - Due__c) * 24", "double", row)).toBe(2.5);
    expect(value("Due__c + 0.5", "datetime", row)).toBe("2026-06-01T21:30:00.000+0000");
    expect(value("Day__c + 1.9", "date", row)).toBe("2026-03-01");
    expect(value("TODAY() - Day__c", "double", row)).toBe(93);
    expect(value("TEXT(Due__c)", "string", row)).toBe("2026-06-01 09:30:00Z");
    expect(value('DATETIMEVALUE("2026-06-01 09:30:00") = Due__c', "boolean", row)).toBe(true);
  });

  it("flips a checkbox with the clock alone, at the very second", () => {
    const late = compileFormula("NOW() >= Due__c", "boolean", fields);
    const read = (): CellValue => "2026-06-01T12:00:00.000+0000";
    expect(late.evaluate(read, new Date("2026-06-01T11:59:59Z"))).toBe(false);
    expect(late.evaluate(read, new Date("2026-06-01T12:00:00Z"))).toBe(true);
  });

  it("shows ids in 15 characters until CASESAFEID makes 18 of them", () => {
    const row = { OwnerId: "0058d000001AbCdAAK" };
    expect(value("OwnerId", "string", row)).toBe("0058d000001AbCd");
    // 0058d and 00000 have no capitals (A, A); in 1AbCd places 1 and 3 are: 2 + 8 = 10, the letter K.
    expect(value("CASESAFEID(OwnerId)", "string", row)).toBe("0058d000001AbCdAAK");
    // Place 4 of the last block is 16, the letter Q.
    expect(value('CASESAFEID("00500000000000A")', "string")).toBe("00500000000000AAAQ");
  });

  it("reads a percent field as a fraction and prints one as a percent", () => {
    expect(value("Share__c * 200", "double", { Share__c: 50 })).toBe(100);
    expect(value("Share__c", "percent", { Share__c: 50 })).toBe(50);
  });

  it("counts in decimals and shows no number where the vendor shows #Error!", () => {
    expect(value("0.1 + 0.2 = 0.3", "boolean")).toBe(true);
    expect(value("ROUND(2.675, 2)", "double")).toBe(2.68);
    expect(value("ROUND(-1.5, 0)", "double")).toBe(-2);
    expect(value("1 / Amount__c", "double")).toBeNull();
    expect(value('VALUE("12 apples")', "double")).toBeNull();
  });

  it("takes comments, escapes in strings and a sign before a field", () => {
    expect(value('/* why */ "say \\"hi\\"" & \'!\'', "string")).toBe('say "hi"!');
    expect(value("10 / -Amount__c", "double", { Amount__c: 5 })).toBe(-2);
    expect(value("-(1 + 2) * 3", "double")).toBe(-9);
  });

  it("compares picklists by CASE, ISPICKVAL, TEXT and INCLUDES only", () => {
    const row = { Status: "Junk", Regions__c: "EMEA;APAC" };
    expect(value('ISPICKVAL(Status, "Junk")', "boolean", row)).toBe(true);
    expect(value('CASE(Status, "Open", 1, "Junk", 2, 3)', "double", row)).toBe(2);
    expect(value('CASE(Status, "Open", 1, 3)', "double")).toBe(3);
    expect(value('TEXT(Status) & "!"', "string", row)).toBe("Junk!");
    expect(value('INCLUDES(Regions__c, "APAC")', "boolean", row)).toBe(true);
    expect(refusal('Status = "Junk"', "boolean")).toThrow(
      "Field Status is a picklist field. Picklist fields are only supported in certain functions.",
    );
  });

  it("prints pictures and links as the vendor's markup", () => {
    expect(value('IMAGE("/img/a.gif", "rotting", 12, 16)', "string")).toBe(
      '<img src="/img/a.gif" alt="rotting" style="height:12px; width:16px;" border="0"/>',
    );
    expect(value('HYPERLINK("/x", "open")', "string")).toBe('<a href="/x" target="_blank">open</a>');
  });

  it("names the fields it reads once each, in the order of their first mention", () => {
    const compiled = compileFormula("IF(Amount__c > 1, Note__c, TEXT(amount__c))", "string", fields);
    expect(compiled.references).toEqual(["Amount__c", "Note__c"]);
  });

  it.each([
    ["Missing__c + 1", "double", "Field Missing__c does not exist. Check spelling."],
    ["$User.Id", "string", "Field $User.Id does not exist. Check spelling."],
    ["FOO(1)", "double", "Unknown function FOO. Check spelling."],
    ["IF(TRUE, 1", "double", "Syntax error. Missing ')'"],
    ["1)", "double", "Syntax error. Extra ')'"],
    ["1 Amount__c", "double", "Syntax error. Found 'Amount__c'"],
    ["1 +", "double", "Syntax error."],
    ['"open', "string", "Syntax error. Found '\"'"],
    ["IF(TRUE, 1)", "double", "Incorrect number of parameters for function 'IF()'. Expected 3, received 2"],
    [
      'IF(TRUE, 1, "a")',
      "double",
      "Incorrect parameter type for function 'IF()'. Expected Number, received Text",
    ],
    [
      "NOT(Amount__c)",
      "boolean",
      "Incorrect parameter type for function 'NOT()'. Expected Boolean, received Number",
    ],
    [
      "Due__c > Day__c",
      "boolean",
      "Incorrect parameter type for operator '>'. Expected DateTime, received Date",
    ],
    [
      "TEXT(Note__c)",
      "string",
      "Incorrect parameter type for function 'TEXT()'. Expected Number, Date, DateTime, Picklist, received Text",
    ],
    [
      'CASE(Status, "a", TRUE, FALSE)',
      "boolean",
      "Incorrect parameter type for function 'CASE()'. Expected Number, Text, Date, DateTime, received Boolean",
    ],
    [
      "1 + 1",
      "boolean",
      "Formula result is data type (Number), incompatible with expected data type (true or false).",
    ],
    [
      "IsConverted",
      "string",
      "Formula result is data type (Boolean), incompatible with expected data type (Text).",
    ],
  ] as const)("refuses %s", (source, returns, words) => {
    expect(refusal(source, returns)).toThrow(words);
  });

  it("refuses a formula whose text or compiled size is over the vendor's limit", () => {
    expect(refusal(`"${"x".repeat(3_900)}"`, "string")).toThrow(
      "Formula is too long (3,902 characters). Maximum length is 3,900 characters.",
    );
    // 950 mentions of a field: 1,899 characters, and 13 bytes a mention with 3 for each plus is more than 15,000.
    const sum = Array.from({ length: 950 }, () => "A").join("+");
    expect(() => compileFormula(sum, "double", { fieldType: () => "double" })).toThrow(
      /^Compiled formula is too big to execute \([\d,]+ characters\)\. Maximum size is 15,000 characters$/,
    );
  });
});

describe("formulaSize", () => {
  it("grows with every mention of a formula that is referred to", () => {
    const inner = 'IF(Amount__c > 100, "large", "small")';
    const expand = (name: string): string | undefined => (name === "Size__c" ? inner : undefined);
    const once = formulaSize("Size__c", expand);
    expect(once).toBe(formulaSize(inner));
    expect(formulaSize("Size__c & Size__c", expand)).toBeGreaterThan(2 * once);
  });
});
