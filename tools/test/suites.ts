/** Suite is one part of `make test`. One with a report is a jest project; any other counts as a single test. */
export interface Suite {
  readonly name: string;
  readonly command: readonly string[];
  readonly report?: string;
}

const script = (name: string, npmScript: string): Suite => ({
  name,
  command: ["npm", "run", "--silent", npmScript],
});

/**
 * jest ends after its deadline at the latest: a test that leaves a socket or a timer open keeps jest waiting for
 * ever, and that must be a failure, not a hanging run.
 */
const jest = (name: string, minutes: number, jestArgs: readonly string[]): Suite => {
  const report = `.cache/test/${name}.json`;
  const deadline = ["timeout", "--foreground", "--kill-after=60", `${minutes}m`];
  const run = ["node_modules/.bin/jest", "--selectProjects", name, "--json", `--outputFile=${report}`];
  return { name, command: [...deadline, ...run, ...jestArgs], report };
};

/** suites are all suites in the order they run, cheap ones first. Arguments for jest go to each jest suite. */
export function suites(jestArgs: readonly string[]): readonly Suite[] {
  // By itself jest leaves one core idle, which of two is much.
  const everyCore = "--maxWorkers=100%";
  // Each file has machines of its own, and most of its time waits for them.
  const e2e = jest("e2e", 75, ["--maxWorkers=3", ...jestArgs]);
  const faults = jest("faults", 15, [
    "--testPathPatterns=loopback",
    "--testPathPatterns=harness",
    ...jestArgs,
  ]);
  return [
    script("lint", "lint"),
    script("types", "typecheck"),
    script("docs", "docs:check"),
    jest("unit", 10, [everyCore, ...jestArgs]),
    jest("ssh", 15, [everyCore, ...jestArgs]),
    // The short form of `make faults`; a host's /proc/sys is a mount of its own, which takes root.
    { ...faults, command: ["tools/as-root.sh", ...faults.command] },
    { ...e2e, command: ["tools/as-root.sh", ...e2e.command] },
  ];
}
