// Chance that can be had again, for tests and for the processes that they start.
export { randomNumbers } from "../fixtures/random.mjs";
