/** Salesforce record ids: 15 case-sensitive characters of base 62, or 18 with a checksum that survives case folding. */

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
const ID_SHAPE = /^[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?$/;

/** Characters before the running number: key prefix (3), then what a real org fills with its pod and reserve. */
export const HEAD_LENGTH = 7;
const TAIL_LENGTH = 8;
const OWN_FILLER = "Rp00";

const digitOf = new Int8Array(128).fill(-1);
for (let index = 0; index < DIGITS.length; index++) digitOf[DIGITS.charCodeAt(index)] = index;

/** 18 characters for a 15 or 18 character id; undefined for anything else. The given checksum is not trusted. */
export function toId18(text: string): string | undefined {
  if (!ID_SHAPE.test(text)) return undefined;
  return completeId(text.slice(0, 15));
}

export function completeId(id15: string): string {
  let suffix = "";
  for (let block = 0; block < 3; block++) {
    let bits = 0;
    for (let position = 0; position < 5; position++) {
      const code = id15.charCodeAt(block * 5 + position);
      if (code >= 65 && code <= 90) bits |= 1 << position;
    }
    suffix += CHECK.charAt(bits);
  }
  return id15 + suffix;
}

/** The last eight characters as a number below 62^8 (2^47.6): exact in a double, and in the id's own order. */
export function tailOf(id: string): number {
  let tail = 0;
  for (let index = HEAD_LENGTH; index < HEAD_LENGTH + TAIL_LENGTH; index++) {
    tail = tail * 62 + (digitOf[id.charCodeAt(index)] ?? 0);
  }
  return tail;
}

export function tailText(tail: number): string {
  let rest = tail;
  let text = "";
  for (let index = 0; index < TAIL_LENGTH; index++) {
    const digit = rest % 62;
    text = DIGITS.charAt(digit) + text;
    rest = (rest - digit) / 62;
  }
  return text;
}

/** An id of the emulator's own making. */
export function makeId(prefix: string, sequence: number): string {
  return completeId(prefix + OWN_FILLER + tailText(sequence));
}

/** Key prefix of the nth custom object: a00, a01, ... a0Z, a10 and so on. */
export function customPrefix(index: number): string {
  return `a${DIGITS.charAt(Math.floor(index / 36))}${DIGITS.charAt(index % 36)}`;
}
