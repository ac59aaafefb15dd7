import { describeFaults } from "./describe-faults.ts";

describeFaults(
  "faults while ripeline applies, writes, sweeps and reconciles",
  (step) => step.during !== "pull",
);
