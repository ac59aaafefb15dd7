/** Where a name stands beside its dot. */
export type LabelPlace = "right" | "left" | "top" | "bottom";

export interface Dot {
  /** Pixels from the left edge of the drawing and from its top. */
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly text: string;
  /** A name that must be shown, even over something else. */
  readonly isWanted: boolean;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Letters of 11 to 12 pixels are about this wide, and lines of them this high. */
const LETTER_WIDTH = 6.2;
const LINE_HEIGHT = 14;
const GAP = 6;

/**
 * A place for each dot's name where it covers neither a dot nor another name; wanted names choose first. Null: there is
 * no such place, and the name is left to the table.
 *
 * @param bounds width and height of the drawing in pixels
 * @param longest widest name in pixels; longer ones are cut there
 */
export function placeLabels(
  dots: readonly Dot[],
  bounds: { readonly width: number; readonly height: number },
  longest: number,
): readonly (LabelPlace | null)[] {
  const taken: Box[] = dots.map(dotBox);
  const places: (LabelPlace | null)[] = dots.map(() => null);
  const order = [...dots.entries()].toSorted(([, a], [, b]) => Number(b.isWanted) - Number(a.isWanted));
  for (const [index, dot] of order) {
    const options = (["right", "left", "top", "bottom"] as const).map((place) => ({
      place,
      box: labelBox(dot, place, Math.min(longest, dot.text.length * LETTER_WIDTH)),
    }));
    const inside = options.filter(({ box }) => isInside(box, bounds));
    const free = inside.find(({ box }) => !taken.some((other) => overlaps(box, other)));
    const chosen = free ?? (dot.isWanted ? (inside[0] ?? options[0]) : undefined);
    if (chosen === undefined) continue;
    places[index] = chosen.place;
    taken.push(chosen.box);
  }
  return places;
}

function dotBox({ x, y, radius }: Dot): Box {
  return { left: x - radius, right: x + radius, top: y - radius, bottom: y + radius };
}

function labelBox({ x, y, radius }: Dot, place: LabelPlace, width: number): Box {
  const away = radius + GAP;
  const middle = { top: y - LINE_HEIGHT / 2, bottom: y + LINE_HEIGHT / 2 };
  const centre = { left: x - width / 2, right: x + width / 2 };
  switch (place) {
    case "right":
      return { left: x + away, right: x + away + width, ...middle };
    case "left":
      return { left: x - away - width, right: x - away, ...middle };
    case "top":
      return { ...centre, top: y - away - LINE_HEIGHT, bottom: y - away };
    case "bottom":
      return { ...centre, top: y + away, bottom: y + away + LINE_HEIGHT };
  }
}

function isInside(box: Box, bounds: { readonly width: number; readonly height: number }): boolean {
  return box.left >= 0 && box.right <= bounds.width && box.top >= 0 && box.bottom <= bounds.height;
}

function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
