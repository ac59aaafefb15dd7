import { z } from "zod";
import type { ObjectType } from "../../engine/object-types.ts";
import { HubSpotRefusal } from "../../engine/refusal.ts";
import type { AssociationType } from "../../engine/schema/association-types.ts";
import { linkableRow, type RecordRef } from "../../engine/write/link-records.ts";
import type { HubSpotContext } from "../call.ts";
import { idValue, textId } from "../read-body.ts";

/** `associations` of a record that is being made. */
export const newLinks = z
  .array(
    z.object({
      to: z.object({ id: idValue }),
      types: z.array(z.object({ associationCategory: z.string(), associationTypeId: z.number() })).min(1),
    }),
  )
  .nullish();

export interface NewLink {
  readonly to: RecordRef;
  readonly kinds: readonly AssociationType[];
}

/**
 * Where each link leads: the type id alone says which object the other end is.
 * @throws HubSpotRefusal association_type_unknown, association_not_valid
 */
export function linksOf(
  context: HubSpotContext,
  type: ObjectType,
  given: z.infer<typeof newLinks>,
): readonly NewLink[] {
  const { portal } = context;
  return (given ?? []).map(({ to, types }) => {
    const id = Number(textId(context, to.id));
    const [first] = types;
    for (const other of portal.allTypes()) {
      const kinds = portal.associationTypes.between(type.typeId, other.typeId);
      const chosen = types.map(({ associationCategory, associationTypeId }) =>
        kinds.find((kind) => kind.typeId === associationTypeId && kind.category === associationCategory),
      );
      if (chosen.some((kind) => kind === undefined)) continue;
      const ref = { type: other, id };
      linkableRow(portal, ref);
      return { to: ref, kinds: chosen.filter((kind) => kind !== undefined) };
    }
    throw new HubSpotRefusal("association_type_unknown", {
      typeId: first?.associationTypeId ?? 0,
      from: type.typeId,
      to: "any object",
    });
  });
}

/** A lead needs somebody. @throws HubSpotRefusal lead_without_contact */
export function checkLeadLinks(type: ObjectType, links: readonly NewLink[]): void {
  if (type.typeId !== "0-136") return;
  const isHeld = links.some(({ to, kinds }) =>
    ["0-1", "0-2"].includes(to.type.typeId) ? kinds.some((kind) => kind.label === "Primary") : false,
  );
  if (!isHeld) throw new HubSpotRefusal("lead_without_contact");
}
