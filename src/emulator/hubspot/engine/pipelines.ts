import { HubSpotRefusal } from "./refusal.ts";
import { type Pipeline, type Stage, standardPipelines } from "./schema/standard-pipelines.ts";
import { type Rewindable, RewindableCounter, RewindableMap } from "./store/rewindable.ts";

/** A change of a definition, for `/audit`. */
export interface PipelineAudit {
  readonly identifier: string;
  readonly action: "CREATE" | "UPDATE" | "DELETE";
  readonly at: number;
  readonly fromUserId: number | null;
  readonly rawObject: string;
}

/** Pipelines by object type, in their display order. */
export class Pipelines implements Rewindable {
  private readonly byType = new RewindableMap<string, readonly Pipeline[]>();
  private readonly audits = new RewindableMap<string, readonly PipelineAudit[]>();
  private readonly numbers = new RewindableCounter(9_000_001);

  constructor() {
    for (const [typeId, pipeline] of Object.entries(standardPipelines)) this.byType.set(typeId, [pipeline]);
  }

  of(typeId: string): readonly Pipeline[] {
    return this.byType.get(typeId) ?? [];
  }
  *everywhere(): Generator<[string, Pipeline]> {
    for (const [typeId, pipelines] of this.byType.entries()) {
      for (const pipeline of pipelines) yield [typeId, pipeline];
    }
  }
  /** @throws HubSpotRefusal pipeline_not_found */
  get(typeId: string, id: string): Pipeline {
    const pipeline = this.of(typeId).find((one) => one.id === id);
    if (pipeline === undefined) throw new HubSpotRefusal("pipeline_not_found");
    return pipeline;
  }
  stage(typeId: string, pipelineId: string | null, stageId: string | null): Stage | undefined {
    if (stageId === null) return undefined;
    return this.of(typeId)
      .filter((pipeline) => pipelineId === null || pipeline.id === pipelineId)
      .flatMap((pipeline) => pipeline.stages)
      .find((stage) => stage.id === stageId);
  }
  put(typeId: string, pipeline: Pipeline, audit: Omit<PipelineAudit, "rawObject">): void {
    const others = this.of(typeId).filter((one) => one.id !== pipeline.id);
    this.byType.set(
      typeId,
      [...others, pipeline].toSorted((left, right) => left.displayOrder - right.displayOrder),
    );
    this.audit(typeId, pipeline.id, { ...audit, rawObject: JSON.stringify(pipeline) });
  }
  remove(typeId: string, id: string): void {
    this.byType.set(
      typeId,
      this.of(typeId).filter((one) => one.id !== id),
    );
  }
  /** Newest first. */
  auditOf(typeId: string, id: string): readonly PipelineAudit[] {
    return this.audits.get(`${typeId}/${id}`) ?? [];
  }
  private audit(typeId: string, id: string, entry: PipelineAudit): void {
    this.audits.set(`${typeId}/${id}`, [entry, ...this.auditOf(typeId, id)]);
  }
  nextId(): string {
    return String(this.numbers.next());
  }
  markStart(): void {
    this.byType.markStart();
    this.audits.markStart();
    this.numbers.markStart();
  }
  rewind(): void {
    this.byType.rewind();
    this.audits.rewind();
    this.numbers.rewind();
  }
}
