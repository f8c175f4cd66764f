import type { Command } from "../host/host";
import type { View } from "../ip/view";
import type { Contract } from "../resource";
import type { Desired, Fields } from "../state";
import { type BootFile, bootFileOf, forget, hasFile, isKept, keep, list, nameOf } from "./boot-file";

const SYSTEMD = "systemd";

/** Boot is what the host keeps of an object, in what was observed of it. */
interface Boot {
  /** The file that makes the object as it is. */
  readonly file: BootFile;
  /** Whether there is one, whatever it says. */
  readonly there: boolean;
}

/**
 * persistent is a contract of objects that their host makes again when it boots, where that is asked for: beside the
 * object there is then a file on the host, which is made after the object, since it says how that has become, and removed
 * before it. Whatever type it is of, the file is made of the type's own plan.
 */
export function persistent(contract: Contract): Contract {
  const wanted = (desired: Fields) => desired.persist === SYSTEMD;
  const more = (desired: Fields) => (wanted(desired) ? [list] : []);
  const asking = (questions: (desired: Desired) => Command[] | undefined) => (desired: Fields) => {
    const asked = questions(desired as Desired);
    return asked && [...asked, ...more(desired)];
  };
  const { glance, survey } = contract;

  return {
    ...contract,
    observe: (desired) => [...contract.observe(desired), ...more(desired)],
    ...(glance && { glance: asking(glance) }),
    ...(survey && { survey: asking(survey) }),
    unfolds: (desired) => wanted(desired) || contract.unfolds?.(desired) === true,

    parse(view, desired) {
      const found = contract.parse(view, desired);
      if (found === undefined || !wanted(desired)) return found;
      const file = bootFileOf(contract, desired as Desired, found);
      const listed = view.output(list);
      const boot: Boot = { file, there: hasFile(listed, file.name) };
      return { ...found, persist: isKept(listed, file) ? SYSTEMD : "none", boot };
    },

    plan(desired, observed: Fields | undefined) {
      const boot = observed?.boot as Boot | undefined;
      const steps = contract.plan(desired, observed);
      if (boot === undefined) return steps;
      if (desired === undefined) return boot.there ? [forget(boot.file.name), ...steps] : steps;
      // The file says how the object has become.
      const due = wanted(desired) && observed?.persist !== SYSTEMD && steps.length === 0;
      return due ? [keep(boot.file)] : steps;
    },

    alone: ({ boot: _, persist: _persist, ...rest }: Fields) => rest,
    lingers: (view: View, desired) =>
      wanted(desired) && hasFile(view.output(list), nameOf(contract, desired as Desired)),
    forgo: (before, desired) =>
      wanted(before) && !(desired && wanted(desired)) ? [forget(nameOf(contract, before as Desired))] : [],
  };
}
