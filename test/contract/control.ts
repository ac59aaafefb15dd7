import { z } from "zod";

/** A call to the emulator's control API; rows go as lines. @throws Error with its words where it refuses */
export async function callControl(control: string, path: string, body: unknown): Promise<void> {
  const text = Array.isArray(body) ? body.map((row) => JSON.stringify(row)).join("\n") : JSON.stringify(body);
  const answer = await fetch(`${control}/${path}`, { method: "POST", body: text });
  if (!answer.ok) throw new Error(`control/${path}: ${answer.status} ${await answer.text()}`);
}

/** A number out of what the emulator has counted. */
export async function countIn<T>(control: string, shape: z.ZodType<T>, pick: (reply: T) => number) {
  return pick(shape.parse(await (await fetch(`${control}/requests?writes=0`)).json()));
}

const Ledger = z.looseObject({
  writes: z.array(z.looseObject({ id: z.string(), fields: z.array(z.string()) })),
});

/** How often a field of each record was written. */
export async function fieldWrites(control: string, field: string): Promise<ReadonlyMap<string, number>> {
  const { writes } = Ledger.parse(await (await fetch(`${control}/requests`)).json());
  const counts = new Map<string, number>();
  for (const { id, fields } of writes) if (fields.includes(field)) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}
