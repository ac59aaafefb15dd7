import { z } from "zod";
import { HOUR_MS } from "../../../../core/time.ts";
import { type Answer, emptyAnswer, jsonAnswer } from "../../../server/answer.ts";
import { HubSpotRefusal } from "../../engine/refusal.ts";
import { instantText } from "../../engine/store/columns.ts";
import type { Journal } from "../../webhooks/journal.ts";
import { type Call, type Handler, type HubSpotContext, type OpenHandler, param } from "../call.ts";
import { readBody } from "../read-body.ts";

/** The journal is the public app's own: its token comes from client credentials. */
function gate(call: Call): void {
  if (call.app.kind !== "oauth_app")
    throw new HubSpotRefusal("not_for_service_keys", { what: "The webhooks journal" });
}

/** An address to fetch the entry from, or 204 where there is none yet. */
function entryAnswer(context: HubSpotContext, entry: ReturnType<Journal["earliest"]>): Answer {
  if (entry === undefined) return emptyAnswer(new HubSpotRefusal("journal_empty").status);
  return jsonAnswer(200, {
    url: `${context.url}/webhooks-journal/files/${entry.offset}`,
    expiresAt: instantText(context.portal.now() + HOUR_MS),
    currentOffset: String(entry.offset),
  });
}

export const readJournal: Handler = (context, call) => {
  gate(call);
  const position = param(call, "position");
  if (position !== "earliest" && position !== "latest") throw new HubSpotRefusal("unknown_path");
  return entryAnswer(context, context.journal[position]());
};

export const readJournalNext: Handler = (context, call) => {
  gate(call);
  return entryAnswer(context, context.journal.next(Number(param(call, "offset"))));
};

/** What the signed address of an entry leads to; it needs no token. */
export const journalFile: OpenHandler = (context, call) => {
  const entry = context.journal.at(Number(call.params["offset"]));
  if (entry === undefined) throw new HubSpotRefusal("unknown_path");
  return jsonAnswer(200, {
    offset: String(entry.offset),
    publishedAt: instantText(entry.publishedAt),
    journalEvents: entry.events,
  });
};

export const listSubscriptions: Handler = (context, call) => {
  gate(call);
  return jsonAnswer(200, { results: context.journal.subscriptions() });
};

export const createSubscription: Handler = async (context, call) => {
  gate(call);
  const body = await readBody(
    call,
    z.object({
      subscriptionType: z.enum(["OBJECT", "ASSOCIATION"]),
      objectTypeId: z.string(),
      actions: z.array(z.string()).min(1),
      properties: z.array(z.string()).default([]),
    }),
  );
  const { typeId } = context.portal.typeNamed(body.objectTypeId);
  return jsonAnswer(
    201,
    context.journal.subscribe({ objectTypeId: typeId, actions: body.actions, properties: body.properties }),
  );
};

export const deleteSubscription: Handler = (context, call) => {
  gate(call);
  const id = param(call, "subscriptionId");
  if (!context.journal.unsubscribe(Number(id))) throw new HubSpotRefusal("subscription_not_found", { id });
  return emptyAnswer(204);
};
