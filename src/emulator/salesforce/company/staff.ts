import type { FieldValues } from "../org.ts";
import { instantText } from "./calendar.ts";
import type { Licenses } from "./licenses.ts";
import { FIRST_NAMES, LAST_NAMES } from "./names.ts";
import { cumulate, RandomStream } from "./random.ts";
import { idSequence, recordId } from "./record-ids.ts";

/**
 * How a rep works. `reach`: share of handoffs they ever touch; `delay`: median hours from handoff to the first try.
 * The jammed one gets three times the leads of the others and is drowning.
 */
export interface RepStyle {
  readonly name: "fast" | "steady" | "slow" | "leaky" | "jammed";
  readonly reach: number;
  readonly delay: number;
  readonly share: number;
  /** Multiplies a campaign's conversion. */
  readonly skill: number;
}

const FAST: RepStyle = { name: "fast", reach: 0.985, delay: 1.2, share: 1, skill: 1.25 };
const STEADY: RepStyle = { name: "steady", reach: 0.96, delay: 3.5, share: 1, skill: 1 };
const SLOW: RepStyle = { name: "slow", reach: 0.94, delay: 8, share: 0.9, skill: 0.9 };
const LEAKY: RepStyle = { name: "leaky", reach: 0.83, delay: 10, share: 1, skill: 0.8 };
const JAMMED: RepStyle = { name: "jammed", reach: 0.7, delay: 20, share: 2.6, skill: 0.85 };
/** Repeats every twelve reps, but only the first round has a jammed one. */
const STYLES: readonly RepStyle[] = [
  STEADY,
  FAST,
  STEADY,
  JAMMED,
  SLOW,
  STEADY,
  FAST,
  LEAKY,
  STEADY,
  SLOW,
  STEADY,
  FAST,
];

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

export interface Rep extends Person {
  readonly style: RepStyle;
  readonly team: number;
  /** Milliseconds; leads are handed over only between these. */
  readonly from: number;
  readonly until: number;
}

export interface Queue {
  readonly id: string;
  readonly name: string;
}

export interface Staff {
  readonly reps: readonly [Rep, ...Rep[]];
  /** Running totals of the reps' shares: who is on duty is checked by those who draw. */
  readonly shares: readonly number[];
  readonly managers: readonly [Person, ...Person[]];
  readonly marketer: Person;
  /** The website's and the dialler's integration user: Salesforce Integration licence, API only. */
  readonly robot: Person;
  /** A person's licence used by a list loader: creates and keeps hundreds of leads. Known by its numbers only. */
  readonly loader: Person;
  readonly queues: readonly [Queue, Queue, Queue];
  readonly rows: {
    readonly profiles: readonly FieldValues[];
    readonly roles: readonly FieldValues[];
    readonly users: readonly FieldValues[];
    readonly groups: readonly FieldValues[];
    readonly members: readonly FieldValues[];
    readonly queueObjects: readonly FieldValues[];
  };
}

export const TEAMS = ["Team North", "Team South", "Team Americas"] as const;

/** A team is three reps or more: below that nothing can be said of how work is spread over it. */
const SMALLEST_TEAM = 3;

/** Twelve reps at 5,000 leads, more than twice that at 20,000, about 190 at 200,000. */
export function repCount(leads: number): number {
  return Math.max(6, Math.round(12 * (leads / 5_000) ** 0.75));
}

const asciiSlug = (text: string): string => text.toLowerCase().replace(/[^a-z]+/g, ".");

/**
 * The people of the sales floor and the machines that write beside them.
 * @param start first instant of the company's history; @param now last one, both in milliseconds
 */
export function hireStaff(options: {
  readonly leads: number;
  readonly seed: number;
  readonly start: number;
  readonly now: number;
  readonly licenses: Licenses;
}): Staff {
  const { leads, seed, start, now, licenses } = options;
  const random = new RandomStream(seed, 1);
  const nextUser = idSequence("User");
  const nextRole = idSequence("UserRole");
  const nextProfile = idSequence("Profile");
  const stamp = instantText(start);
  const taken = new Set<string>();

  const profile = {
    sales: nextProfile(),
    manager: nextProfile(),
    marketing: nextProfile(),
    integration: nextProfile(),
  };
  const profiles: FieldValues[] = [
    { Id: profile.sales, Name: "Sales Rep", UserType: "Standard", UserLicenseId: licenses.sales },
    { Id: profile.manager, Name: "Sales Manager", UserType: "Standard", UserLicenseId: licenses.sales },
    {
      Id: profile.marketing,
      Name: "Marketing Operations",
      UserType: "Standard",
      UserLicenseId: licenses.sales,
    },
    {
      Id: profile.integration,
      Name: "Website Integration",
      UserType: "Standard",
      UserLicenseId: licenses.integration,
      PermissionsApiEnabled: true,
      PermissionsApiUserOnly: true,
    },
  ];

  const roles: FieldValues[] = [];
  const addRole = (name: string, parent: string | null): string => {
    const id = nextRole();
    roles.push({ Id: id, Name: name, DeveloperName: name.replaceAll(" ", "_"), ParentRoleId: parent });
    return id;
  };
  const chief = addRole("Chief Executive", null);
  const salesHead = addRole("Head of Sales", chief);
  const marketing = addRole("Marketing", chief);
  const count = repCount(leads);
  const teams = TEAMS.slice(0, Math.floor(count / SMALLEST_TEAM)).map((team) => {
    const lead = addRole(`${team} Lead`, salesHead);
    return { name: team, lead, member: addRole(`${team} Reps`, lead) };
  });

  const users: FieldValues[] = [];
  const hire = (job: {
    readonly profile: string;
    readonly role: string | null;
    readonly title: string;
    readonly manager: string | null;
    readonly name?: string;
    readonly since?: number;
    readonly isActive?: boolean;
  }): Person => {
    let name = job.name;
    while (name === undefined || (job.name === undefined && taken.has(name))) {
      name = `${random.pick(FIRST_NAMES)} ${random.pick(LAST_NAMES)}`;
      // Beyond a few thousand people names repeat; then a middle initial tells them apart.
      if (taken.has(name) && taken.size > 2_000) {
        name = name.replace(" ", ` ${String.fromCharCode(65 + random.whole(0, 25))}. `);
      }
    }
    taken.add(name);
    const id = nextUser();
    const [first = "", ...rest] = name.split(" ");
    const email = `${asciiSlug(name)}@alderworks.example`;
    const created = job.since === undefined ? stamp : instantText(job.since);
    users.push({
      Id: id,
      Username: email,
      FirstName: first,
      LastName: rest.join(" "),
      Email: email,
      Alias: asciiSlug(name).replaceAll(".", "").slice(0, 8),
      Title: job.title,
      IsActive: job.isActive ?? true,
      UserType: "Standard",
      ProfileId: job.profile,
      UserRoleId: job.role,
      ManagerId: job.manager,
      TimeZoneSidKey: "Europe/Berlin",
      LocaleSidKey: "en_GB",
      EmailEncodingKey: "UTF-8",
      LanguageLocaleKey: "en_US",
      CreatedDate: created,
      LastModifiedDate: created,
      SystemModstamp: created,
    });
    return { id, name, email };
  };

  const head = hire({ profile: profile.manager, role: salesHead, title: "Head of Sales", manager: null });
  const managers = teams.map((team) =>
    hire({ profile: profile.manager, role: team.lead, title: `Lead of ${team.name}`, manager: head.id }),
  );
  const marketer = hire({
    profile: profile.marketing,
    role: marketing,
    title: "Marketing Operations Manager",
    manager: null,
  });
  hire({ profile: profile.marketing, role: marketing, title: "Campaign Manager", manager: marketer.id });
  const robot = hire({
    profile: profile.integration,
    role: null,
    title: "Integration user",
    manager: null,
    name: "Website Sync",
  });
  const loader = hire({
    profile: profile.marketing,
    role: marketing,
    title: "List loader",
    manager: null,
    name: "Data Loader",
  });

  const year = now - start;
  const reps: Rep[] = [];
  // Two more who left: their leads of the time before are still theirs.
  for (let index = 0; index < count + 2; index += 1) {
    const hasLeft = index >= count;
    const team = index % teams.length;
    const base = STYLES[index % STYLES.length] ?? STEADY;
    const style = hasLeft || (base === JAMMED && index >= STYLES.length) ? STEADY : base;
    // One rep in nine came during the year.
    const from = !hasLeft && index % 9 === 8 ? start + year * random.between(0.3, 0.7) : start;
    // One left in winter, one four weeks ago, with leads still in hand.
    const until = !hasLeft
      ? Number.POSITIVE_INFINITY
      : index === count
        ? start + year * 0.6
        : now - year * 0.07;
    const person = hire({
      profile: profile.sales,
      role: teams[team]?.member ?? null,
      title: "Sales Representative",
      manager: managers[team]?.id ?? null,
      since: from,
      isActive: !hasLeft,
    });
    reps.push({ ...person, style, team, from, until });
  }

  const queueNames = ["Inbound Europe", "Inbound Americas", "Partner leads"] as const;
  const queue = (index: 0 | 1 | 2): Queue => ({ id: recordId("Group", index + 1), name: queueNames[index] });
  const queues = [queue(0), queue(1), queue(2)] as const;
  const nextMember = idSequence("GroupMember");
  const [firstRep, ...otherReps] = reps;
  const [firstManager, ...otherManagers] = managers;
  if (firstRep === undefined || firstManager === undefined) {
    throw new Error("The company has no reps or managers: repCount and TEAMS must not be empty.");
  }
  return {
    reps: [firstRep, ...otherReps],
    shares: cumulate(reps.map((rep) => rep.style.share)),
    managers: [firstManager, ...otherManagers],
    marketer,
    robot,
    loader,
    queues,
    rows: {
      profiles,
      roles,
      users,
      groups: queues.map(({ id, name }) => ({
        Id: id,
        Name: name,
        DeveloperName: name.replaceAll(" ", "_"),
        Type: "Queue",
      })),
      members: reps.map((rep) => ({
        Id: nextMember(),
        GroupId: queues[rep.team === 2 ? 1 : 0].id,
        UserOrGroupId: rep.id,
      })),
      queueObjects: queues.map(({ id }) => ({ QueueId: id, SobjectType: "Lead" })),
    },
  };
}
