import { z } from "zod";
import type { Kernel } from "./kernel";
import { qemu } from "./qemu";
import { uml } from "./uml";

/** SystemName is what a machine runs. */
export const SystemName = z.enum(["uml", "stock", "stock-trixie"]);
export type SystemName = z.infer<typeof SystemName>;

/** System is a kernel, and the release of Debian above it by its code name. */
export interface System {
  readonly kernel: Kernel;
  readonly release: string;
  /** Debian packages that only this release has, besides those of image/packages.txt. */
  readonly packages: readonly string[];
}

export const SYSTEMS: Readonly<Record<SystemName, System>> = {
  uml: { kernel: uml, release: "bookworm", packages: [] },
  stock: { kernel: qemu, release: "bookworm", packages: [] },
  // What its systemd only recommends, and every installed system has: among it that plain users may ping.
  "stock-trixie": { kernel: qemu, release: "trixie", packages: ["linux-sysctl-defaults"] },
};
