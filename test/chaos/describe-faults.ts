import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RipelineError } from "../../src/core/errors.ts";
import { type Case, chosenCases } from "./cases.ts";
import { BULK_ROUTE, type Flow, QUERY_PAGE_ROWS, type Step, startOf } from "./matrix.ts";
import { differences, type OrgState } from "./org-state.ts";
import { type ChaosWorld, openChaosWorld } from "./world.ts";

const LIFE_MS = 120_000;

/**
 * Every fault of `matrix.ts` at the steps asked for: the command goes through or stops with a typed error and goes
 * through when it is given again; the org ends as without the fault, no row of ours stands twice in it, and the mirror
 * holds what the org holds. A case whose fault met no request fails. Two files share the steps, since each world has a
 * store of its own and there are two cores at least.
 */
export function describeFaults(title: string, isOurs: (step: Step) => boolean): void {
  const cases = chosenCases().filter(({ step }) => isOurs(step));
  describe.skipIf(cases.length === 0)(title, () => {
    let world: ChaosWorld;
    /** Each flow undisturbed: what stands in the org, and what the store holds otherwise than the org by design. */
    const wanted = new Map<Flow, { readonly state: OrgState; readonly gaps: readonly string[] }>();
    const seen: string[] = [];

    beforeAll(async () => {
      world = await openChaosWorld();
      for (const flow of new Set(cases.map(({ step }) => step.flow))) {
        const { state, error } = await run(world, flow, null);
        if (error !== null) throw error;
        wanted.set(flow, { state, gaps: await world.mirrorGaps() });
      }
    }, 300_000);

    afterAll(async () => {
      const stopped = seen.filter((line) => line.includes("stopped")).length;
      console.log(
        `chaos: ${title}: ${seen.length} cases, ${seen.length - stopped} went through, ${stopped} stopped and went through the second time`,
      );
      if (process.env["RIPELINE_CHAOS_VERBOSE"] !== undefined) console.log(seen.toSorted().join("\n"));
      await world.close();
    });

    it.each(cases)("$name", { timeout: LIFE_MS }, async (one) => {
      const { step } = one;
      const { error, isWaiting, met, state } = await run(world, step.flow, one);
      const end = error === null ? (isWaiting ? "waits" : "through") : codeOf(error);
      seen.push(`${one.name}: ${error === null ? end : `stopped with ${end}: ${error.message}`}`);
      expect(met, "requests that the fault met").toBeGreaterThan(0);
      if (error !== null) expect(error).toBeInstanceOf(RipelineError);
      expect(endsOf(one), error?.message).toContain(end);
      expect(differences(state, wanted.get(step.flow)?.state ?? {})).toEqual([]);
      expect(await world.mirrorGaps()).toEqual(wanted.get(step.flow)?.gaps);
    });
  });
}

/**
 * How the command may end. A sync goes through what passes by itself, and says what waits where the day's calls are
 * spent; what is not a job, or has to be put right, stops with its code.
 */
function endsOf({ fault, step }: Case): readonly string[] {
  const isSync = step.flow === "sync";
  if (fault.ends === "waits") return isSync ? ["waits", ...fault.codes] : fault.codes;
  if (fault.ends === "stops") return fault.codes;
  return isSync ? ["through", ...fault.codes] : ["through", "TRANSIENT_HTTP", "RATE_LIMITED"];
}

interface Ended {
  /** What stopped the first command; null where it went through. */
  readonly error: Error | null;
  /** It went through, but says that something waits for calls. */
  readonly isWaiting: boolean;
  readonly met: number;
  readonly state: OrgState;
}

async function run(world: ChaosWorld, flow: Flow, one: Case | null): Promise<Ended> {
  const start = startOf[flow];
  await world.putBack(start);
  await world.control("faults", { salesforce: { queryPageRows: QUERY_PAGE_ROWS } });
  if (flow === "reconcile") await world.purgeLeads(3);
  let isArmed = false;
  const arm = async (during: Step["during"]): Promise<void> => {
    if (one === null || isArmed || during !== one.step.during) return;
    isArmed = true;
    await strike(world, one, world.now(start));
  };
  /** @returns whether something waits for calls */
  const command = async (): Promise<boolean> => {
    const opened = await world.open({
      route: one?.step.isBulk === true ? BULK_ROUTE : {},
      onStep: arm,
      adjust: (settings) =>
        flow === "sweep"
          ? { ...settings, writeback: { ...settings.writeback, repMetrics: "team_only" } }
          : settings,
    });
    const { app, cycles } = opened;
    try {
      if (flow === "apply") await app.apply({ checkOnly: false });
      if (flow === "sweep") await app.exclusively((signal) => app.sweep(signal));
      if (flow === "reconcile") await app.reconcileInTurn({ acceptVanished: false });
      if (flow === "sync" || flow === "reconcile") {
        const { pull, push } = await cycles.run({ streams: "all", classes: "all" }, () => undefined);
        return pull.quota !== null || push.waiting.length > 0;
      }
      return false;
    } finally {
      await opened.close();
    }
  };
  let error: Error | null = null;
  let isWaiting = false;
  try {
    isWaiting = await command();
  } catch (failure) {
    error = failure instanceof Error ? failure : new Error(String(failure));
  }
  const [met = 0] = await world.faultsMet();
  if (one === null && error !== null) throw error;
  await world.control("faults", { clear: true, ...one?.fault.lift });
  // Stopped, waiting, or with a clock that was off: the command again, as a person or the next minute gives it.
  if (one !== null && (error !== null || isWaiting || /clock/.test(one.fault.name))) await command();
  return { error, isWaiting, met, state: flow === "apply" ? await world.applied() : await world.orgState() };
}

async function strike(world: ChaosWorld, { fault, step }: Case, now: Date): Promise<void> {
  const spec = fault.spec(now);
  if (step.name === "sign-in" && "lift" in fault) {
    // The token endpoint refuses by itself; the fault only counts.
    await world.control("faults", {
      salesforce: { appRevoked: true },
      faults: [{ ...step.meets, setHeaders: {}, times: null }],
    });
    return;
  }
  await world.control("faults", {
    faults: [
      {
        crm: "salesforce",
        ...step.meets,
        ...("nth" in step.meets ? withNth(spec, step.meets["nth"]) : spec),
      },
    ],
  });
}

/** From the nth request on, as many as the fault lasts. */
function withNth(spec: Readonly<Record<string, unknown>>, nth: unknown): Readonly<Record<string, unknown>> {
  const times = typeof spec["times"] === "number" ? spec["times"] : 1;
  return { ...spec, nth: Array.from({ length: times }, (_, index) => Number(nth) + index) };
}

function codeOf(error: Error): string {
  return "code" in error ? String(error.code) : "none";
}
