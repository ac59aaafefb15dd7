import { createHmac } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { salesforceStreams } from "../../connectors/salesforce/streams.ts";
import { settingsFileSchema } from "../../src/config/settings-schema.ts";
import type { StreamSpec } from "../../src/core/ports.ts";
import { sql } from "../../src/database/sql.ts";
import { emailKey } from "../../src/mirror/email-key.ts";
import { mergePage, type PullUnderWay } from "../../src/mirror/merge-page.ts";
import { isDue, pullRequest, readStreamStates } from "../../src/mirror/stream-state.ts";
import { csvPage } from "../support/csv-page.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";

const key = { workspaceId: "w", connectionId: "salesforce" };
const secret = Buffer.from("a key of the test");
const touch = settingsFileSchema.parse({}).touch;

function streamOf(object: string): StreamSpec {
  const stream = salesforceStreams.find((candidate) => candidate.object === object);
  if (stream === undefined) throw new Error(`no stream ${object}`);
  return stream;
}

const lead = streamOf("Lead");

const underWay: PullUnderWay = {
  key,
  specHash: "spec",
  since: null,
  isResumed: false,
  hiddenFields: [],
  rules: {
    emailKey: emailKey(secret),
    touch: {
      by: touch.by,
      taskTypes: touch.task_types,
      automatedSubjects: touch.ignore_subjects,
      sequences: touch.sequences,
      cancelledSubjects: touch.cancelled_subjects,
    },
  },
};

const noon = new Date("2026-06-01T12:00:00Z");
const later = new Date("2026-06-01T12:10:00Z");

function leadRow(id: number, changes: Readonly<Record<string, string | boolean>> = {}) {
  return {
    Id: `00Q0000000000${String(id).padStart(2, "0")}AAA`,
    OwnerId: "005000000000001AAA",
    Status: "Open",
    IsConverted: false,
    IsDeleted: false,
    CreatedDate: "2026-05-01T08:00:00.000Z",
    SystemModstamp: "2026-05-01T08:00:00.000Z",
    ...changes,
  };
}

const Version = z.object({
  id: z.string(),
  ownerid: z.string(),
  systemmodstamp: z.date(),
  changed_at: z.date(),
  valid_from: z.date(),
  valid_to: z.date().nullable(),
});

let store: TestDatabase;

function versions() {
  return store.database.any(
    Version,
    sql`select id, ownerid, systemmodstamp, changed_at, valid_from, valid_to
      from mirror.salesforce_lead order by id, valid_from`,
  );
}

beforeAll(async () => {
  store = await openTestDatabase();
});
afterAll(() => store.close());
beforeEach(() => store.empty());

describe("a page in the mirror", () => {
  test("every stream's table has exactly the stream's columns", async () => {
    const Column = z.object({ column_name: z.string() });
    const own = ["workspace_id", "connection_id", "changed_at", "valid_from", "valid_to"];
    for (const stream of salesforceStreams) {
      const columns = await store.database.any(
        Column,
        sql`select column_name from information_schema.columns
          where table_schema = 'mirror' and table_name = ${stream.table}`,
      );
      const expected = stream.fields.flatMap((field) => {
        const name = field.name.toLowerCase();
        if (field.keep === "email") return [`${name}_hash`, `${name}_domain`];
        if (field.keep === "subject") return [`${name}_is_automated`, `${name}_is_cancelled`];
        return [name];
      });
      expect(columns.map((column) => column.column_name).toSorted(), stream.name).toEqual(
        [...expected, ...own].toSorted(),
      );
    }
  });

  test("a changed record closes its version and opens another", async () => {
    await mergePage(store.database, csvPage(lead, [leadRow(1)], { queriedAt: noon }), underWay, true);
    const moved = leadRow(1, { OwnerId: "005000000000002AAA", SystemModstamp: "2026-06-01T12:05:00.000Z" });
    await mergePage(store.database, csvPage(lead, [moved], { queriedAt: later }), underWay, true);
    const [first, second] = await versions();
    expect(first).toMatchObject({ ownerid: "005000000000001AAA", valid_from: noon, valid_to: later });
    expect(second).toMatchObject({
      ownerid: "005000000000002AAA",
      valid_from: later,
      valid_to: null,
      changed_at: new Date("2026-06-01T12:05:00Z"),
    });
  });

  test("the same page twice changes nothing", async () => {
    const page = () => csvPage(lead, [leadRow(1), leadRow(2)], { queriedAt: noon });
    await mergePage(store.database, page(), underWay, true);
    const before = await versions();
    await mergePage(store.database, page(), underWay, true);
    expect(await versions()).toEqual(before);
    expect(before).toHaveLength(2);
  });

  test("an echo of our own write moves the stamp and makes no version", async () => {
    await mergePage(store.database, csvPage(lead, [leadRow(1)], { queriedAt: noon }), underWay, true);
    const echo = leadRow(1, { SystemModstamp: "2026-06-01T12:05:00.000Z" });
    await mergePage(store.database, csvPage(lead, [echo], { queriedAt: later }), underWay, true);
    const all = await versions();
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({
      systemmodstamp: new Date("2026-06-01T12:05:00Z"),
      changed_at: new Date("2026-05-01T08:00:00Z"),
      valid_to: null,
    });
  });

  test("an older state read again in the overlap does not win", async () => {
    const now = leadRow(1, { OwnerId: "005000000000002AAA", SystemModstamp: "2026-06-01T11:59:00.000Z" });
    await mergePage(store.database, csvPage(lead, [now], { queriedAt: noon }), underWay, true);
    await mergePage(store.database, csvPage(lead, [leadRow(1)], { queriedAt: later }), underWay, true);
    expect((await versions()).map((version) => version.ownerid)).toEqual(["005000000000002AAA"]);
  });

  test("an id that stands twice in a page is kept once, with the last stamp", async () => {
    const rows = [
      leadRow(1, { OwnerId: "005000000000002AAA", SystemModstamp: "2026-06-01T11:00:00.000Z" }),
      leadRow(1, { OwnerId: "005000000000003AAA", SystemModstamp: "2026-06-01T11:30:00.000Z" }),
      leadRow(1),
    ];
    await mergePage(store.database, csvPage(lead, rows, { queriedAt: noon }), underWay, true);
    expect((await versions()).map((version) => version.ownerid)).toEqual(["005000000000003AAA"]);
  });

  test("a cleared value becomes null", async () => {
    const Source = z.object({ leadsource: z.string().nullable() });
    const read = () =>
      store.database.one(Source, sql`select leadsource from mirror.salesforce_lead where valid_to is null`);
    await mergePage(
      store.database,
      csvPage(lead, [leadRow(1, { LeadSource: "Web" })], { queriedAt: noon }),
      underWay,
      true,
    );
    expect((await read()).leadsource).toBe("Web");
    const cleared = leadRow(1, { SystemModstamp: "2026-06-01T12:05:00.000Z" });
    await mergePage(store.database, csvPage(lead, [cleared], { queriedAt: later }), underWay, true);
    expect((await read()).leadsource).toBeNull();
  });

  test("an e-mail address is kept as HMAC-SHA256 of its normal form, and its domain", async () => {
    const Email = z.object({ email_hash: z.string(), email_domain: z.string() });
    const row = leadRow(1, { Email: " Ada@Example.COM " });
    await mergePage(store.database, csvPage(lead, [row], { queriedAt: noon }), underWay, true);
    const kept = await store.database.one(
      Email,
      sql`select email_hash, email_domain from mirror.salesforce_lead`,
    );
    const expected = createHmac("sha256", secret).update("ada@example.com").digest("hex");
    expect(kept).toEqual({ email_hash: expected, email_domain: "example.com" });
  });

  test("a subject is judged and not kept", async () => {
    const task = streamOf("Task");
    const row = (id: number, subject: string) => ({
      Id: `00T0000000000${String(id).padStart(2, "0")}AAA`,
      Subject: subject,
      SystemModstamp: "2026-05-01T08:00:00.000Z",
    });
    const rows = [
      row(1, "Pardot List Email: Spring news"),
      row(2, "Cancelled: demo"),
      row(3, 'Call, "first"\nline'),
    ];
    await mergePage(store.database, csvPage(task, rows, { queriedAt: noon }), underWay, true);
    const Judged = z.object({ subject_is_automated: z.boolean(), subject_is_cancelled: z.boolean() });
    const judged = await store.database.any(
      Judged,
      sql`select subject_is_automated, subject_is_cancelled from mirror.salesforce_task order by id`,
    );
    expect(judged.map((one) => [one.subject_is_automated, one.subject_is_cancelled])).toEqual([
      [true, false],
      [false, true],
      [false, false],
    ]);
  });

  test("of a field's history owners' ids and statuses are kept, of a call's disposition that there is one", async () => {
    const history = streamOf("LeadHistory");
    const changes = [
      ["Owner", "005000000000001AAA", "00G000000000001AAA"],
      ["Owner", "Ann Lee", "Inside Sales"],
      ["Status", "Open", "Nurture"],
      ["Email", "ann@acme.example", "lee@acme.example"],
      ["Phone", "+1 555 0100", ""],
      ["leadConverted", "", ""],
    ].map(([field, oldValue, newValue], at) => ({
      Id: `01700000000000${at}AAA`,
      LeadId: "00Q000000000001AAA",
      Field: field ?? "",
      OldValue: oldValue ?? "",
      NewValue: newValue ?? "",
      IsDeleted: false,
      CreatedDate: "2026-05-01T08:00:00.000Z",
      CreatedById: "005000000000001AAA",
    }));
    await mergePage(store.database, csvPage(history, changes, { queriedAt: noon }), underWay, true);
    const Change = z.object({
      field: z.string(),
      oldvalue: z.string().nullable(),
      newvalue: z.string().nullable(),
    });
    const kept = await store.database.any(
      Change,
      sql`select field, oldvalue, newvalue from mirror.salesforce_lead_history order by id`,
    );
    expect(kept.map(({ field, oldvalue, newvalue }) => [field, oldvalue, newvalue])).toEqual([
      ["Owner", "005000000000001AAA", "00G000000000001AAA"],
      ["Owner", null, null],
      ["Status", "Open", "Nurture"],
      ["Email", null, null],
      ["Phone", null, null],
      ["leadConverted", null, null],
    ]);

    const calls = ["left a message with Ann's mother", ""].map((disposition, at) => ({
      Id: `00T00000000000${at}AAA`,
      CallDisposition: disposition,
      IsDeleted: false,
      CreatedDate: "2026-05-01T08:00:00.000Z",
      SystemModstamp: "2026-05-01T08:00:00.000Z",
    }));
    await mergePage(store.database, csvPage(streamOf("Task"), calls, { queriedAt: noon }), underWay, true);
    const dispositions = await store.database.any(
      z.object({ calldisposition: z.string().nullable() }),
      sql`select calldisposition from mirror.salesforce_task order by id`,
    );
    expect(dispositions.map((row) => row.calldisposition)).toEqual(["given", null]);
  });

  test("rows of one timestamp over several pages all arrive, and the watermark is the first query's time", async () => {
    const rows = Array.from({ length: 30 }, (_, index) => leadRow(index + 10));
    const first = csvPage(lead, rows.slice(0, 20), { queriedAt: noon, next: { locator: "x-20" } });
    await mergePage(store.database, first, underWay, true);
    const between = await readStreamStates(store.database, key);
    expect(between.get(lead.name)).toMatchObject({
      watermark: null,
      interrupted: { since: null, checkpoint: { locator: "x-20" } },
    });
    const last = csvPage(lead, rows.slice(20), { queriedAt: later, expectedTotal: 30 });
    await mergePage(store.database, last, underWay, false);
    expect(await versions()).toHaveLength(30);
    const after = await readStreamStates(store.database, key);
    expect(after.get(lead.name)).toMatchObject({ watermark: noon, interrupted: null, historyBeginsAt: noon });
  });

  test("a page with fewer rows than announced is refused and leaves no trace", async () => {
    const short = csvPage(lead, [leadRow(1)], { queriedAt: noon, expectedRows: 2 });
    await expect(mergePage(store.database, short, underWay, true)).rejects.toThrow(
      /salesforce\.Lead: a page brought 1 rows where 2 were announced/,
    );
    expect(await versions()).toEqual([]);
    expect((await readStreamStates(store.database, key)).size).toBe(0);
  });

  test("pages that do not add up to the CRM's count leave the watermark where it was", async () => {
    const page = csvPage(lead, [leadRow(1)], { queriedAt: noon, expectedTotal: 2 });
    await expect(mergePage(store.database, page, underWay, true)).rejects.toThrow(
      /add up to another number than the 2/,
    );
    const state = (await readStreamStates(store.database, key)).get(lead.name);
    expect(state).toMatchObject({ watermark: null, interrupted: null });
  });

  test("a record that a whole read no longer lists is closed", async () => {
    const role = streamOf("UserRole");
    const row = (id: number) => ({ Id: `00E00000000000${id}AAA`, Name: `Role ${id}` });
    await mergePage(store.database, csvPage(role, [row(1), row(2)], { queriedAt: noon }), underWay, true);
    await mergePage(store.database, csvPage(role, [row(2)], { queriedAt: later }), underWay, true);
    const Role = z.object({ name: z.string() });
    const current = await store.database.any(
      Role,
      sql`select name from mirror.salesforce_user_role where valid_to is null`,
    );
    expect(current).toEqual([{ name: "Role 2" }]);
  });

  describe("of a stream that is read whole, in several pages", () => {
    const role = streamOf("UserRole");
    const row = (id: number) => ({ Id: `00E00000000000${id}AAA`, Name: `Role ${id}` });
    const half = (rows: readonly number[], queriedAt: Date) =>
      csvPage(role, rows.map(row), { queriedAt, next: { locator: "x" } });
    const last = (rows: readonly number[], queriedAt: Date, expectedTotal: number) =>
      csvPage(role, rows.map(row), { queriedAt, expectedTotal });
    const resumed = { ...underWay, isResumed: true };

    async function roles(): Promise<readonly (readonly [string, Date | null])[]> {
      const rows = await store.database.any(
        z.object({ name: z.string(), valid_to: z.date().nullable() }),
        sql`select name, valid_to from mirror.salesforce_user_role order by name`,
      );
      return rows.map(({ name, valid_to }) => [name, valid_to]);
    }

    beforeEach(async () => {
      await mergePage(store.database, half([1, 2], noon), underWay, true);
      await mergePage(store.database, last([3, 4], noon, 4), underWay, false);
    });

    test("what none of its pages lists has gone, as of the first page's query", async () => {
      await mergePage(store.database, half([1, 5], later), underWay, true);
      await mergePage(store.database, last([4], later, 3), underWay, false);
      expect(await roles()).toEqual([
        ["Role 1", null],
        ["Role 2", later],
        ["Role 3", later],
        ["Role 4", null],
        ["Role 5", null],
      ]);
    });

    test("a read that was interrupted and taken up again knows the pages before", async () => {
      await mergePage(store.database, half([1, 2], later), underWay, true);
      await mergePage(store.database, last([4], later, 3), resumed, true);
      expect(await roles()).toEqual([
        ["Role 1", null],
        ["Role 2", null],
        ["Role 3", later],
        ["Role 4", null],
      ]);
    });

    test("a read whose first pages were forgotten closes nothing", async () => {
      await mergePage(store.database, half([1, 2], later), underWay, true);
      const { name } = await store.database.one(
        z.object({ name: z.string() }),
        sql`select tablename::text as name from pg_tables where schemaname = 'staging' and tablename like '%_seen'`,
      );
      // As Postgres does with an unlogged table after a crash.
      await store.database.execute(sql`truncate ${sql.identifier(["staging", name])}`);
      await mergePage(store.database, last([4], later, 3), resumed, true);
      expect((await roles()).map(([, validTo]) => validTo)).toEqual([null, null, null, null]);
    });
  });
});

describe("what is asked next", () => {
  test("a delta looks back ten minutes behind the watermark", async () => {
    await mergePage(store.database, csvPage(lead, [leadRow(1)], { queriedAt: noon }), underWay, true);
    const state = (await readStreamStates(store.database, key)).get(lead.name);
    const request = pullRequest(lead, lead.fields, state, "spec");
    expect(request).toMatchObject({ since: new Date("2026-06-01T11:50:00Z"), resume: null });
  });

  test("other fields or patterns than last time load the stream anew", async () => {
    await mergePage(store.database, csvPage(lead, [leadRow(1)], { queriedAt: noon }), underWay, true);
    const state = (await readStreamStates(store.database, key)).get(lead.name);
    expect(pullRequest(lead, lead.fields, state, "another spec")).toMatchObject({
      since: null,
      resume: null,
    });
  });

  test("a stream is due when its cadence has passed, or when a pull was interrupted", () => {
    const cadence = { fast: 1, money: 15, slow: 60 };
    const state = {
      stream: lead.name,
      watermark: noon,
      historyBeginsAt: noon,
      interrupted: null,
      specHash: "spec",
      hiddenFields: [],
      isAbsent: false,
    };
    expect(isDue(lead, undefined, noon, cadence)).toBe(true);
    expect(isDue(lead, state, new Date("2026-06-01T12:00:29Z"), cadence)).toBe(false);
    // A tick a minute after one whose query was sent a second late.
    expect(isDue(lead, state, new Date("2026-06-01T12:00:59Z"), cadence)).toBe(true);
    const cut = { ...state, interrupted: { since: null, checkpoint: { locator: "x" } } };
    expect(isDue(lead, cut, noon, cadence)).toBe(true);
  });
});
