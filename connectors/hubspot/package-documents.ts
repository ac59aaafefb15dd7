import { z } from "zod";
import { ConfigError } from "../../src/core/errors.ts";
import type { PackageFile } from "../../src/core/ports.ts";

const PropertyBody = z.looseObject({
  name: z.string(),
  label: z.string(),
  description: z.string(),
  type: z.string(),
  fieldType: z.string(),
  groupName: z.string().optional(),
  hasUniqueValue: z.boolean().optional(),
  options: z.array(z.looseObject({ value: z.string(), label: z.string() })).optional(),
});
const GroupBody = z.looseObject({ name: z.string(), label: z.string() });
const SchemaBody = z.looseObject({
  name: z.string(),
  labels: z.looseObject({ singular: z.string(), plural: z.string() }),
  description: z.string(),
  primaryDisplayProperty: z.string(),
});
const ListBody = z.looseObject({ name: z.string(), objectTypeId: z.string(), filterBranch: z.unknown() });

export interface GroupFile {
  readonly object: string;
  readonly body: z.infer<typeof GroupBody>;
}
export interface PropertyFile {
  readonly object: string;
  readonly body: z.infer<typeof PropertyBody>;
}
export interface SchemaFile {
  readonly body: z.infer<typeof SchemaBody>;
}
export interface ListFile {
  readonly body: z.infer<typeof ListBody>;
}

/** `groups/contacts.json` */
export function groupFiles(files: readonly PackageFile[]): readonly GroupFile[] {
  return matching(files, /^groups\/([^/]+)\.json$/, GroupBody);
}

/** `properties/contacts/ripeline_rots_at.json` */
export function propertyFiles(files: readonly PackageFile[]): readonly PropertyFile[] {
  return matching(files, /^properties\/([^/]+)\/[^/]+\.json$/, PropertyBody);
}

/** `schemas/ripeline_metric.json` */
export function schemaFiles(files: readonly PackageFile[]): readonly SchemaFile[] {
  return matching(files, /^schemas\/([^/]+)\.json$/, SchemaBody);
}

/** `lists/rotting_leads.json` */
export function listFiles(files: readonly PackageFile[]): readonly ListFile[] {
  return matching(files, /^lists\/([^/]+)\.json$/, ListBody);
}

/** @throws ConfigError for a file that is no such document */
function matching<T>(
  files: readonly PackageFile[],
  path: RegExp,
  schema: z.ZodType<T>,
): readonly { readonly object: string; readonly body: T }[] {
  return files.flatMap((file) => {
    const [, object] = path.exec(file.path) ?? [];
    if (object === undefined) return [];
    const parsed = schema.safeParse(JSON.parse(file.content));
    if (parsed.success) return [{ object, body: parsed.data }];
    throw new ConfigError(`${file.path} of the HubSpot package: ${z.prettifyError(parsed.error)}`);
  });
}
