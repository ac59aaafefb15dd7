/** An axis as the chart library takes it. */
export interface AxisRange {
  readonly type: "value" | "log";
  readonly min: number;
  readonly max: number;
  readonly logBase: number;
  readonly splitNumber: number;
}

/** From this ratio of the largest to the smallest value on, a straight scale would push most campaigns into a corner. */
const LOG_FROM = 12;
/** Doublings read well for money: $1, $2, $4, $8. */
const LOG_BASE = 2;

/**
 * A range that holds the values with a little room. Straight scales begin at 0, so that twice the distance is twice the
 * value; values that span more than an order of magnitude get a scale of doublings.
 */
export function axisRange(values: readonly number[]): AxisRange {
  const largest = Math.max(...values, 0);
  const smallest = Math.min(...values);
  if (smallest > 0 && largest / smallest >= LOG_FROM) {
    return {
      type: "log",
      min: LOG_BASE ** Math.floor(Math.log2(smallest * 0.9)),
      max: LOG_BASE ** Math.ceil(Math.log2(largest * 1.1)),
      logBase: LOG_BASE,
      splitNumber: 6,
    };
  }
  return { type: "value", min: 0, max: roundUp(largest * 1.05), logBase: LOG_BASE, splitNumber: 4 };
}

/** Where a value lies on the axis, 0..1. */
export function share(range: AxisRange, value: number): number {
  if (range.type === "value") return value / range.max;
  return (Math.log2(value) - Math.log2(range.min)) / (Math.log2(range.max) - Math.log2(range.min));
}

/** The next of 1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8 x a power of ten: each splits into four or five plain steps. */
function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10].find((candidate) => candidate * power >= value) ?? 10;
  return step * power;
}
