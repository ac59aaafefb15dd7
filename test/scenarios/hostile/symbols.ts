/** `lead:H02-g`, 1, 201, 3: lead:H02-g001 to lead:H02-g201. */
export function numbered(prefix: string, from: number, to: number, digits: number): readonly string[] {
  return Array.from(
    { length: to - from + 1 },
    (_, index) => prefix + String(from + index).padStart(digits, "0"),
  );
}

/** `lead:H04-`, "abc": lead:H04-a, lead:H04-b, lead:H04-c. */
export function symbols(prefix: string, letters: string): readonly string[] {
  return Array.from(letters, (letter) => prefix + letter);
}
