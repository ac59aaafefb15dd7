import { asNumber, asText, type Expression, type Run, wrongType } from "./expression.ts";
import { at, type FormulaFunction } from "./function-kit.ts";
import { dateText, spokenInstant, timeText } from "./temporal.ts";

/** Text from texts. */
function textual(
  count: number,
  compute: (first: string, second: string, third: string) => string,
): FormulaFunction {
  return {
    min: count,
    max: count,
    compile: (args, where) => {
      const [first, second, third] = [0, 1, 2].map((index) => asText(at(args, index), where));
      return {
        type: "text",
        run: (e) => compute(first?.(e) ?? "", second?.(e) ?? "", third?.(e) ?? ""),
      };
    },
  };
}

const textTest = (holds: (text: string, part: string) => boolean): FormulaFunction => ({
  min: 2,
  max: 2,
  compile: (args, where) => {
    const text = asText(at(args, 0), where);
    const part = asText(at(args, 1), where);
    return { type: "checkbox", run: (e) => holds(text(e), part(e)) };
  },
});

/** Text cut or padded by numbers; a blank number makes blank text. */
function cut(
  count: number,
  compute: (text: string, first: number, second: number) => string,
): FormulaFunction {
  return {
    min: count,
    max: count,
    compile: (args, where) => {
      const text = asText(at(args, 0), where);
      const first = asNumber(at(args, 1), where);
      const second = asNumber(at(args, 2), where);
      return {
        type: "text",
        run: (e) => {
          const a = first(e);
          const b = count === 3 ? second(e) : 0;
          return a === null || b === null
            ? ""
            : compute(text(e), Math.max(0, Math.trunc(a)), Math.max(0, Math.trunc(b)));
        },
      };
    },
  };
}

function pad(text: string, length: number, filler: string, side: "left" | "right"): string {
  if (text.length >= length) {
    return text.slice(0, length);
  }
  return side === "left" ? text.padStart(length, filler) : text.padEnd(length, filler);
}

const padding = (side: "left" | "right"): FormulaFunction => ({
  min: 2,
  max: 3,
  compile: (args, where) => {
    const text = asText(at(args, 0), where);
    const length = asNumber(at(args, 1), where);
    const filler = args.length > 2 ? asText(at(args, 2), where) : () => " ";
    return { type: "text", run: (e) => pad(text(e), Math.trunc(length(e) ?? 0), filler(e), side) };
  },
});

const toText: FormulaFunction = {
  min: 1,
  max: 1,
  compile: (args, where) => {
    const value = at(args, 0);
    const spell = (run: Run<number | null>, print: (value: number) => string): Expression => ({
      type: "text",
      run: (e) => {
        const read = run(e);
        return read === null ? "" : print(read);
      },
    });
    switch (value.type) {
      case "number":
        return spell(value.run, String);
      case "date":
        return spell(value.run, dateText);
      case "datetime":
        return spell(value.run, spokenInstant);
      case "time":
        return spell(value.run, timeText);
      case "picklist":
        return { type: "text", run: value.run };
      case "null":
        return { type: "text", run: () => "" };
      case "text":
      case "checkbox":
      case "multipicklist":
        throw wrongType(where, "Number, Date, DateTime, Picklist", value);
    }
  },
};

const SUFFIX_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/** The 18-character form of a 15-character id; other text comes back as it was. */
function caseSafe(id: string): string {
  if (id.length !== 15) {
    return id;
  }
  let suffix = "";
  for (let block = 0; block < 3; block += 1) {
    let bits = 0;
    for (let place = 0; place < 5; place += 1) {
      const letter = id.charAt(block * 5 + place);
      if (letter >= "A" && letter <= "Z") {
        bits |= 1 << place;
      }
    }
    suffix += SUFFIX_ALPHABET.charAt(bits);
  }
  return id + suffix;
}

const NUMBER_TEXT = /^\s*[-+]?(\d+\.?\d*|\.\d+)\s*$/;

const image: FormulaFunction = {
  min: 2,
  max: 4,
  compile: (args, where) => {
    const url = asText(at(args, 0), where);
    const alternate = asText(at(args, 1), where);
    const height = asNumber(at(args, 2), where);
    const width = asNumber(at(args, 3), where);
    const sized = args.length > 2;
    return {
      type: "text",
      run: (e) => {
        const style = sized ? ` style="height:${height(e) ?? 0}px; width:${width(e) ?? 0}px;"` : "";
        return `<img src="${url(e)}" alt="${alternate(e)}"${style} border="0"/>`;
      },
    };
  },
};

const hyperlink: FormulaFunction = {
  min: 2,
  max: 3,
  compile: (args, where) => {
    const url = asText(at(args, 0), where);
    const label = asText(at(args, 1), where);
    const target = args.length > 2 ? asText(at(args, 2), where) : () => "_blank";
    return { type: "text", run: (e) => `<a href="${url(e)}" target="${target(e)}">${label(e)}</a>` };
  },
};

const find: FormulaFunction = {
  min: 2,
  max: 3,
  compile: (args, where) => {
    const needle = asText(at(args, 0), where);
    const text = asText(at(args, 1), where);
    const start = args.length > 2 ? asNumber(at(args, 2), where) : () => 1;
    return {
      type: "number",
      run: (e) => {
        const from = start(e) ?? 0;
        const wanted = needle(e);
        return from <= 0 || wanted === "" ? 0 : text(e).indexOf(wanted, from - 1) + 1;
      },
    };
  },
};

/** Text, and what is read from it or turned into it. */
export const TEXT_FUNCTIONS: readonly (readonly [string, FormulaFunction])[] = [
  ["text", toText],
  [
    "value",
    {
      min: 1,
      max: 1,
      compile: (args, where) => {
        const text = asText(at(args, 0), where);
        return {
          type: "number",
          run: (e) => {
            const read = text(e);
            return NUMBER_TEXT.test(read) ? Number(read) : null;
          },
        };
      },
    },
  ],
  [
    "isnumber",
    {
      min: 1,
      max: 1,
      compile: (args, where) => {
        const text = asText(at(args, 0), where);
        return { type: "checkbox", run: (e) => NUMBER_TEXT.test(text(e)) };
      },
    },
  ],
  ["casesafeid", textual(1, caseSafe)],
  ["image", image],
  ["hyperlink", hyperlink],
  [
    "len",
    {
      min: 1,
      max: 1,
      compile: (args, where) => {
        const text = asText(at(args, 0), where);
        return { type: "number", run: (e) => text(e).length };
      },
    },
  ],
  ["left", cut(2, (text, count) => text.slice(0, count))],
  ["right", cut(2, (text, count) => text.slice(Math.max(0, text.length - count)))],
  ["mid", cut(3, (text, start, count) => text.slice(Math.max(0, start - 1), Math.max(0, start - 1) + count))],
  ["find", find],
  ["contains", textTest((text, wanted) => text.includes(wanted))],
  ["begins", textTest((text, wanted) => text.startsWith(wanted))],
  ["upper", textual(1, (text) => text.toUpperCase())],
  ["lower", textual(1, (text) => text.toLowerCase())],
  ["trim", textual(1, (text) => text.trim())],
  ["substitute", textual(3, (text, old, fresh) => (old === "" ? text : text.replaceAll(old, () => fresh)))],
  ["lpad", padding("left")],
  ["rpad", padding("right")],
  ["br", { min: 0, max: 0, compile: () => ({ type: "text", run: () => "\n" }) }],
];
