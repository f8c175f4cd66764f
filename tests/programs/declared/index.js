// Makes the resources that declared.json lists, so that a test has its program before its eyes and changes it as data.
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const { door, common, resources } = JSON.parse(readFileSync(join(__dirname, "declared.json"), "utf8"));
const ipip = require(door);
const made = {};

/** `{ $made: "blue" }` stands for the resource of that name, `{ $made: "blue", output: "name" }` for one of its outputs. */
function resolved(value) {
  if (Array.isArray(value)) return value.map(resolved);
  if (typeof value !== "object" || value === null) return value;
  if ("$made" in value) return "output" in value ? made[value.$made][value.output] : made[value.$made];
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolved(inner)]));
}

for (const [name, { type, args, options }] of Object.entries(resources)) {
  made[name] = new ipip[type](name, resolved({ ...common, ...args }), resolved(options));
}
