import type { Run } from "../../lab/engine";
import { Lab } from "../../lab/lab";
import { shell, snapshot, type Workplace, workplace } from "./world";

/** ExampleCase is what differs between one example and another; the road is the same for all. */
export interface ExampleCase {
  /** Folder below examples/. */
  readonly name: string;
  readonly hosts: readonly string[];
  config(lab: Lab): Record<string, unknown>;
  /** Configuration that changes objects in place. */
  readonly update: Record<string, unknown>;
  /** Configuration that replaces objects, and what the engine then says it did. */
  readonly replace: Record<string, unknown>;
  readonly replaced: number;
  /** The machine that is rebooted on the way, in the one example that has all that is the same with any program. */
  readonly rebooted?: string;
  /** Proves that the link does what it is for. */
  works(lab: Lab): Promise<void>;
  /** A ping through the link, without -c; it runs while the stack is updated in place. */
  readonly ping: { readonly host: string; readonly command: string };
  /** What somebody does by hand: on which host, and the resources whose drift that is. */
  readonly drift: readonly (readonly [host: string, command: string])[];
  readonly drifted: readonly string[];
}

/** exampleTest takes an example from an empty stack through all that may happen to it, and back to nothing. */
export function exampleTest(example: ExampleCase): void {
  describe(`the example ${example.name}`, () => {
    let lab: Lab;
    let place: Workplace;
    const before = new Map<string, unknown>();

    beforeAll(async () => {
      lab = await Lab.start({ hosts: [...example.hosts] });
      place = await workplace(`examples/${example.name}`);
      place.stack.configure(example.config(lab));
      for (const host of example.hosts) before.set(host, await snapshot(lab.host(host)));
    });

    afterAll(async () => {
      await lab?.stop();
      place?.close();
    });

    const up = (...args: string[]) => place.stack.pulumi("up", "--yes", "--skip-preview", ...args);

    const { rebooted } = example;
    if (rebooted !== undefined) {
      test("a preview of the empty stack neither changes nor contacts a host", async () => {
        const logins = await Promise.all(example.hosts.map((host) => loginsOf(lab, host)));
        expectSuccess(await place.stack.pulumi("preview"));
        expect(await Promise.all(example.hosts.map((host) => loginsOf(lab, host)))).toEqual(logins);
        for (const host of example.hosts) expect(await snapshot(lab.host(host))).toEqual(before.get(host));
      });
    }

    test("up makes it, and it works", async () => {
      expectSuccess(await up());
      await example.works(lab);
    });

    test("a second up has nothing to change", async () => {
      expectSuccess(await up("--expect-no-changes"));
    });

    test("an update in place loses no packet", async () => {
      const { host, command } = example.ping;
      const machine = lab.host(host);
      await shell(
        machine,
        `systemd-run --quiet --unit=ping --property=KillSignal=SIGINT -- ${command} -i 0.1`,
      );
      place.stack.configure({ ...example.config(lab), ...example.update });
      const run = await up();
      await shell(machine, "systemctl stop ping");
      expectSuccess(run);
      expect(run.stdout).toMatch(/~ \d+ updated/);
      expect(run.stdout).not.toMatch(/replaced|deleted|created/);
      const [, sent, received] =
        /(\d+) packets transmitted, (\d+) received/.exec(
          await shell(machine, "journalctl -q -o cat -u ping"),
        ) ?? [];
      expect(Number(sent)).toBeGreaterThan(0);
      process.stdout.write(
        `${example.name}, during the update in place: ${sent} packets sent, ${received} answered\n`,
      );
      // The one that is on its way when ping is told to stop has no answer yet.
      expect(Number(sent) - Number(received)).toBeLessThanOrEqual(1);
      await example.works(lab);
    });

    test("what somebody changes by hand is found, and repaired", async () => {
      for (const [host, command] of example.drift) await shell(lab.host(host), command);
      const found = await place.stack.pulumi("refresh", "--preview-only", "--expect-no-changes", "--diff");
      expect(found.code).toBe(EXPECTED_NO_CHANGES);
      const named = example.drifted.filter((name) => found.stdout.includes(`::${name}`));
      expect(named).toEqual(example.drifted);
      expectSuccess(await up());
      await example.works(lab);
      expectSuccess(await place.stack.pulumi("preview", "--expect-no-changes"));
    });

    if (rebooted !== undefined) {
      test(`machine ${rebooted}, which was rebooted, gets its objects again`, async () => {
        await lab.host(rebooted).reboot();
        // Some limits depend on the memory that the machine found at boot.
        before.set(rebooted, await snapshot(lab.host(rebooted)));
        expectSuccess(await up());
        await example.works(lab);
        expectSuccess(await place.stack.pulumi("preview", "--expect-no-changes"));
      });
    }

    test("a change that Linux can't make in place replaces what it must, and nothing else", async () => {
      place.stack.configure({ ...example.config(lab), ...example.update, ...example.replace });
      const run = await up();
      expectSuccess(run);
      expect(run.stdout).toMatch(
        new RegExp(`Resources:\\s+\\+-\\s*${example.replaced} replaced\\s+\\d+ unchanged`),
      );
      await example.works(lab);
    });

    test("destroy leaves the hosts as they were", async () => {
      expectSuccess(await place.stack.pulumi("destroy", "--yes", "--skip-preview"));
      for (const host of example.hosts) expect(await snapshot(lab.host(host))).toEqual(before.get(host));
    });
  });
}

/** The engine's exit code for `--expect-no-changes` when there are some. */
export const EXPECTED_NO_CHANGES = 7;

/** expectSuccess fails with all that the engine printed. */
export function expectSuccess(run: Run): void {
  if (run.code !== 0) throw new Error(`exit code ${run.code}\n${run.stdout}\n${run.stderr}`);
}

/** How often somebody has logged in; the lab itself keeps one connection open. */
async function loginsOf(lab: Lab, host: string): Promise<number> {
  return Number(await shell(lab.host(host), "journalctl -q -o cat -u ssh | grep -c Accepted"));
}
