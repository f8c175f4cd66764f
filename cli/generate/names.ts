import type { Fields } from "../../provider/state";
import type { Existing } from "./read";

/** Words that no variable can be called, for JavaScript or the program has them. */
const RESERVED = new Set(
  [
    "await break case catch class const continue debugger default delete do else enum export extends false finally for",
    "function if implements import in instanceof interface let new null package private protected public return static",
    "super switch this throw true try typeof undefined var void while with yield arguments eval",
    "adopt config connection pulumi require module exports",
  ].flatMap((line) => line.split(" ")),
);

/** Names gives the resources and variables of one program their names, each its own. */
export class Names {
  private constructor(
    private readonly prefix: string,
    private readonly resources: Set<string>,
    private readonly variables: Set<string>,
  ) {}

  static ofProgram(): Names {
    return new Names("", new Set(), new Set(RESERVED));
  }

  /** within gives names of the same program that begin with a word. */
  within(prefix: string): Names {
    return new Names(prefix, this.resources, this.variables);
  }

  resource(object: Existing): string {
    return unique(plain(this.words(object).join("-")), this.resources, "-");
  }

  variable(object: Existing): string {
    return this.called(this.words(object).join("-"));
  }

  /** called is a variable for something that has a name of its own. */
  called(name: string): string {
    const words = camel(name);
    return unique(/^[a-z_]/i.test(words) ? words : `the${words}`, this.variables, "");
  }

  private words(object: Existing): string[] {
    return this.prefix === "" ? wordsOf(object) : [this.prefix, ...wordsOf(object)];
  }
}

/** wordsOf is what tells an object from others of its host, in words that a person would choose. */
function wordsOf({ type, inputs }: Existing): string[] {
  const {
    namespace,
    name,
    dev,
    address,
    destination,
    table,
    metric,
    key,
    label,
    port,
    priority,
    family,
    a,
    b,
  } = inputs;
  const at = typeof namespace === "string" ? [namespace] : [];
  const text = (...values: unknown[]) => values.filter((value) => value !== undefined).map(String);
  switch (type) {
    case "VethPair": {
      const [one, other] = [a as Fields, b as Fields];
      // Most are called otherwise at both ends; where they are not, their namespaces tell.
      const ends =
        one.name === other.name
          ? [one.namespace, one.name, other.namespace, other.name]
          : [one.name, other.name];
      return text(...ends);
    }
    case "Address":
      return [...at, ...text(dev, address)];
    case "Route":
      return [...at, "to", ...text(destination, table, metric)];
    case "Rule":
      return [...at, "rule", ...text(priority), ...(family === "inet6" ? ["inet6"] : [])];
    case "Sysctl":
      return [...at, ...text(key)];
    case "Link":
      return [...at, ...text(dev), "settings"];
    case "FouPort":
      return [...at, "fou", ...text(port)];
    case "MssClamp":
      return [...at, ...text(dev), "mss"];
    case "MplsLabelTable":
      return [...at, "labels"];
    case "MplsInput":
      return [...at, ...text(dev), "mpls"];
    case "MplsRoute":
      return [...at, "label", ...text(label)];
    default:
      return [...at, ...text(name)];
  }
}

/** plain has no character that means something in an URN, or to a shell. */
function plain(text: string): string {
  return text.replace(/[^A-Za-z0-9_.-]+/g, "-");
}

/** camel joins words; numbers stay apart, as those of an address. */
function camel(text: string): string {
  const words = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  return words.reduce((before, word) => {
    if (before === "") return word.charAt(0).toLowerCase() + word.slice(1);
    const apart = /\d$/.test(before) && /^\d/.test(word) ? "_" : "";
    return before + apart + word.charAt(0).toUpperCase() + word.slice(1);
  }, "");
}

function unique(wanted: string, taken: Set<string>, separator: string): string {
  let name = wanted;
  for (let number = 2; taken.has(name); number++) name = `${wanted}${separator}${number}`;
  taken.add(name);
  return name;
}
