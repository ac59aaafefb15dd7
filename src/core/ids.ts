/** Salesforce ids: 15 characters are case-sensitive; the 18-character form adds three that make it case-safe. */

const SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/**
 * The 18-character form of a record id. An id that already has 18 characters comes back as it is.
 * @throws RangeError for anything that is no id
 */
export function salesforceId(id: string): string {
  if (!/^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$/.test(id)) {
    throw new RangeError(`not a Salesforce id: ${JSON.stringify(id)} (15 or 18 letters and digits expected)`);
  }
  if (id.length === 18) return id;
  const suffix = [0, 5, 10].map((start) => {
    let bits = 0;
    for (let index = 0; index < 5; index += 1) {
      const character = id.charAt(start + index);
      if (character >= "A" && character <= "Z") bits |= 1 << index;
    }
    return SUFFIX.charAt(bits);
  });
  return id + suffix.join("");
}
