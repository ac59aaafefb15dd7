const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/** Key prefixes of the standard objects the start companies bring. */
const KEY_PREFIXES = {
  Account: "001",
  BusinessHours: "01m",
  Campaign: "701",
  CampaignMember: "00v",
  CampaignMemberStatus: "01Y",
  Contact: "003",
  CurrencyType: "01L",
  EmailMessage: "02s",
  EmailMessageRelation: "0de",
  Event: "00U",
  Group: "00G",
  GroupMember: "011",
  Holiday: "0C0",
  Lead: "00Q",
  LeadHistory: "017",
  LeadStatus: "01J",
  Opportunity: "006",
  OpportunityContactRole: "00K",
  OpportunityHistory: "008",
  OpportunityStage: "01J",
  Profile: "00e",
  Task: "00T",
  User: "005",
  UserLicense: "100",
  UserRole: "00E",
} as const;

export type CompanyObject = keyof typeof KEY_PREFIXES;

/** Three check characters over the capitals of each block of five, as in every 18-character id. */
function checksum(id: string): string {
  let suffix = "";
  for (let block = 0; block < 15; block += 5) {
    let bits = 0;
    for (let place = 0; place < 5; place += 1) {
      const code = id.charCodeAt(block + place);
      if (code >= 65 && code <= 90) {
        bits |= 1 << place;
      }
    }
    suffix += CHECK.charAt(bits);
  }
  return suffix;
}

/**
 * The 18-character id of the nth record of an object. `pod` (four characters) keeps ids of one company apart from those
 * the org makes itself.
 */
export function recordId(object: CompanyObject, sequence: number, pod = "8d00"): string {
  let rest = sequence;
  let tail = "";
  for (let place = 0; place < 8; place += 1) {
    tail = DIGITS.charAt(rest % 62) + tail;
    rest = Math.floor(rest / 62);
  }
  const id = KEY_PREFIXES[object] + pod + tail;
  return id + checksum(id);
}

/** Hands out the ids of one object in order. */
export function idSequence(object: CompanyObject, pod?: string): () => string {
  let sequence = 0;
  return () => {
    sequence += 1;
    return recordId(object, sequence, pod);
  };
}
