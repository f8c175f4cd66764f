import { readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { door } from "../../provider/dynamic";
import { batchLine } from "../../provider/host/batch";
import { type Command, commandLine } from "../../provider/host/host";
import { preamble, runOf, runsOf, scriptOf, sectionsOf, textOf } from "../../provider/host/script";
import { tellable, tellingOf } from "../../provider/host/teller";
import { modprobe } from "../../provider/ip/commands";
import { Lifecycle } from "../../provider/lifecycle";
import { Timer } from "../../provider/path/timer";
import { bootFileOf } from "../../provider/persist/boot-file";
import { type Desired, type Fields, outputsOf } from "../../provider/state";
import { CONNECTION, MARK, MiniEngine } from "../support/mini-engine";
import { playground, type Sample, samples } from "../support/samples";
import { type Lie, lie, text, told } from "./hostile";
import { LyingHost } from "./lying-host";
import { calledAs, insistOn, type Recorder, wordsOf } from "./recorder";
import { truthOf } from "./samples-of-hosts";
import { isOurs, type Target, target } from "./target";

const NONCE = "fedcba9876543210fedcba9876543210";
const sayable = text.map((one) => one.replaceAll("\0", ""));
const words = fc.array(sayable, { minLength: 1, maxLength: 5 });

const command: fc.Arbitrary<Command> = fc
  .record(
    {
      program: fc.constantFrom("ip", "nft", "tee", "modprobe"),
      words: fc.oneof(
        words,
        words.map((some) => ["link", "set", ...some]),
      ),
      netns: sayable,
      stdin: sayable,
    },
    { requiredKeys: ["program", "words"] },
  )
  .map(({ program, words: some, ...rest }) => ({ argv: [program, ...some], ...rest }));
const commands = fc.array(command, { minLength: 1, maxLength: 5 });

/** What a program may be: a sample, of which some texts are others. */
const programOf = (of: Sample) =>
  fc.tuple(validOf(of), fc.array(lie, { maxLength: 2 })).map(([sample, lies]) => {
    const texts = lies.map(({ values }) => ({ values, texts: [] }));
    return JSON.parse(texts.reduce(told, JSON.stringify(sample))) as unknown;
  });

/** Programs that contracts run; nothing that a host or a program says may be another. */
const RUN = new Set(["ip", "nft", "tee", "modprobe", "cat", "test", "genl", "sh", "touch", "install"]);

/** Where they may look at files, or write them. */
const PLACES = ["/proc/sys/", "/etc/systemd/network", "/etc/NetworkManager"];

/** ofCommands are all that make commands, each of which a real shell has to read as it was meant. */
export function ofCommands(recorder: Recorder): Target[] {
  const called = (text: string) => recorder.run(text).called;
  const insistOnWords = (some: readonly Command[]) => {
    // A shell has `test` in itself.
    const programs = some.filter(({ argv, netns }) => argv[0] !== "test" || netns !== undefined);
    insistOn(called(textOf(programs)), programs.map(wordsOf));
  };
  const slow = (some: Target[]) => some.map((one) => ({ ...one, slow: true }));
  return slow([
    target("commands as a text", commands, (some) => {
      insistOnWords(some);
      return true;
    }),
    target("commands as a person types them", command, ({ stdin: _, ...one }) => {
      insistOn(called(`${commandLine(one)} </dev/null`), [wordsOf(one)]);
      return true;
    }),
    target(
      "an exchange",
      fc.tuple(fc.array(commands, { maxLength: 3 }), commands),
      ([operations, queries]) => {
        const runs = [...operations.map(runsOf)];
        const asked = queries.map(runOf);
        const { called: done, stdout, stderr } = recorder.run(preamble(NONCE) + scriptOf(runs, asked));
        insistOn(
          done,
          [...runs.flat(), ...asked].map(({ argv, stdin }) => calledAs(argv, stdin)),
        );
        const sections = sectionsOf(stdout, stderr, NONCE);
        const good = [...sections.values()].filter(({ code, stderr: said }) => code === 0 && said === "");
        if (good.length !== done.length)
          throw new Error(`of ${done.length} programs ${good.length} are told of`);
        return true;
      },
    ),
    target("orders to one ip", commands, (some) => {
      const orders = some.flatMap((one) => tellable(one) ?? []);
      writeFileSync(recorder.file, "");
      insistOn(called(`exec 3>>'${recorder.file}'\n${tellingOf(orders, `@${NONCE}`, true)}`), []);
      const lines = readFileSync(recorder.file, "utf8").split("\n");
      const given = lines.filter((one) => !["", `@${NONCE}`, "neigh show proxy dev lo"].includes(one));
      const listing = "address show group 2147483647";
      const expected = orders.flatMap((one) => (one.learns ? [listing, one.text] : [one.text]));
      const sent = expected.map((one) => Buffer.from(one).toString("utf8"));
      if (JSON.stringify(given) !== JSON.stringify(sent))
        throw new Error(`ip is told ${JSON.stringify(given)}`);
      return orders.length > 0;
    }),
    target("a line of a batch", words, (some) => {
      const line = batchLine(some);
      if (line === undefined) return false;
      const read = wordsReadFrom(line);
      if (JSON.stringify(read) !== JSON.stringify(some)) throw new Error(`ip reads ${JSON.stringify(read)}`);
      return true;
    }),
    target(
      "what takes a change back",
      fc.tuple(commands, fc.array(sayable, { maxLength: 3 })),
      ([undo, devices]) => {
        const arm = new Timer(30).arm(undo, devices);
        insistOnWords([arm]);
        insistOn(called(arm.argv[6] ?? ""), undo.map(wordsOf));
        return true;
      },
    ),
    ...Object.entries(samples)
      .filter(([, { contract }]) => "persist" in contract.inputs.shape)
      .map(([type, sample]) =>
        target(`boot file: ${type}`, programOf(sample), async (inputs) => {
          const { contract } = sample;
          const fields = typeof inputs === "object" && inputs !== null ? (inputs as Fields) : {};
          const marked = "mark" in contract.inputs.shape ? { mark: MARK } : {};
          const lifecycle = new Lifecycle(contract, () => playground());
          const checked = lifecycle.check({ connection: CONNECTION, ...marked, ...fields });
          if (checked.problems.length > 0) return false;
          const desired = checked.inputs as Desired;
          const observed = { ...desired, ends: {}, ifindex: 7, previous: {}, ...contract.foresee?.(desired) };
          const { text: file } = bootFileOf(contract, desired, observed);
          const modules = [contract.module, contract.optionModule?.(desired)].flatMap((one) => one ?? []);
          const made = contract.again?.(desired, observed as never) ?? contract.plan(desired, undefined);
          const removed = contract.plan(undefined, observed);
          insistOn(
            called(`${file}\nmake\nremove`),
            [...modules.map(modprobe), ...made, ...removed].map(wordsOf),
          );
          return true;
        }),
      ),
    ...Object.entries(samples).flatMap(([type, sample]) => [
      target(`program: ${type}`, programOf(sample), async (inputs) => {
        const { contract } = sample;
        const fields = typeof inputs === "object" && inputs !== null ? (inputs as Fields) : {};
        const marked = "mark" in contract.inputs.shape ? { mark: MARK } : {};
        const all = { connection: CONNECTION, ...marked, ...fields };
        const lifecycle = new Lifecycle(contract, () => playground());
        insistOnVisible(await door(lifecycle).check({}, all));
        const { inputs: checked, problems } = lifecycle.check(all);
        if (problems.length > 0) return false;
        const desired = checked as Desired;
        const made = contract.plan(desired, undefined);
        const asked = [contract.observe, contract.glance, contract.survey].flatMap(
          (ask) => ask?.(desired) ?? [],
        );
        insistOnKnown([...made, ...asked]);
        insistOnWords([...made, ...asked]);
        JSON.stringify([contract.id(desired), contract.describe(desired), contract.trace?.(desired)]);
        return true;
      }),
      target(`host that lies: ${type}`, lyingTo(sample), async ([first, second, lies, truthful]) => {
        const { contract } = sample;
        const real = playground();
        const truth = (one: Command) => {
          // What a lie led to it need not understand.
          try {
            return truthful ? real.tell(commandLine(one)) : truthOf(one);
          } catch {
            return truthOf(one);
          }
        };
        const host = new LyingHost(truth, lies);
        const lifecycle = new Lifecycle(contract, () => host);
        const engine = new MiniEngine(contract, real);
        const [desired, other] = [engine.check(first), engine.check(second)].map(impatient) as [
          Desired,
          Desired,
        ];
        const state = outputsOf(contract, desired, contract.foresee?.(desired) as Fields | undefined);
        const calls = [
          () => lifecycle.create(desired),
          () => lifecycle.read(state),
          () => lifecycle.update(state, other),
          () => lifecycle.delete(state),
        ];
        let accepted = false;
        for (const call of calls) accepted = (await harmless(call)) || accepted;
        insistOnKnown(host.commands);
        insistOnWords(host.commands.filter(({ argv }) => argv[0] !== "sh").slice(0, 6));
        return accepted;
      }),
    ]),
  ]);
}

/** impatient does not wait long for a host that says it takes a change back. */
function impatient({ connection, ...rest }: Desired): Desired {
  return { ...rest, connection: { ...connection, undoTimeout: 0.01 } };
}

function validOf({ contract, inputs }: Sample) {
  const engine = new MiniEngine(contract, playground());
  return inputs.filter((some) => engine.isValid(some));
}

function lyingTo(sample: Sample) {
  const valid = validOf(sample);
  return fc.tuple(valid, valid, fc.array(lie, { minLength: 1, maxLength: 4 }), fc.boolean()) as fc.Arbitrary<
    [Fields, Fields, Lie[], boolean]
  >;
}

/** harmless does what may fail with an error of ours, whose message may hold what the host said. */
async function harmless(call: () => Promise<unknown>): Promise<boolean> {
  try {
    JSON.stringify(await call());
    return true;
  } catch (error) {
    const reason = error instanceof Error && "reason" in error ? error.reason : error;
    if (!isOurs(reason)) throw error;
    return false;
  }
}

/** insistOnKnown: no program but ours, files only where they have to do, and no shell text but ours. */
function insistOnKnown(some: readonly Command[]): void {
  for (const one of some) {
    const [program = "", ...rest] = one.argv;
    if (!RUN.has(program)) throw new Error(`it runs ${commandLine(one)}`);
    const file = ["tee", "cat"].includes(program)
      ? rest[0]
      : program === "test"
        ? rest[1]
        : program === "install"
          ? rest.at(-1)
          : undefined;
    if (file === undefined) continue;
    if (!PLACES.some((place) => file.startsWith(place)) || file.split("/").includes(".."))
      throw new Error(`it touches ${file}`);
  }
}

function insistOnVisible(checked: unknown): void {
  const { failures = [] } = checked as { failures?: { property: string; reason: string }[] };
  for (const { property, reason } of failures)
    if (/[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|[^\n\t\P{Cc}]/u.test(property + reason))
      throw new Error(`a message has ${reason}`);
}

/** wordsReadFrom reads a line as iproute2 does (getcmdline and makeargs in its lib/utils.c). */
function wordsReadFrom(line: string): string[] {
  const [before = ""] = line.replace(/\\\n/g, "").split("#");
  const read: string[] = [];
  for (let at = 0; at < before.length; ) {
    if (/[ \t\r\n]/.test(before[at] ?? "")) {
      at++;
      continue;
    }
    const quote = before[at] === "'" || before[at] === '"' ? before[at] : undefined;
    const from = quote === undefined ? at : at + 1;
    const rest = before.slice(from);
    const length = quote === undefined ? rest.search(/[ \t\r\n]|$/) : rest.indexOf(quote);
    read.push(rest.slice(0, length === -1 ? undefined : length));
    at = from + (length === -1 ? rest.length : length) + (quote === undefined ? 0 : 1);
  }
  return read;
}
