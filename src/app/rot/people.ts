import { z } from "zod";
import type { Settings } from "../../core/settings.ts";
import type { Database } from "../../database/database.ts";
import { sql } from "../../database/sql.ts";

/** Whose acts are touches. */
export interface People {
  /** @param holder owner id of who holds the handoff; null where it is not known */
  counts(
    by: { readonly ownerId: string | null; readonly userId: string | null },
    holder: string | null,
  ): boolean;
}

const Owner = z.object({ owner_id: z.string(), is_rep: z.boolean(), role_id: z.string().nullable() });
const User = z.object({ user_id: z.string(), owner_id: z.string() });

/**
 * Owners as the last compute knew them, and the users behind them. An act is its owner's, else of the user who recorded it; one
 * of a rep counts, one of somebody who is no owner yet too, and `touch.by` may ask for the holder or the team.
 */
export async function readPeople(store: Database, settings: Settings): Promise<People> {
  const workspaceId = settings.workspace.id;
  const { connectionId } = settings;
  const owners = await store.any(
    Owner,
    sql`select owner_id, is_rep, role_id from metrics.stg_owner
        where workspace_id = ${workspaceId} and connection_id = ${connectionId}`,
  );
  const users = await store.any(
    User,
    sql`select distinct on (user_id) user_id, id as owner_id
        from mirror.hubspot_owner
        cross join lateral (values (userid), (useridincludinginactive)) as known (user_id)
        where workspace_id = ${workspaceId} and connection_id = ${connectionId} and valid_to is null and user_id <> ''
        order by user_id, (archived is not true) desc, id`,
  );
  const known = new Map(owners.map((owner) => [owner.owner_id, owner]));
  const ownerOf = new Map(users.map((user) => [user.user_id, user.owner_id]));
  return {
    counts: ({ ownerId, userId }, holder) => {
      const by = ownerId ?? (userId === null ? undefined : ownerOf.get(userId)) ?? null;
      if (by === null) return false;
      const owner = known.get(by);
      if (owner !== undefined && !owner.is_rep) return false;
      if (settings.touch.by === "anyone" || holder === null) return true;
      if (by === holder) return true;
      const team = known.get(holder)?.role_id;
      return settings.touch.by === "team" && team != null && owner?.role_id === team;
    },
  };
}
