import * as pulumi from "@pulumi/pulumi";
import type { Problem } from "../../provider/resource";
import { type Claim, clashesWith } from "./claims";

/** Program is what the links of one run of a program know of each other. */
export class Program {
  private readonly claims = new Map<object, { readonly name: string; readonly claims: readonly Claim[] }>();
  private readonly shared = new Map<unknown, Map<string, pulumi.Resource>>();

  /** current is that of the run that goes on: its monitor is no other run's, not even of another in the same process. */
  static current(): Program {
    const monitor = pulumi.runtime.getMonitor() ?? NONE;
    const known = programs.get(monitor) ?? new Program();
    programs.set(monitor, known);
    return known;
  }

  /** claim notes what a link takes, in place of what it took before, and finds what others had taken. */
  claim(link: object, name: string, claims: readonly Claim[]): Problem[] {
    this.claims.set(link, { name, claims });
    return [...this.claims]
      .filter(([other]) => other !== link)
      .flatMap(([, other]) => clashesWith(other.name, other.claims, claims));
  }

  /** share is the resource of a name in what is told by a key, made unless another link has. */
  share(key: unknown, name: string, make: () => pulumi.Resource): pulumi.Resource {
    const all = this.shared.get(key) ?? new Map<string, pulumi.Resource>();
    this.shared.set(key, all);
    const made = all.get(name) ?? make();
    all.set(name, made);
    return made;
  }
}

/** Without an engine there is one program. */
const NONE = {};
const programs = new WeakMap<object, Program>();
