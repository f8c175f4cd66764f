import { type Command, commandLine } from "./host/host";
import { labelOf } from "./host/stop";
import { keptAs, nameOf } from "./persist/boot-file";
import type { Contract } from "./resource";
import { type Desired, type Fields, ownedIn, pick } from "./state";
import { stepsTo } from "./steps";
import { isUnknown } from "./unknown";

/** What a change would do on its host, as far as that can be told without asking it. */

/** commandsFor leads from what a state says to what is desired; undefined is nothing at all. */
export function commandsFor(
  contract: Contract,
  state: Fields | undefined,
  desired: Desired | undefined,
  replaces: boolean,
): readonly string[] {
  const old = state && ownedIn(contract, state);
  const label = (of: Desired) => labelOf(of.connection);
  const on = (of: Desired, commands: readonly Command[]) =>
    commands.map((command) => `${label(of)}: ${commandLine(command)}`);
  const observed = state && old && stood(contract, state, old);
  if (old !== undefined && (desired === undefined || replaces)) {
    const besides = contract.forgo?.(old, undefined) ?? [];
    const removing = on(old, [...besides, ...contract.plan(undefined, observed)]);
    return desired === undefined
      ? removing
      : [...removing, ...commandsFor(contract, undefined, desired, false)];
  }
  if (desired === undefined) return [];
  const open = Object.keys(desired).filter((key) => isUnknown(desired[key]));
  if (open.length > 0) {
    const where = isUnknown(desired.connection) ? "a host" : label(desired);
    return [`${where}: what depends on ${open.join(", ")}, not known yet`];
  }
  const memory = pick(state ?? {}, contract.remembers ?? []);
  const target =
    (old && (contract.release?.({ ...old, ...memory }, desired) as Desired | undefined)) ?? desired;
  const steps = stepsTo(contract, target, observed);
  const besides = (old && contract.forgo?.(old, desired)) ?? [];
  const kept = desired.persist === "systemd" && (steps.length > 0 || state?.persist !== "systemd");
  const file = kept ? [`${label(desired)}: ${keptAs(nameOf(contract, desired))}`] : [];
  return [...on(desired, [...besides, ...steps]), ...file];
}

/** stood is an object as the state has it, and as its plan needs it. */
export function stood(contract: Contract, state: Fields, old: Desired): Fields {
  const told = pick(state, [...Object.keys(contract.inputs.shape), ...Object.keys(contract.outputs.shape)]);
  return { ...contract.foresee?.(old), ...told };
}
