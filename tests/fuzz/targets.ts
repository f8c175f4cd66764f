import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ofTheCommand } from "./of-cli";
import { ofCommands } from "./of-commands";
import { ofHosts } from "./of-hosts";
import { Recorder } from "./recorder";
import type { Target } from "./target";

/** The shells that read our texts: what most hosts have as /bin/sh. */
const SHELLS = [["/bin/dash"], ["/bin/busybox", "sh"]] as const;

/** Targets are all that is fuzzed, and what they need meanwhile. */
export interface Targets {
  readonly all: readonly Target[];
  close(): void;
}

export function openTargets(): Targets {
  const folder = mkdtempSync(join(tmpdir(), "pulumi-ipip-fuzz-"));
  const recorders = SHELLS.map((shell) => new Recorder(shell));
  const [first, ...others] = recorders.map((recorder) => ofCommands(recorder));
  // What contracts make is read by one shell, what any words become by all.
  const words = others.flatMap((targets) =>
    targets
      .filter(({ name }) => !/^(program|host)/.test(name))
      .map((one) => ({ ...one, name: `${one.name}, BusyBox` })),
  );
  return {
    all: [...ofHosts(join(folder, "config")), ...(first ?? []), ...words, ...ofTheCommand()],
    close() {
      for (const recorder of recorders) recorder.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
