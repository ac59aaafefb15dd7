import { DAY_MS } from "../../../core/time.ts";
import type { FieldValues } from "../org.ts";
import { addTouch } from "./activity-rows.ts";
import { type Calendar, dateText, instantText } from "./calendar.ts";
import type { RandomStream } from "./random.ts";
import type { RowBuffer } from "./row-buffer.ts";
import { STAGES, type Stage, USD_PER_EUR } from "./setup-rows.ts";
import type { Person, Staff } from "./staff.ts";
import type { TouchKind } from "./story.ts";

export interface OpportunitySeed {
  readonly id: string;
  readonly at: number;
  readonly owner: Person;
  readonly accountId: string;
  readonly accountName: string;
  readonly contactId: string;
  readonly contactEmail: string;
  readonly type: string | null;
  readonly source: string | null;
  readonly campaignId: string | null;
  /** Median amount in EUR. */
  readonly amount: number;
  readonly winRate: number;
  readonly currency: "EUR" | "USD";
  readonly hasContactRole: boolean;
}

const [QUALIFICATION, NEEDS, PROPOSAL, NEGOTIATION, WON, LOST] = STAGES;
const PRODUCTS = [
  "Line monitor",
  "Maintenance plan",
  "Sensor kit",
  "Spare parts contract",
  "Energy audit",
] as const;
const TOUCHES: readonly [TouchKind, ...TouchKind[]] = ["call", "mailed", "meeting", "email", "cancelled"];

/** Stages an opportunity goes through and when, the first at its creation; those after `now` are still to come. */
export function stagePath(
  seed: Pick<OpportunitySeed, "at" | "winRate">,
  random: RandomStream,
  calendar: Calendar,
): readonly { at: number; stage: Stage }[] {
  const length = random.skewed(44, 0.55) * DAY_MS;
  const isStuck = random.chance(0.07);
  const wins = random.chance(seed.winRate);
  const open = [QUALIFICATION, NEEDS, PROPOSAL, NEGOTIATION];
  const steps = wins ? 4 : random.whole(1, 4);
  const path: { at: number; stage: Stage }[] = [];
  for (let step = 0; step < steps; step += 1) {
    const stage = open[step];
    if (stage !== undefined) path.push({ at: seed.at + (length * step) / (steps + 0.6), stage });
  }
  if (!isStuck) path.push({ at: seed.at + length, stage: wins ? WON : LOST });
  return path
    .map(({ at, stage }, step) => ({ at: step === 0 ? at : calendar.atWork(at, random.next()), stage }))
    .filter(({ at }, step) => step === 0 || at < calendar.now);
}

/** Records of one opportunity: itself, its history, its contact role, and what the rep did for it. */
export function addOpportunity(
  rows: RowBuffer,
  seed: OpportunitySeed,
  world: { readonly calendar: Calendar; readonly staff: Staff },
  random: RandomStream,
): void {
  const { calendar, staff } = world;
  const path = stagePath(seed, random, calendar);
  const last = path.at(-1) ?? { at: seed.at, stage: QUALIFICATION };
  const rate = seed.currency === "USD" ? USD_PER_EUR : 1;
  const asked = Math.round((random.skewed(seed.amount, 0.45) * rate) / 10) * 10;
  const offered = Math.max(10, Math.round((asked * random.between(0.75, 1.15)) / 10) * 10);
  // Some reps never enter what it is worth.
  const hasAmount = !random.chance(0.05);
  const expected = dateText(seed.at + 45 * DAY_MS);
  const closeDate = (stage: Stage, at: number): string =>
    stage.isClosed ? (calendar.days[calendar.dayOf(at)]?.date ?? dateText(at)) : expected;

  let amount: number | null = null;
  let close = expected;
  for (const { at, stage } of path) {
    const nextAmount: number | null = hasAmount
      ? stage === QUALIFICATION || stage === NEEDS || amount === null
        ? asked
        : offered
      : null;
    const nextClose = closeDate(stage, at);
    const stamp = instantText(at);
    rows.add("OpportunityHistory", {
      OpportunityId: seed.id,
      StageName: stage.name,
      Amount: nextAmount,
      ExpectedRevenue: nextAmount === null ? null : (nextAmount * stage.probability) / 100,
      Probability: stage.probability,
      ForecastCategory: stage.forecast,
      CloseDate: nextClose,
      PrevAmount: amount === nextAmount ? null : amount,
      PrevCloseDate: close === nextClose ? null : close,
      CurrencyIsoCode: seed.currency,
      CreatedById: seed.owner.id,
      CreatedDate: stamp,
      SystemModstamp: stamp,
    });
    amount = nextAmount;
    close = nextClose;
    if (at > seed.at && random.chance(0.75)) {
      const touchAt = at - random.between(0.1, 1) * DAY_MS;
      if (touchAt > seed.at) {
        addTouch(
          rows,
          { at: touchAt, kind: random.pick(TOUCHES), by: seed.owner },
          {
            whoId: seed.contactId,
            whoType: "Contact",
            email: seed.contactEmail,
            whatId: seed.id,
            accountId: seed.accountId,
          },
          staff,
          random,
        );
      }
    }
  }

  const created = instantText(seed.at);
  const changed = instantText(last.at);
  rows.addWithId("Opportunity", seed.id, {
    Name: `${seed.accountName} - ${random.pick(PRODUCTS)}`.slice(0, 120),
    AccountId: seed.accountId,
    ContactId: seed.hasContactRole ? seed.contactId : null,
    OwnerId: seed.owner.id,
    StageName: last.stage.name,
    IsClosed: last.stage.isClosed,
    IsWon: last.stage.isWon,
    Probability: last.stage.probability,
    ForecastCategory: last.stage.forecast,
    Amount: amount,
    CurrencyIsoCode: seed.currency,
    CloseDate: close,
    Type: seed.type,
    LeadSource: seed.source,
    CampaignId: seed.campaignId,
    LastStageChangeDate: path.length > 1 ? changed : null,
    CreatedDate: created,
    CreatedById: seed.owner.id,
    LastModifiedDate: changed,
    LastModifiedById: seed.owner.id,
    SystemModstamp: changed,
  });
  if (seed.hasContactRole) {
    const role: FieldValues = {
      OpportunityId: seed.id,
      ContactId: seed.contactId,
      Role: random.pick(["Decision Maker", "Evaluator", "Business User"]),
      IsPrimary: true,
      CurrencyIsoCode: seed.currency,
    };
    rows.add("OpportunityContactRole", {
      ...role,
      CreatedDate: created,
      CreatedById: seed.owner.id,
      LastModifiedDate: created,
      LastModifiedById: seed.owner.id,
      SystemModstamp: created,
    });
  }
}
