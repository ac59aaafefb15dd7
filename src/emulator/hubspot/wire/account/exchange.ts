import { parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import { z } from "zod";
import { emptyAnswer, jsonAnswer, textAnswer } from "../../../server/answer.ts";
import type { ObjectType } from "../../engine/object-types.ts";
import { readerOf } from "../../engine/read-property.ts";
import { HubSpotRefusal } from "../../engine/refusal.ts";
import { instantText } from "../../engine/store/columns.ts";
import { checkValues } from "../../engine/write/check-values.ts";
import { createRecord, updateRecord } from "../../engine/write/save-record.ts";
import {
  type Call,
  type Handler,
  type HubSpotContext,
  needScope,
  type OpenHandler,
  param,
  sourceOf,
} from "../call.ts";
import { assertThat, readBody } from "../read-body.ts";
import type { ImportJob } from "./jobs.ts";

const MOST_ROWS = 1_048_576;
const MOST_BYTES = 512 * 1024 * 1024;

const exportInput = z.object({
  exportType: z.enum(["VIEW", "LIST"]),
  exportName: z.string(),
  format: z.enum(["CSV", "XLS", "XLSX"]),
  language: z.string(),
  objectType: z.string(),
  objectProperties: z.array(z.string()).min(1),
});

/** 202 with an id; the file is made when it is fetched. CSV only. */
export const startExport: Handler = async (context, call) => {
  needScope(call, ["crm.export"]);
  const { portal } = context;
  const input = await readBody(call, exportInput);
  if (input.format !== "CSV") {
    throw new HubSpotRefusal("invalid_parameter", {
      name: "format",
      expected: "CSV here; other formats are not emulated",
    });
  }
  const type = portal.typeNamed(input.objectType);
  const readers = input.objectProperties.flatMap((name) => {
    const reader = readerOf(portal, type, name);
    assertThat(context, reader !== undefined, () => `${type.plural} have no property ${name}`);
    return reader === undefined ? [] : [{ name, reader }];
  });
  const table = portal.table(type.typeId);
  const job = context.jobs.startExport(() => {
    const rows = [...table.rowsById()].filter((row) => table.isLive(row));
    return stringify([
      ["Record ID", ...readers.map((one) => one.name)],
      ...rows.map((row) => [String(table.id(row)), ...readers.map((one) => one.reader.text(row) ?? "")]),
    ]);
  });
  if (job === undefined) throw new HubSpotRefusal("export_limit");
  return jsonAnswer(202, {
    id: job.id,
    links: { status: `${context.url}/crm/v3/exports/export/async/tasks/${job.id}/status` },
  });
};

export const exportStatus: Handler = (context, call) => {
  needScope(call, ["crm.export"]);
  const id = param(call, "exportId");
  const found = context.jobs.lookExport(id);
  if (found === undefined) throw new HubSpotRefusal("export_not_found", { id });
  const startedAt = instantText(found.job.startedAt);
  if (!found.isDone) return jsonAnswer(200, { status: "PROCESSING", startedAt, requestedAt: startedAt });
  return jsonAnswer(200, {
    status: "COMPLETE",
    result: `${context.url}/crm/exports/files/${id}.csv`,
    startedAt,
    requestedAt: startedAt,
    completedAt: instantText(context.portal.now()),
  });
};

/** What the signed address of a finished export leads to; it needs no token. */
export const exportFile: OpenHandler = (context, call) => {
  const id = (call.params["file"] ?? "").replace(/\.csv$/, "");
  const found = context.jobs.lookExport(id);
  if (found === undefined) throw new HubSpotRefusal("export_not_found", { id });
  return textAnswer(200, "text/csv;charset=utf-8", found.job.file());
};

const importRequest = z.object({
  name: z.string(),
  importOperations: z.record(z.string(), z.enum(["CREATE", "UPDATE", "UPSERT"])).optional(),
  dateFormat: z.string().optional(),
  files: z
    .array(
      z.object({
        fileName: z.string(),
        fileFormat: z.enum(["CSV", "SPREADSHEET"]),
        fileImportPage: z.object({
          hasHeader: z.boolean(),
          columnMappings: z
            .array(
              z.object({
                columnObjectTypeId: z.string(),
                columnName: z.string(),
                propertyName: z.string().nullable(),
                columnType: z.string().optional(),
              }),
            )
            .min(1),
        }),
      }),
    )
    .length(1),
});

const csvRows = z.array(z.record(z.string(), z.string()));

interface Upload {
  readonly request: z.infer<typeof importRequest>;
  readonly rows: z.infer<typeof csvRows>;
}

const refuse = (reason: string) => new HubSpotRefusal("import_definition", { reason });

async function readUpload(call: Call): Promise<Upload> {
  const bytes = await call.incoming.body.bytes();
  if (bytes.length > MOST_BYTES) throw new HubSpotRefusal("import_too_large", { reason: "more than 512 MB" });
  const type = call.incoming.headers["content-type"] ?? "";
  if (!/^multipart\/form-data\b/i.test(type)) throw new HubSpotRefusal("unsupported_media_type", { type });
  const form = await new Response(new Uint8Array(bytes), { headers: { "content-type": type } }).formData();
  const [text, file] = [form.get("importRequest"), form.get("files")];
  if (text === null || file === null || typeof file === "string")
    throw refuse("parts importRequest and files are needed");
  let parsed: unknown;
  try {
    parsed = JSON.parse(typeof text === "string" ? text : await text.text());
  } catch {
    throw refuse("importRequest is not JSON");
  }
  const request = importRequest.safeParse(parsed);
  if (!request.success) throw refuse(z.prettifyError(request.error));
  const rows = csvRows.parse(parse(await file.text(), { columns: true, bom: true, skip_empty_lines: true }));
  if (rows.length > MOST_ROWS)
    throw new HubSpotRefusal("import_too_large", { reason: `more than ${MOST_ROWS} rows` });
  return { request: request.data, rows };
}

type Outcome = "created" | "updated";

/** One row of the file: found by id or by a unique property, then written as the operation says. */
function importRow(
  context: HubSpotContext,
  call: Call,
  type: ObjectType,
  upload: Upload,
  row: Readonly<Record<string, string>>,
): Outcome {
  const { portal } = context;
  const table = portal.table(type.typeId);
  const columns = upload.request.files[0]?.fileImportPage.columnMappings ?? [];
  const values: Record<string, string> = {};
  let found = -1;
  for (const { columnName, propertyName, columnType } of columns) {
    const text = row[columnName];
    if (text === undefined || propertyName === null) continue;
    if (propertyName === "hs_object_id" || columnType === "HUBSPOT_OBJECT_ID") {
      found = table.rowOf(Number(text));
      continue;
    }
    if (portal.properties(type.typeId).find(propertyName)?.hasUniqueValue === true && found < 0) {
      found = table.rowOfUnique(propertyName, text);
    }
    // An empty cell leaves the property alone.
    if (text !== "") values[propertyName] = text;
  }
  const operation = upload.request.importOperations?.[type.typeId] ?? "UPSERT";
  const isThere = found >= 0 && table.isLive(found);
  if (operation === "CREATE" && isThere) throw new HubSpotRefusal("contact_exists", { id: table.id(found) });
  if (operation === "UPDATE" && !isThere) throw new HubSpotRefusal("record_not_found");
  const checked = checkValues(portal, type, values, { row: isThere ? found : undefined, keepsRules: false });
  const source = { ...sourceOf(call), sourceType: "IMPORT" };
  const target = isThere ? found : createRecord(portal, type, checked, source);
  if (isThere) updateRecord(portal, type, target, checked, source);
  const id = String(table.id(target));
  portal.logWrite({ operation: call.operation, object: type.plural, id, fields: [...checked.keys()] });
  return isThere ? "updated" : "created";
}

export const createImport: Handler = async (context, call) => {
  needScope(call, ["crm.import"]);
  const upload = await readUpload(call);
  const [file] = upload.request.files;
  const typeId = file?.fileImportPage.columnMappings[0]?.columnObjectTypeId ?? "";
  const type = context.portal.typeNamed(typeId);
  const counts = { TOTAL_ROWS: upload.rows.length, CREATED_OBJECTS: 0, UPDATED_OBJECTS: 0, ERRORS: 0 };
  const errors = upload.rows.flatMap((row, index) => {
    try {
      const outcome = importRow(context, call, type, upload, row);
      if (outcome === "created") counts.CREATED_OBJECTS += 1;
      else counts.UPDATED_OBJECTS += 1;
      return [];
    } catch (error) {
      if (!(error instanceof HubSpotRefusal)) throw error;
      counts.ERRORS += 1;
      return [
        {
          id: String(index + 1),
          errorType: error.extras.errors?.[0]?.code ?? error.kind.toUpperCase(),
          errorMessage: error.message,
          objectTypeId: type.typeId,
          sourceData: { lineNumber: index + 2, rowData: Object.values(row), pageName: "default" },
        },
      ];
    }
  });
  const job = context.jobs.addImport(
    { importName: upload.request.name, metadata: { counters: counts, objectLists: [], fileIds: [] } },
    errors,
  );
  return jsonAnswer(200, importBody(context, job, false));
};

function importBody(context: HubSpotContext, job: ImportJob, isDone: boolean): Record<string, unknown> {
  return {
    id: job.id,
    state: job.isCancelled ? "CANCELED" : isDone ? "DONE" : "STARTED",
    createdAt: instantText(job.startedAt),
    updatedAt: instantText(context.portal.now()),
    ...job.body,
    optOutImport: false,
  };
}

function importNamed(context: HubSpotContext, call: Call) {
  needScope(call, ["crm.import"]);
  const id = param(call, "importId");
  const found = context.jobs.lookImport(id);
  if (found === undefined) throw new HubSpotRefusal("import_not_found", { id });
  return found;
}

export const listImports: Handler = (context, call) => {
  needScope(call, ["crm.import"]);
  return jsonAnswer(200, { results: context.jobs.imports().map((job) => importBody(context, job, true)) });
};

export const getImport: Handler = (context, call) => {
  const { job, isDone } = importNamed(context, call);
  return jsonAnswer(200, importBody(context, job, isDone));
};

export const importErrors: Handler = (context, call) =>
  jsonAnswer(200, { results: importNamed(context, call).job.errors });

/** Too late for the rows: they are written when the file is taken in. */
export const cancelImport: Handler = (context, call) => {
  const { job, isDone } = importNamed(context, call);
  if (isDone) return emptyAnswer(204);
  job.isCancelled = true;
  return jsonAnswer(200, { status: "CANCELED", startedAt: instantText(job.startedAt) });
};
