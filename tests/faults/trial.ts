import type { Bag } from "../support/calls";
import type { Door } from "../support/doors";
import { Estate, PATIENT, type Report } from "./estate";
import { changesBetween, differences, type Look, namesOf, owned, seen, textOf } from "./look";
import { AFTER, BEFORE, FIRST, type Program } from "./program";
import type { FaultProxy } from "./proxy";
import type { Verdict } from "./results";

/** Operation is what the engine is at when the fault strikes. */
export type Operation = "create" | "update" | "refresh" | "destroy";
export const OPERATIONS: readonly Operation[] = ["create", "update", "refresh", "destroy"];

/** Scene is a host with nothing of ours on it, a line to it that can be broken, and ways to look at it. */
export interface Scene {
  readonly proxy: FaultProxy;
  /** How a program reaches the host, through the proxy. */
  readonly connection: Bag;
  /** What must be seen nowhere. */
  readonly secrets: readonly string[];
  look(): Promise<Look>;
  /** quiet returns when nothing is under way on the host whose connection is gone. */
  quiet(): Promise<void>;
  /** drift is somebody who changes something of ours by hand. */
  drift(): Promise<void>;
  /** said is all that could be seen of what ran on the host. */
  said(): Promise<string>;
  /** What the provider's process printed since the scene began, and wrote down of what it did. */
  printed(): string;
}

/** Fault is one thing that goes wrong at one point of one operation. */
export interface Fault<S extends Scene = Scene> {
  /** By which it can be run alone. */
  readonly id: string;
  readonly kind: string;
  readonly operation: Operation;
  /** The connection is opened within the operation, not before it. */
  readonly cold?: boolean;
  /** What was on the host is gone with it, which a state can't know before somebody has looked. */
  readonly forgets?: boolean;
  /** Patience while the fault lasts, where the operation would wait for it. */
  readonly patience?: Bag;
  /** begin makes it happen, now or later in the operation; it gives what ends it, and whether it has struck. */
  begin(scene: S, lengths: Lengths): Promise<Course> | Course;
}

export interface Course {
  /** cure is done after the operation. */
  readonly cure?: () => Promise<void> | void;
  readonly struck: () => boolean;
}

/** Lengths is how long an operation is when nothing disturbs it. */
export interface Lengths {
  readonly "to the host": number;
  readonly "from the host": number;
  readonly commands: number;
  readonly listings: number;
}

/** What is on the host when all is as the program says, and when nothing of ours is there. */
export interface Measured {
  readonly empty: string;
  readonly after: string;
}

const TARGET: Readonly<Record<Operation, Program>> = {
  create: BEFORE,
  update: AFTER,
  refresh: BEFORE,
  // After a destroy that failed, the program may be wanted again.
  destroy: BEFORE,
};

/** Trial takes an estate to an operation, through it, and back to nothing, and watches that all is as it must be. */
export class Trial<S extends Scene> {
  private readonly estate: Estate;

  constructor(
    readonly scene: S,
    private readonly operation: Operation,
    door: Door,
  ) {
    this.estate = new Estate(scene.connection, door);
  }

  /** prepare brings the estate to where the operation begins. */
  async prepare(cold = false): Promise<void> {
    const { operation, estate, scene } = this;
    insist(await estate.up(operation === "create" ? FIRST : BEFORE));
    if (operation === "refresh") await scene.drift();
    if (cold) scene.proxy.resets();
    await scene.quiet();
  }

  /** run is the operation itself. */
  run(): Promise<Report> {
    const { estate, operation } = this;
    if (operation === "refresh") return estate.refresh();
    if (operation === "destroy") return estate.destroy();
    return estate.up(TARGET[operation]);
  }

  /** finish repairs what is left to repair, without any fault, and gives the host then. */
  async finish(): Promise<string> {
    insist(await this.estate.refresh());
    insist(await this.estate.up(TARGET[this.operation]));
    return textOf(await this.scene.look());
  }

  async destroy(): Promise<string> {
    insist(await this.estate.destroy());
    return textOf(await this.scene.look());
  }

  /** meets is the whole way of a fault, and what came of it. */
  async meets(fault: Fault<S>, lengths: Lengths, measured: Measured): Promise<Verdict> {
    const { scene, estate, operation } = this;
    await this.prepare(fault.cold);
    estate.patience = { ...estate.patience, ...fault.patience };
    const { cure, struck } = await fault.begin(scene, lengths);
    const { failures } = await this.run();
    const met = struck();
    await cure?.();
    await scene.proxy.mends();
    estate.patience = PATIENT;
    await scene.quiet();
    const lies: string[] = [];
    const orphans: string[] = [];
    if (fault.forgets !== true) this.compare("after the fault", await scene.look(), failures, lies, orphans);

    const wrong: string[] = [];
    const step = async (what: string, work: () => Promise<Report>): Promise<number> => {
      const report = await work();
      for (const { verb, name, message } of report.failures)
        wrong.push(`${what}: ${verb} ${name}: ${message}`);
      return report.changed;
    };
    await step("refresh", () => estate.refresh());
    this.compare("after the refresh", await scene.look(), [], lies, orphans);
    await step("up", () => estate.up(TARGET[operation]));
    const look = await scene.look();
    this.compare("after the up", look, [], lies, orphans);
    wrong.push(
      ...changesBetween(measured.after, textOf(look)).map((one) => `on the host after the up: ${one}`),
    );
    if ((await step("second up", () => estate.up(TARGET[operation]))) > 0)
      wrong.push("a second up had to change");
    const copies = estate.copies();
    await step("destroy", () => estate.destroy());
    const left = textOf(await scene.look());
    orphans.push(...changesBetween(measured.empty, left).map((one) => `after the destroy: ${one}`));
    return { met, failed: failures.length, wrong, lies, orphans, secrets: await this.revealed(copies) };
  }

  /** compare holds the state against the host. */
  private compare(
    when: string,
    look: Look,
    failures: Report["failures"],
    lies: string[],
    orphans: string[],
  ): void {
    const entries = [...this.estate.entries.values(), ...this.estate.replaced];
    for (const { name, type, state, halfMade } of entries) {
      // What the engine was told has failed is no lie: whether it was done may be unknown.
      const undone = failures.some((failure) => failure.name === name && failure.verb === "delete");
      const unread = failures.some((failure) => failure.name === name && failure.verb === "read");
      if (halfMade || undone || unread || this.drifted(name, failures)) continue;
      const found = seen(look, type, state);
      if (found === undefined) lies.push(`${when}: ${name} is in the state and not on the host`);
      else lies.push(...differences(state, found).map((one) => `${when}: ${name}: ${one}`));
    }
    const known = new Set(entries.flatMap(({ type, state }) => namesOf(type, state)));
    for (const one of owned(look)) if (!known.has(one)) orphans.push(`${when}: nobody knows of ${one}`);
  }

  /** What was changed by hand is no lie as long as nobody has looked. */
  private drifted(name: string, failures: Report["failures"]): boolean {
    return this.operation === "refresh" && failures.some((failure) => failure.name === name);
  }

  /** revealed lists where a secret was seen that should not be. */
  private async revealed(copies: string): Promise<string[]> {
    const { scene, estate } = this;
    const places = {
      "the state, outside of a connection": copies,
      "an error": estate.said.join("\n"),
      "what the provider printed or wrote down": scene.printed(),
      "what ran on the host": await scene.said(),
    };
    return Object.entries(places).flatMap(([place, text]) =>
      scene.secrets.some((secret) => text.includes(secret)) ? [`a secret is in ${place}`] : [],
    );
  }
}

/** insist: what nothing disturbs must succeed. */
function insist({ failures }: Report): void {
  const [first] = failures;
  if (first !== undefined) throw new Error(`${first.verb} ${first.name}: ${first.message}`);
}

/** expectGood fails with all that is not as it must be. */
export function expectGood({ wrong, lies, orphans, secrets }: Verdict): void {
  expect({ wrong, lies, orphans, secrets }).toEqual({ wrong: [], lies: [], orphans: [], secrets: [] });
}
