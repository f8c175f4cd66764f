/** Urn is what the name of a resource in a state says of it. */
export interface Urn {
  readonly stack: string;
  readonly project: string;
  /** Its type as the engine has it, `ipip:index:IpipTunnel`. */
  readonly type: string;
  readonly name: string;
}

/** urnOf reads `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME`, of which only the name may have `::` or `$` of its own. */
export function urnOf(text: string): Urn {
  const parts = /^urn:pulumi:(.*?)::(.*?)::(.*?)::(.*)$/s.exec(text);
  if (parts === null) throw new Error(`"${text}" is not a URN`);
  const [, stack = "", project = "", lineage = "", name = ""] = parts;
  return { stack, project, type: lineage.slice(lineage.lastIndexOf("$") + 1), name };
}
