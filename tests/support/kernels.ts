import type { SystemName } from "../../lab/system";

/** Machines with Debian's own kernels: of one release, or of all where `make kernels` asks for them. */
export const STOCK: { readonly name: string; readonly system: SystemName }[] = [
  { name: "a", system: "stock" },
  ...(process.env.KERNELS === "all" ? [{ name: "b", system: "stock-trixie" } as const] : []),
];
