import { describeFaults } from "./describe-faults.ts";

describeFaults("faults while ripeline signs in, describes and reads", (step) => step.during === "pull");
