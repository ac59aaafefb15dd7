import type { Moment } from "../../server/automation-body.ts";

/** A moment with what has become of it. */
interface Appointment {
  readonly moment: Moment;
  /** Metered requests since the call that set it. */
  passed: number;
  state: "waiting" | "done" | "failed";
  reason?: string;
}

/** Changes that wait for the org's nth request. */
export interface Moments {
  /** Replaces those that wait. */
  set(moments: readonly Moment[]): void;
  /** Told before each metered request; what is due happens first. */
  pass(): void;
  list(): readonly (Moment & { state: Appointment["state"]; reason?: string })[];
}

/** @param apply @param onMishap told of a moment that could not happen, once; the request goes on */
export function createMoments(apply: (moment: Moment) => void, onMishap: (error: unknown) => void): Moments {
  let appointments: Appointment[] = [];
  return {
    set: (moments) => {
      appointments = moments.map((moment) => ({ moment, passed: 0, state: "waiting" }));
    },
    pass: () => {
      for (const appointment of appointments) {
        if (appointment.state !== "waiting") continue;
        appointment.passed += 1;
        if (appointment.passed <= appointment.moment.afterRequests) continue;
        try {
          apply(appointment.moment);
          appointment.state = "done";
        } catch (error) {
          appointment.state = "failed";
          appointment.reason = error instanceof Error ? error.message : String(error);
          onMishap(error);
        }
      }
    },
    list: () =>
      appointments.map(({ moment, state, reason }) => ({
        ...moment,
        state,
        ...(reason === undefined ? {} : { reason }),
      })),
  };
}
