const transform = {
  "^.+\\.ts$": ["@swc/jest", { jsc: { target: "es2022", parser: { syntax: "typescript" } } }],
};
const project = (displayName, patience) => ({
  displayName,
  testMatch: [`<rootDir>/tests/${displayName}/**/*.test.ts`],
  transform,
  testEnvironment: "node",
  modulePathIgnorePatterns: ["<rootDir>/.cache/", "<rootDir>/dist/"],
  // jest takes no testTimeout from a project, only from the command line or a whole configuration.
  globals: { patience },
  setupFilesAfterEnv: ["<rootDir>/tests/support/patience.js"],
});
/** @type {import("jest").Config} */
module.exports = {
  projects: [
    project("unit", 60_000),
    project("ssh", 60_000),
    project("faults", 300_000),
    project("e2e", 900_000),
  ],
};
