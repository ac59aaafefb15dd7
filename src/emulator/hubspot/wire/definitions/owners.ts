import { jsonAnswer } from "../../../server/answer.ts";
import type { Owner } from "../../engine/owners.ts";
import { instantText } from "../../engine/store/columns.ts";
import { type Handler, needScope, param } from "../call.ts";
import { flagParameter, limitParameter } from "../read-body.ts";

const SCOPE = ["crm.objects.owners.read"];

const ownerBody = (owner: Owner) => ({
  ...owner,
  createdAt: instantText(owner.createdAt),
  updatedAt: instantText(owner.updatedAt),
});

/** Leavers come with `archived=true` only. */
export const listOwners: Handler = (context, call) => {
  needScope(call, SCOPE);
  const { query } = call.incoming;
  const isArchived = flagParameter(call, "archived");
  const limit = limitParameter(call, 100, 500);
  const email = query.get("email")?.toLowerCase();
  const after = Number(query.get("after") ?? 0);
  const owners = context.portal.owners
    .all()
    .filter((owner) => owner.archived === isArchived && Number(owner.id) > after)
    .filter((owner) => email === undefined || owner.email.toLowerCase() === email);
  const page = owners.slice(0, limit);
  const last = page.at(-1);
  const next = owners.length > limit && last !== undefined ? { next: { after: last.id } } : undefined;
  return jsonAnswer(200, { results: page.map(ownerBody), ...(next === undefined ? {} : { paging: next }) });
};

export const getOwner: Handler = (context, call) => {
  needScope(call, SCOPE);
  const by = call.incoming.query.get("idProperty") === "userId" ? "userId" : "id";
  return jsonAnswer(
    200,
    ownerBody(context.portal.owners.get(param(call, "ownerId"), by, flagParameter(call, "archived"))),
  );
};
