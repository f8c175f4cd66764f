import type { Command } from "./host/host";
import type { Contract } from "./resource";
import { type Desired, type Fields, inputsLike, pick, same } from "./state";

/** stepsTo leads from what is observed to a target, through nothing at all where Linux has no direct way. */
export function stepsTo(
  contract: Contract,
  target: Desired | undefined,
  observed: Fields | undefined,
): Command[] {
  const detour = target !== undefined && observed !== undefined && needsReplacing(contract, target, observed);
  if (!detour) return contract.plan(target, observed);
  return [...contract.plan(undefined, observed), ...contract.plan(target, undefined)];
}

function needsReplacing(contract: Contract, target: Desired, observed: Fields): boolean {
  const found = inputsLike(target, observed);
  return Object.entries(contract.replaces).some(
    ([key, decide]) =>
      target[key] !== undefined && !same(found[key], target[key]) && decide?.(found[key], target[key]),
  );
}

/**
 * undoOf leads from what will be there once a change is made back to what was observed before it: the plan with the two
 * sides changed.
 */
export function undoOf(
  contract: Contract,
  { connection }: Desired,
  before: Fields | undefined,
  target: Desired | undefined,
): Command[] {
  const old = before && ({ ...pick(before, Object.keys(contract.inputs.shape)), connection } as Desired);
  if (target === undefined) return contract.plan(old, undefined);
  const anew = before === undefined || needsReplacing(contract, target, before);
  const after = { ...(anew ? {} : before), ...target, ...contract.foresee?.(target) };
  if (old === undefined || hasNoWayBack(contract, old, after)) {
    return [...contract.plan(undefined, after), ...(old === undefined ? [] : contract.plan(old, undefined))];
  }
  const released = contract.release?.(target, old) as Desired | undefined;
  return stepsTo(contract, released ?? old, after);
}

/** What was not there before may be what Linux can't take away in place. */
function hasNoWayBack(contract: Contract, old: Desired, after: Fields): boolean {
  return Object.entries(contract.replaces).some(
    ([key, decide]) => old[key] === undefined && after[key] !== undefined && decide?.(after[key], undefined),
  );
}
