import type { z } from "zod";

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
