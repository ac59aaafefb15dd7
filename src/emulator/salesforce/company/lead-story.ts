import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../core/time.ts";
import { awayFromEdges, type Calendar } from "./calendar.ts";
import type { RandomStream } from "./random.ts";
import { LEAD_STATUSES } from "./setup-rows.ts";
import type { Person, Queue, Rep, Staff } from "./staff.ts";
import type { CompanyWorld, LeadStory, Owner, OwnerChange, StatusChange, Touch, TouchKind } from "./story.ts";

const SOURCES_WITHOUT_CAMPAIGN = ["Web", "Web", "Phone Inquiry", "Outbound", "Referral", "Other"] as const;

/** A rep on duty at that time, by share; the jammed one comes up most. */
export function drawRep(staff: Staff, at: number, random: RandomStream, team: number | null): Rep {
  for (let attempt = 0; attempt < 40; attempt += 1) {
    const rep = staff.reps[random.weighted(staff.shares)];
    if (rep !== undefined && rep.from <= at && at < rep.until && (team === null || rep.team === team)) {
      return rep;
    }
  }
  return staff.reps[0];
}

/** People spell sources as they like; some leave them out. */
function spelling(source: string, random: RandomStream): string | null {
  if (random.chance(0.04)) {
    return null;
  }
  return random.chance(0.03) ? source.toLowerCase() : source;
}

function touchKind(random: RandomStream): TouchKind {
  const draw = random.next();
  if (draw < 0.3) return "call";
  if (draw < 0.45) return "dialler";
  if (draw < 0.7) return "mailed";
  if (draw < 0.88) return "email";
  if (draw < 0.92) return "linkedin";
  return "meeting";
}

/** An instant within a day, most of it in office hours. */
export function drawInstant(calendar: Calendar, day: number, random: RandomStream): number {
  const { midnight } = calendar.days[day] ?? { midnight: calendar.now };
  const hour = random.chance(0.8) ? random.between(8, 18.5) : random.between(0, 24);
  const latest = day >= calendar.today ? calendar.now - 5 * MINUTE_MS : Number.POSITIVE_INFINITY;
  const at = midnight + hour * HOUR_MS;
  const drawn = at <= latest ? at : Math.max(midnight, latest - random.between(0, 6) * HOUR_MS);
  return awayFromEdges(drawn, calendar.now);
}

/** A lead of the night the list came in: made and kept by the loader, touched by nobody. */
export function listStory(world: CompanyWorld, random: RandomStream): LeadStory {
  const { calendar, staff, plan } = world;
  const night = calendar.days[Math.max(calendar.today - 12, 0)]?.midnight ?? calendar.now - 12 * DAY_MS;
  return {
    created: night + random.between(180, 205) * MINUTE_MS,
    createdBy: staff.loader,
    firstOwner: staff.loader,
    source: "Purchased List",
    campaign: plan.listCampaign,
    owners: [],
    statuses: [],
    touches: [],
    conversion: null,
    removal: null,
    isAmerican: false,
  };
}

/** The life of a lead created on calendar day `day`. */
export function leadStory(world: CompanyWorld, day: number, random: RandomStream): LeadStory {
  const { calendar, staff, plan } = world;
  const { now } = calendar;
  const created = drawInstant(calendar, day, random);
  const running = plan.byDay[day];
  const campaign =
    random.chance(0.78) && running !== undefined
      ? (running.campaigns[random.weighted(running.totals)] ?? null)
      : null;
  const isOutbound = campaign === null && random.chance(0.35);
  const source = isOutbound
    ? "Outbound"
    : spelling(campaign?.source ?? random.pick(SOURCES_WITHOUT_CAMPAIGN), random);
  const isAmerican =
    campaign?.name.includes("US") === true ||
    campaign?.name.includes("Chicago") === true ||
    random.chance(0.15);

  const owners: OwnerChange[] = [];
  const statuses: StatusChange[] = [];
  const touches: Touch[] = [];
  let owner: Owner;
  let rep: Rep | null = null;
  let handoff = created;
  let status: string = LEAD_STATUSES.fresh;
  let conversion: LeadStory["conversion"] = null;
  let removal: LeadStory["removal"] = null;

  const move = (at: number, to: Owner, by: Person, isAcceptance: boolean): void => {
    owners.push({ at, from: owner, to, by, isAcceptance });
    owner = to;
  };
  const setStatus = (at: number, to: string, by: Person): void => {
    if (to !== status) {
      statuses.push({ at, from: status, to, by });
      status = to;
    }
  };
  const finish = (createdBy: Person, firstOwner: Owner): LeadStory => ({
    created,
    createdBy,
    firstOwner,
    source,
    campaign,
    owners,
    statuses,
    touches,
    conversion,
    removal,
    isAmerican,
  });

  if (isOutbound) {
    // A rep types in somebody just found, and calls within the hour.
    const finder = drawRep(staff, created, random, null);
    const at = calendar.atWork(created, random.next());
    const typed = at < now ? at : created;
    rep = finder;
    owner = finder;
    const story = work(typed, awayFromEdges(typed + random.between(2, 50) * MINUTE_MS, now));
    return { ...story, created: typed, createdBy: finder, firstOwner: finder };
  }

  const manager = random.pick(staff.managers);
  const createdBy = random.chance(0.85) ? staff.robot : staff.marketer;
  const queue: Queue = staff.queues[campaign?.source === "Partner" ? 2 : isAmerican ? 1 : 0];
  const team = isAmerican ? 2 : random.whole(0, 1);
  const goesStraight = random.chance(0.36);
  if (goesStraight) {
    rep = drawRep(staff, created, random, team);
    owner = rep;
  } else {
    owner = queue;
  }
  const firstOwner = owner;

  if (random.chance(0.012)) {
    removal = removed(created + random.skewed(30, 1) * HOUR_MS, "deleted");
    if (removal !== null) return finish(createdBy, firstOwner);
  }
  if (random.chance(0.01)) {
    removal = removed(created + random.skewed(3, 1) * HOUR_MS, "merged");
    if (removal !== null) return finish(createdBy, firstOwner);
  }

  if (rep === null) {
    if (random.chance(0.035)) {
      // Nobody takes it. Most are swept out after a month or two.
      const sweptAt = calendar.atWork(created + random.between(20, 50) * DAY_MS, random.next());
      if (sweptAt < now && random.chance(0.85)) setStatus(sweptAt, LEAD_STATUSES.closed, manager);
      return finish(createdBy, firstOwner);
    }
    const isAcceptance = random.chance(0.4);
    const waited = created + random.skewed(isAcceptance ? 1.4 : 0.25, 1.1) * HOUR_MS;
    handoff = isAcceptance ? calendar.atWork(waited, random.next()) : awayFromEdges(waited, calendar.now);
    if (handoff >= now) return finish(createdBy, firstOwner);
    rep = drawRep(staff, handoff, random, team);
    move(handoff, rep, isAcceptance ? rep : staff.robot, isAcceptance);
  }

  const story = work(handoff, null);
  return { ...story, createdBy, firstOwner };

  function removed(at: number, kind: "deleted" | "merged"): LeadStory["removal"] {
    return at < now - MINUTE_MS ? { at, by: manager, kind } : null;
  }

  /** From the handoff on: tried or left lying, moved on, and ended one way or another. */
  function work(since: number, firstTry: number | null): LeadStory {
    let holder = rep ?? staff.reps[0];
    let start = since;
    let reach =
      firstTry === null ? holder.style.reach - (campaign?.source === "Content Syndication" ? 0.05 : 0) : 1;
    const boss = staff.managers[holder.team] ?? staff.managers[0];
    let tried = firstTry;
    for (let round = 0; tried === null && round < 3; round += 1) {
      if (random.chance(reach)) {
        tried = calendar.atWork(start + random.skewed(holder.style.delay, 0.9) * HOUR_MS, random.next());
        // Who has left calls nobody any more.
        if (tried < holder.until) break;
        tried = null;
      }
      // Nobody called for days; somebody notices and gives it to another rep.
      const movedAt = calendar.atWork(start + random.between(2.5, 7) * DAY_MS, random.next());
      if (!random.chance(0.5)) break;
      if (movedAt >= now) return finish(holder, holder);
      const next = drawRep(staff, movedAt, random, holder.team);
      if (next.id !== holder.id) {
        move(movedAt, next, boss, false);
        holder = next;
      }
      start = movedAt;
      reach = Math.min(0.95, holder.style.reach + 0.05);
    }

    if (tried === null) {
      // Left lying. The manager's clean-up takes nearly all of these, closing what nobody ever called.
      const sweptAt = calendar.atWork(start + random.between(6, 23) * DAY_MS, random.next());
      if (sweptAt < now && random.chance(0.96)) {
        setStatus(sweptAt, random.chance(0.7) ? LEAD_STATUSES.closed : LEAD_STATUSES.nurture, boss);
      }
      return finish(holder, holder);
    }
    if (tried >= now) return finish(holder, holder);

    // One worked lead in fourteen is worked without a trace in the CRM.
    const isLogged = !random.chance(0.07);
    const rounds = 1 + Math.floor(random.skewed(1.35, 0.7));
    let at = tried;
    let last = tried;
    for (let step = 0; step < rounds && at < Math.min(now, holder.until); step += 1) {
      last = at;
      if (isLogged) {
        const kind = touchKind(random);
        touches.push({ at, kind: step === 0 && kind === "meeting" ? "call" : kind, by: holder });
        if (random.chance(0.12)) {
          touches.push({
            at: at + random.between(0.2, 20) * HOUR_MS,
            kind: random.chance(0.7) ? "reply" : "inbound call",
            by: holder,
          });
        }
      }
      if (step === 0 && random.chance(0.93)) setStatus(at, LEAD_STATUSES.working, holder);
      if (step === 0 && random.chance(0.05)) {
        // Territory change in the middle of it.
        const movedAt = calendar.atWork(at + random.between(1, 9) * DAY_MS, random.next());
        const next = drawRep(staff, movedAt, random, null);
        if (movedAt < now && next.id !== holder.id) {
          move(movedAt, next, boss, false);
          holder = next;
          at = movedAt;
        }
      }
      at = calendar.atWork(at + random.skewed(3.2, 0.6) * DAY_MS, random.next());
    }
    if (at < now) end(holder, boss, last);
    return finish(holder, holder);
  }

  function end(holder: Rep, boss: Person, last: number): void {
    const decided = calendar.atWork(last + random.skewed(1.2, 0.9) * DAY_MS, random.next());
    const wins = Math.min(0.6, (campaign?.conversion ?? 0.13) * holder.style.skill * 0.9);
    const draw = decided < holder.until ? random.next() : 1;
    if (draw < wins) {
      if (decided < now) {
        conversion = { at: decided, rep: holder };
        setStatus(decided, LEAD_STATUSES.converted, holder);
      }
    } else if (draw < wins + 0.42) {
      if (decided < now)
        setStatus(decided, random.chance(0.75) ? LEAD_STATUSES.unqualified : LEAD_STATUSES.closed, holder);
    } else if (draw < wins + 0.58) {
      if (decided < now) setStatus(decided, LEAD_STATUSES.nurture, holder);
    } else {
      // It goes cold, and is swept out a good month later.
      const sweptAt = calendar.atWork(last + random.between(15, 27) * DAY_MS, random.next());
      if (sweptAt < now && random.chance(0.95)) setStatus(sweptAt, LEAD_STATUSES.closed, boss);
    }
  }
}
