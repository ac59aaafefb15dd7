import type { Clock } from "../../../../core/time.ts";
import { DAY_MS } from "../../../../core/time.ts";
import type { WireSettings } from "../wire-settings.ts";

export interface ExportJob {
  readonly id: string;
  readonly startedAt: number;
  /** Made when it is asked for. */
  readonly file: () => string;
}

export interface ImportJob {
  readonly id: string;
  readonly startedAt: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly errors: readonly Readonly<Record<string, unknown>>[];
  isCancelled: boolean;
}

interface Running<J> {
  readonly job: J;
  looks: number;
}

/** Work that HubSpot does later: exports and imports are done after `jobPolls` looks. */
export interface Jobs {
  /** Undefined where there were 30 in a day already, or one is not done. */
  startExport(file: () => string): ExportJob | undefined;
  lookExport(id: string): { readonly job: ExportJob; readonly isDone: boolean } | undefined;
  addImport(body: ImportJob["body"], errors: ImportJob["errors"]): ImportJob;
  lookImport(id: string): { readonly job: ImportJob; readonly isDone: boolean } | undefined;
  imports(): readonly ImportJob[];
  clear(): void;
}

const EXPORTS_A_DAY = 30;

export function createJobs(clock: Clock, settings: WireSettings): Jobs {
  let exports = new Map<string, Running<ExportJob>>();
  let imports = new Map<string, Running<ImportJob>>();
  let number = 7_000_000;
  const now = () => clock.now().getTime();
  const isDone = (running: Running<unknown>) => running.looks > settings.jobPolls;
  const look = <J>(running: Running<J> | undefined) => {
    if (running === undefined) return undefined;
    running.looks += 1;
    return { job: running.job, isDone: isDone(running) };
  };
  return {
    startExport: (file) => {
      const recent = [...exports.values()].filter(({ job }) => job.startedAt > now() - DAY_MS);
      const isBusy = recent.some((running) => settings.jobPolls > 0 && !isDone(running));
      if (recent.length >= EXPORTS_A_DAY || isBusy) return undefined;
      number += 1;
      const job = { id: String(number), startedAt: now(), file };
      exports.set(job.id, { job, looks: 0 });
      return job;
    },
    lookExport: (id) => look(exports.get(id)),
    addImport: (body, errors) => {
      number += 1;
      const job = { id: String(number), startedAt: now(), body, errors, isCancelled: false };
      imports.set(job.id, { job, looks: 0 });
      return job;
    },
    lookImport: (id) => look(imports.get(id)),
    imports: () => [...imports.values()].map(({ job }) => job),
    clear: () => {
      exports = new Map();
      imports = new Map();
    },
  };
}
