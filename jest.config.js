const transform = { "^.+\\.ts$": ["@swc/jest", { jsc: { target: "es2022", parser: { syntax: "typescript" } } }] };
const project = (displayName, testTimeout) => ({
  displayName,
  testMatch: [`<rootDir>/tests/${displayName}/**/*.test.ts`],
  transform,
  testEnvironment: "node",
  modulePathIgnorePatterns: ["<rootDir>/.cache/", "<rootDir>/dist/"],
  testTimeout,
});
/** @type {import("jest").Config} */
module.exports = { projects: [project("unit", 5_000), project("ssh", 30_000), project("e2e", 900_000)] };
