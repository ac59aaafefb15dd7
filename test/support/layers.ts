import type { IForbiddenRuleType } from "dependency-cruiser";

/**
 * Who may import whom. A layer is a path prefix; what it may reach beside itself and npm packages is listed. Types
 * count as imports.
 */
export const layers: Readonly<Record<string, readonly string[]>> = {
  "src/core/": [],
  "src/config/": ["src/core/"],
  "src/database/": ["src/core/"],
  "connectors/shared/": ["src/core/"],
  "connectors/salesforce/": ["src/core/", "connectors/shared/"],
  "connectors/hubspot/": ["src/core/", "connectors/shared/"],
  "connectors/registry.ts": [
    "src/core/",
    "connectors/shared/",
    "connectors/salesforce/",
    "connectors/hubspot/",
  ],
  "src/mirror/": ["src/core/", "src/database/"],
  "src/metrics/": ["src/core/", "src/database/"],
  "src/writeback/": ["src/core/", "src/database/", "src/metrics/catalog.ts"],
  "src/provision/": ["src/core/", "src/database/", "src/metrics/catalog.ts", "src/writeback/targets"],
  "src/emulator/": ["src/core/time.ts"],
  "src/app": [
    "src/core/",
    "src/config/",
    "src/database/",
    "src/mirror/",
    "src/metrics/",
    "src/writeback/",
    "src/provision/",
    "connectors/",
  ],
  "jobs/": ["src/app.ts", "src/core/"],
  "src/console/": ["src/app.ts", "src/core/"],
  "src/cli/": ["src/core/", "src/app.ts", "jobs/", "src/console/", "src/emulator/"],
};

const asPattern = (path: string): string => `^${path.replaceAll(".", "\\.")}`;

/** One rule a layer: an import of ours that leads anywhere else is an error. */
export const layerRules: readonly IForbiddenRuleType[] = Object.entries(layers).map(([layer, allowed]) => ({
  name: `layer ${layer}`,
  severity: "error",
  from: { path: asPattern(layer) },
  to: {
    path: "^(src|connectors|jobs|test|scripts)/",
    pathNot: [layer, ...allowed].map(asPattern),
  },
}));

export const noCycles: IForbiddenRuleType = {
  name: "no cycles",
  severity: "error",
  from: {},
  to: { circular: true },
};
