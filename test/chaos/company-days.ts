import type { LaunchedEmulator } from "../../src/cli/launch-emulator.ts";

const HEADERS = { "content-type": "application/json" };

/** Two hours of work in a company: calls, leads passed on, new and deleted ones, costs. Always the same ones. */
export async function liveTwoHours(
  { emulator }: Pick<LaunchedEmulator, "emulator">,
  now: Date,
): Promise<void> {
  const { control, salesforce } = emulator.ready;
  await post(`${control}/clock`, { now: new Date(now.getTime() + 2 * 3_600_000).toISOString() });
  const rest = async (path: string, body?: unknown, method = "POST"): Promise<unknown> => {
    const response = await fetch(`${salesforce.instanceUrl}/services/data/v67.0/${path}`, {
      method: body === undefined ? "GET" : method,
      headers: {
        ...HEADERS,
        authorization: `Bearer ${salesforce.adminAccessToken}`,
        "Sforce-Auto-Assign": "FALSE",
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${text}`);
    return text === "" ? null : JSON.parse(text);
  };
  const leads = await rest(
    `query?q=${encodeURIComponent("SELECT Id, OwnerId FROM Lead WHERE IsConverted = false AND Owner.Type = 'User' ORDER BY Id LIMIT 60")}`,
  );
  const records = recordsOf(leads);
  const owners = [...new Set(records.map((record) => record.OwnerId))];
  const called = records.slice(0, 30);
  await rest("composite/sobjects", {
    allOrNone: true,
    records: called.map(({ Id, OwnerId }) => ({
      attributes: { type: "Task" },
      WhoId: Id,
      OwnerId,
      Subject: "Call",
      Status: "Completed",
      TaskSubtype: "Call",
    })),
  });
  await rest(
    "composite/sobjects",
    {
      allOrNone: false,
      records: records.slice(30, 45).map(({ Id, OwnerId }) => ({
        attributes: { type: "Lead" },
        id: Id,
        OwnerId: owners[(owners.indexOf(OwnerId) + 1) % owners.length],
      })),
    },
    "PATCH",
  );
  await rest("composite/sobjects", {
    allOrNone: true,
    records: Array.from({ length: 10 }, (_, index) => ({
      attributes: { type: "Lead" },
      LastName: `New ${index}`,
      Company: "Acme",
      LeadSource: "Web",
      OwnerId: owners[index % owners.length],
    })),
  });
}

interface LeadRow {
  readonly Id: string;
  readonly OwnerId: string;
}

function recordsOf(body: unknown): readonly LeadRow[] {
  if (typeof body !== "object" || body === null || !("records" in body) || !Array.isArray(body.records)) {
    throw new Error("no records");
  }
  return body.records.map((record: unknown) => {
    if (typeof record === "object" && record !== null && "Id" in record && "OwnerId" in record) {
      return { Id: String(record.Id), OwnerId: String(record.OwnerId) };
    }
    throw new Error("a record without Id and OwnerId");
  });
}

export async function post(url: string, body: unknown = {}): Promise<void> {
  const response = await fetch(url, { method: "POST", headers: HEADERS, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url}: ${await response.text()}`);
}
