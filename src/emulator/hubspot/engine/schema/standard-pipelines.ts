import { DEAL, LEAD } from "../object-types.ts";

export interface Stage {
  readonly id: string;
  readonly label: string;
  readonly displayOrder: number;
  /** Texts, as the vendor prints them: `{"isClosed":"false","probability":"0.2"}`. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly archived: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface Pipeline {
  readonly id: string;
  readonly label: string;
  readonly displayOrder: number;
  readonly archived: boolean;
  readonly stages: readonly Stage[];
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** HubSpot's own pipelines say 1970. */
const SINCE_EVER = 0;

/** @param lines `id | Label | key=value, …` */
function pipeline(id: string, label: string, lines: string): Pipeline {
  const stages = lines
    .trim()
    .split("\n")
    .map((line, displayOrder): Stage => {
      const [stageId = "", stageLabel = "", metadata = ""] = line.split("|").map((part) => part.trim());
      return {
        id: stageId,
        label: stageLabel,
        displayOrder,
        metadata: Object.fromEntries(
          metadata.split(/\s*,\s*/).map((pair): [string, string] => {
            const [key = "", value = ""] = pair.split("=");
            return [key, value];
          }),
        ),
        archived: false,
        createdAt: SINCE_EVER,
        updatedAt: SINCE_EVER,
      };
    });
  return {
    id,
    label,
    displayOrder: 0,
    archived: false,
    stages,
    createdAt: SINCE_EVER,
    updatedAt: SINCE_EVER,
  };
}

export const standardPipelines: Readonly<Record<string, Pipeline>> = {
  [DEAL]: pipeline(
    "default",
    "Sales Pipeline",
    `
    appointmentscheduled | Appointment Scheduled | isClosed=false, probability=0.2
    qualifiedtobuy | Qualified To Buy | isClosed=false, probability=0.4
    presentationscheduled | Presentation Scheduled | isClosed=false, probability=0.6
    decisionmakerboughtin | Decision Maker Bought-In | isClosed=false, probability=0.8
    contractsent | Contract Sent | isClosed=false, probability=0.9
    closedwon | Closed Won | isClosed=true, probability=1.0
    closedlost | Closed Lost | isClosed=true, probability=0.0`,
  ),
  [LEAD]: pipeline(
    "lead-pipeline-id",
    "Lead pipeline",
    `
    new-stage-id | New | leadState=NEW, isClosed=false
    attempting-stage-id | Attempting | leadState=IN_PROGRESS, isClosed=false
    connected-stage-id | Connected | leadState=IN_PROGRESS, isClosed=false
    qualified-stage-id | Qualified | leadState=QUALIFIED, isClosed=true
    unqualified-stage-id | Disqualified | leadState=UNQUALIFIED, isClosed=true`,
  ),
};
