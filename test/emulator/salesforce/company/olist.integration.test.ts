import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadOlist } from "../../../../src/emulator/salesforce/company/olist.ts";
import { DEALS_FILE, LEADS_FILE } from "../../../../src/emulator/salesforce/company/olist-files.ts";
import { recordingOrg } from "./recording-org.ts";

const REAL_DATA = join(import.meta.dirname, "../../../../../shared/data/olist");

const key = (letter: string): string => letter.repeat(32);
const LEADS = [
  "mql_id,first_contact_date,landing_page_id,origin",
  `${key("a")},01-02-2018,${key("1")},social`,
  `${key("b")},20-10-2017,${key("1")},`,
  `${key("c")},05-03-2018,${key("2")},unknown`,
];
const DEALS = [
  "mql_id,seller_id,sdr_id,sr_id,won_date",
  `${key("a")},${key("d")},${key("e")},${key("f")},2018-02-26 19:58:54`,
  `${key("b")},${key("d")},${key("e")},${key("e")},2017-10-19 10:00:00`,
  `${key("c")},${key("d")},${key("e")},${key("f")},2018-06-01 00:00:00`,
];

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "olist-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(leads: readonly string[], deals: readonly string[]): void {
  writeFileSync(join(folder, LEADS_FILE), leads.join("\n"));
  writeFileSync(join(folder, DEALS_FILE), deals.join("\n"));
}

describe("the Olist loader on a small copy", () => {
  it("gives a won lead to its SDR, hands it to the SR and converts it at the won date", () => {
    write(LEADS, DEALS);
    const { org, rows } = recordingOrg("one");
    loadOlist(org, { dataDirectory: folder });
    const lead = rows("Lead").find((row) => row["LeadSource"] === "social");
    const [sdr, sr] = ["SDR 01 eeeeeeee", "SR 01 ffffffff"].map(
      (name) =>
        rows("User").find((user) => `${String(user["FirstName"])} ${String(user["LastName"])}` === name)?.[
          "Id"
        ],
    );
    const wonAt = "2018-02-26T19:58:54Z";
    expect(lead).toMatchObject({
      CreatedDate: "2018-02-01T00:00:00Z",
      OwnerId: sr,
      IsConverted: true,
      ConvertedDate: "2018-02-26",
      SystemModstamp: wonAt,
    });
    const history = rows("LeadHistory").filter((row) => row["LeadId"] === lead?.["Id"]);
    expect(
      history.map((row) => [row["Field"], row["OldValue"], row["NewValue"], row["CreatedDate"]]),
    ).toEqual([
      ["Owner", "SDR 01 eeeeeeee", "SR 01 ffffffff", wonAt],
      ["Owner", sdr, sr, wonAt],
      ["leadConverted", null, null, wonAt],
    ]);
    const opportunity = rows("Opportunity").find((row) => row["Id"] === lead?.["ConvertedOpportunityId"]);
    expect(opportunity).toMatchObject({
      StageName: "Closed Won",
      Amount: null,
      CloseDate: "2018-02-26",
      CreatedDate: wonAt,
      CampaignId: rows("Campaign")[0]?.["Id"],
    });
  });

  it("creates a lead at its won date where that is earlier, and writes no owner change from a person to himself", () => {
    write(LEADS, DEALS);
    const { org, rows } = recordingOrg("one");
    loadOlist(org, { dataDirectory: folder });
    const lead = rows("Lead").find((row) => row["CreatedDate"] === "2017-10-19T10:00:00Z");
    expect(lead?.["LeadSource"]).toBeNull();
    const history = rows("LeadHistory").filter((row) => row["LeadId"] === lead?.["Id"]);
    expect(history.map((row) => row["Field"])).toEqual(["leadConverted"]);
  });

  it("leaves a deal of the very instant out: its lead waits in the queue, its source stays unknown", () => {
    write(LEADS, DEALS);
    const { org, rows } = recordingOrg("one");
    expect(loadOlist(org, { dataDirectory: folder })).toMatchObject({
      leads: 3,
      deals: 2,
      reps: 2,
      campaigns: 2,
    });
    const lead = rows("Lead").find((row) => row["LeadSource"] === "unknown");
    expect(lead).toMatchObject({ IsConverted: false, OwnerId: rows("Group")[0]?.["Id"] });
    expect(rows("CampaignMember").find((row) => row["LeadId"] === lead?.["Id"])).toMatchObject({
      HasResponded: true,
      FirstRespondedDate: "2018-03-05",
      ContactId: null,
    });
  });

  it("names a folder or file that is not there and says what to do", () => {
    const { org } = recordingOrg("one");
    const missing = join(folder, "none");
    expect(() => loadOlist(org, { dataDirectory: missing })).toThrow(
      `The data folder ${missing} does not exist. Download`,
    );
    writeFileSync(join(folder, LEADS_FILE), LEADS.join("\n"));
    expect(() => loadOlist(org, { dataDirectory: folder })).toThrow(`has no file ${DEALS_FILE}. Download`);
  });

  it("names a missing column and what it found", () => {
    write(
      LEADS,
      DEALS.map((line) => line.split(",").slice(0, 4).join(",")),
    );
    const { org } = recordingOrg("one");
    expect(() => loadOlist(org, { dataDirectory: folder })).toThrow(
      `${DEALS_FILE} lacks the column won_date (found: mql_id, seller_id, sdr_id, sr_id).`,
    );
  });

  it("names the record and the column of a value it cannot read", () => {
    write([...LEADS, `${key("9")},2018-02-01,${key("1")},social`], DEALS);
    const { org } = recordingOrg("one");
    expect(() => loadOlist(org, { dataDirectory: folder })).toThrow(
      `${LEADS_FILE}, record 4: first_contact_date is wrong, expected a date DD-MM-YYYY.`,
    );
  });

  it("names a file that is no CSV", () => {
    write([...LEADS, `"${key("9")}`], DEALS);
    const { org } = recordingOrg("one");
    expect(() => loadOlist(org, { dataDirectory: folder })).toThrow(
      /is not a readable CSV file: Quote Not Closed/,
    );
  });
});

describe.skipIf(!existsSync(REAL_DATA))("the Olist loader on the real funnel", () => {
  it("loads 8,000 leads, the 665 deals won before June 2018, and queues the other 7,335 leads", () => {
    const { org, rows } = recordingOrg("one");
    const company = loadOlist(org, { dataDirectory: REAL_DATA });
    expect(company).toMatchObject({ leads: 8_000, deals: 665 });
    expect(company.firstDay.toISOString()).toBe("2017-06-14T00:00:00.000Z");
    const leads = rows("Lead");
    const queue = rows("Group")[0]?.["Id"];
    expect(leads).toHaveLength(8_000);
    expect(leads.filter((lead) => lead["OwnerId"] === queue)).toHaveLength(7_335);
    expect(leads.filter((lead) => lead["IsConverted"] === true)).toHaveLength(665);
    // Counted in the files: 60 blank origins, 1,099 times "unknown"; 3 of the 665 deals have one person as SDR and SR.
    expect(leads.filter((lead) => lead["LeadSource"] === null)).toHaveLength(60);
    expect(leads.filter((lead) => lead["LeadSource"] === "unknown")).toHaveLength(1_099);
    expect(rows("LeadHistory").filter((row) => row["Field"] === "Owner")).toHaveLength(2 * 662);
    expect(rows("Opportunity").filter((row) => row["Amount"] === null)).toHaveLength(665);
    expect(rows("Campaign")).toHaveLength(495);
    expect(rows("CampaignMember")).toHaveLength(8_000);
    expect(rows("Task")).toHaveLength(0);
  });
});
