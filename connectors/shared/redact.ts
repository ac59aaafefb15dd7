const MAX_WORDS = 300;

const secrets: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [^-]+-----[\s\S]*?(?:-----END [^-]+-----|$)/g, "(key)"],
  [/\b00D\w{12,15}![\w.]+/g, "(token)"],
  [/\bpat-[a-z]{2}\d-[\w-]+/g, "(token)"],
  [/\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?/g, "(token)"],
  [/\bBearer\s+\S+/gi, "Bearer (token)"],
  [/\b5Aep\w{6,}[\w.]*/g, "(token)"],
  [
    /\b(assertion|client_secret|refresh_token|access_token|password|code|code_verifier)=[^&\s"]+/gi,
    "$1=(hidden)",
  ],
  [/[^\s@'"<>,;:()[\]]+@[^\s@'"<>,;:()[\]]+\.[a-z]{2,}/gi, "(e-mail)"],
];

/**
 * Text from outside made fit for an error or a log: tokens, keys and e-mail addresses replaced, white space folded, at
 * most 300 characters. A vendor's refusal otherwise keeps its words, since an admin wrote them to be read.
 */
export function redact(text: string): string {
  const clean = secrets.reduce((rest, [pattern, mark]) => rest.replaceAll(pattern, mark), text);
  const folded = clean.replaceAll(/\s+/g, " ").trim();
  return folded.length > MAX_WORDS ? `${folded.slice(0, MAX_WORDS)}…` : folded;
}
