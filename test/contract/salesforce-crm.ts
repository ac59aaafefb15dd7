import { z } from "zod";
import { connectSalesforce } from "../../connectors/salesforce/connect.ts";
import type { SalesforceOptions } from "../../connectors/salesforce/connect-options.ts";
import { salesforceStreams } from "../../connectors/salesforce/streams.ts";
import { silentLog } from "../../connectors/shared/connector-log.ts";
import { salesforceId } from "../../src/core/ids.ts";
import { sql } from "../../src/database/sql.ts";
import { createOrg } from "../../src/emulator/salesforce/engine/create-org.ts";
import { createEmulatorClock } from "../../src/emulator/server/emulator-clock.ts";
import { startEmulator } from "../../src/emulator/server/start-emulator.ts";
import type { PersonRow, WritableCrm } from "./contract-crm.ts";
import { callControl, countIn, fieldWrites } from "./control.ts";

const Reply = z.looseObject({ salesforce: z.looseObject({ operations: z.record(z.string(), z.number()) }) });

const METADATA = 'xmlns="http://soap.sforce.com/2006/04/metadata"';
/** One field of ours, and the right to write it. */
const leadPackage = [
  {
    path: "package.xml",
    content: `<?xml version="1.0" encoding="UTF-8"?><Package ${METADATA}><types><members>Lead.Ripeline_Clock__c</members><name>CustomField</name></types><types><members>Ripeline</members><name>PermissionSet</name></types><version>67.0</version></Package>`,
  },
  {
    path: "objects/Lead.object",
    content: `<?xml version="1.0" encoding="UTF-8"?><CustomObject ${METADATA}><fields><fullName>Ripeline_Clock__c</fullName><label>Clock</label><type>Text</type><length>20</length><externalId>true</externalId></fields></CustomObject>`,
  },
  {
    path: "permissionsets/Ripeline.permissionset",
    content: `<?xml version="1.0" encoding="UTF-8"?><PermissionSet ${METADATA}><label>Ripeline</label><fieldPermissions><editable>true</editable><field>Lead.Ripeline_Clock__c</field><readable>true</readable></fieldPermissions><objectPermissions><allowEdit>true</allowEdit><allowRead>true</allowRead><object>Lead</object></objectPermissions></PermissionSet>`,
  },
];

/** Leads of an emulated org. A page has 2,000. */
export async function startSalesforceCrm(): Promise<WritableCrm> {
  const clock = createEmulatorClock(new Date("2026-06-15T12:00:00Z"), { stopped: true });
  const org = createOrg({ clock });
  org.markStart();
  const emulator = await startEmulator({ port: 0, org, clock });
  const { control, salesforce } = emulator.ready;
  const idOf = (n: number) => salesforceId(`00Q${String(n).padStart(12, "0")}`);
  const load = (rows: readonly object[]) => callControl(control, "load/salesforce/Lead", rows);
  const open = (options: Partial<SalesforceOptions>, waits: number[] = []) =>
    connectSalesforce({
      loginUrl: salesforce.loginUrl,
      clientId: salesforce.clientId,
      username: salesforce.username,
      privateKey: emulator.privateKeyPem,
      log: silentLog,
      clock,
      pacing: {
        random: () => 1,
        sleep: (ms) => {
          // The emulator's time passes instead of ours.
          waits.push(ms);
          clock.advance(ms);
          return Promise.resolve();
        },
      },
      ...options,
    });
  const asAdmin = async (method: string, path: string) => {
    const answer = await fetch(`${salesforce.instanceUrl}/services/data/v67.0/${path}`, {
      method,
      headers: { authorization: `Bearer ${salesforce.adminAccessToken}` },
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  };
  return {
    name: "salesforce",
    streams: salesforceStreams.filter(({ object }) => object === "Lead"),
    table: "salesforce_lead",
    sourceColumn: "leadsource",
    manyPeople: 4_500,
    idOf,
    sources: ["Web", "Phone"],
    setClock: (at) => callControl(control, "clock", { now: at, stopped: true }),
    control: (path, body) => callControl(control, path, body),
    load: (rows) =>
      load(
        rows.map(({ n, at, source }: PersonRow) => ({
          Id: idOf(n),
          LastName: `P${n}`,
          Company: "C",
          Status: "Open - Not Contacted",
          OwnerId: org.adminUser.id,
          ...(source === undefined ? {} : { LeadSource: source }),
          CreatedDate: at,
          LastModifiedDate: at,
          SystemModstamp: at,
        })),
      ),
    remove: (n) => asAdmin("DELETE", `sobjects/Lead/${idOf(n)}`),
    merge: async (winner, loser, at) => {
      // A merged lead is a deleted one that names its master; the winner is changed by it.
      await load([
        {
          Id: idOf(loser),
          IsDeleted: true,
          MasterRecordId: idOf(winner),
          LastModifiedDate: at,
          SystemModstamp: at,
        },
        { Id: idOf(winner), LastModifiedDate: at, SystemModstamp: at },
      ]);
    },
    connect: (waits) => open({}, waits),
    connectRenewable: async () => ({
      connection: await open({}),
      endToken: () => callControl(control, "faults", { salesforce: { expireSessions: "issued" } }),
      grants: () => countIn(control, Reply, (reply) => reply.salesforce.operations["oauth2/token"] ?? 0),
    }),
    rateFaults: ["concurrent_limit", "unavailable"],
    merges: sql`select id as loser, masterrecordid as winner from mirror.salesforce_lead where valid_to is null and masterrecordid is not null`,
    isGone: sql`isdeleted`,
    pageOperation: "composite",
    peopleObject: "Lead",
    keyField: "Id",
    ownField: "Ripeline_Clock__c",
    foreignField: "Industry",
    writeOperation: "composite",
    deployField: async (connection) => {
      const report = await connection.deploy(leadPackage, { checkOnly: false });
      await connection.assignPermissionSet("Ripeline");
      return report;
    },
    refuse: (n, message) =>
      callControl(control, "automation", {
        salesforce: {
          validationRules: [{ object: "Lead", name: "R", formula: `LastName = "P${n}"`, message }],
        },
      }),
    writesOf: () => fieldWrites(control, "Ripeline_Clock__c"),
    reset: () => callControl(control, "reset", {}),
    close: () => emulator.close(),
  };
}
