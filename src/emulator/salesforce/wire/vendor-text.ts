const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/** The three characters that make a 15-character id safe where case is lost. */
function checkCharacters(id15: string): string {
  let out = "";
  for (let block = 0; block < 3; block += 1) {
    let bits = 0;
    for (let place = 0; place < 5; place += 1) {
      const letter = id15.charAt(block * 5 + place);
      if (letter >= "A" && letter <= "Z") bits += 1 << place;
    }
    out += CHECK.charAt(bits);
  }
  return out;
}

/** An 18-character id: key prefix, pod, number in base 62, check characters. */
export function vendorId(prefix: string, number: number): string {
  let digits = "";
  for (let rest = number; digits.length < 9; rest = Math.floor(rest / 62))
    digits = ALPHABET.charAt(rest % 62) + digits;
  const id15 = `${prefix}RL0${digits}`;
  return id15 + checkCharacters(id15);
}

/** The vendor's form of an instant: UTC, milliseconds, zone without a colon. */
export const vendorInstant = (instant: Date) => instant.toISOString().replace("Z", "+0000");

/** A text as a SOQL literal. */
export const soqlText = (value: string) =>
  `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n")}'`;
