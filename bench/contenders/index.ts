import type { Case } from "../rows";
import { ansible, ansibleAtOnce } from "./ansible";
import { batch, batchWithRead } from "./batch";
import type { Contender } from "./contender";
import { exec, floor, ours, plugin } from "./engine";

export const contenders: Readonly<Record<Case, Contender>> = {
  floor,
  ours,
  plugin,
  exec,
  batch,
  "batch+read": batchWithRead,
  ansible,
  "ansible at once": ansibleAtOnce,
};
