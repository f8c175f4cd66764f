/**
 * Api is the public interface of the package as a user sees it. The declarations and the reference are made from it.
 */
export interface Api {
  readonly resources: readonly Resource[];
  readonly components: readonly Component[];
  readonly lookups: readonly LookupFunction[];
  /** What the provider itself is told. */
  readonly configuration: readonly Property[];
  /** Objects within arguments and outputs, each once. */
  readonly structures: readonly Structure[];
}

export interface Resource {
  readonly name: string;
  readonly doc: string;
  /** Programs that show it. */
  readonly examples: readonly string[];
  /** The form of its ids, with the names of the arguments in capitals. */
  readonly id: string;
  readonly args: readonly Property[];
  /** All that can be read of it: the arguments, and what the host tells besides. */
  readonly outputs: readonly Property[];
}

/** Component is a class that makes resources of other classes. */
export interface Component {
  readonly name: string;
  readonly doc: string;
  readonly examples: readonly string[];
  readonly args: readonly Property[];
  readonly outputs: readonly Member[];
}

/** Member is what can be read of a component, with its type as it is written. */
export interface Member {
  readonly name: string;
  readonly doc: string;
  readonly text: string;
}

/** LookupFunction asks a host; the form for outputs is called the same with `Output` behind it. */
export interface LookupFunction {
  readonly name: string;
  readonly doc: string;
  readonly examples: readonly string[];
  readonly args: readonly Property[];
  /** The structure that is found, and whether there may be several. */
  readonly found: string;
  readonly several: boolean;
}

export interface Structure {
  readonly name: string;
  /** given is true for one that a program gives, whose values may be outputs of other resources. */
  readonly given: boolean;
  readonly doc: string;
  readonly properties: readonly Property[];
}

export interface Property {
  readonly name: string;
  readonly doc: string;
  readonly optional: boolean;
  readonly type: Type;
  readonly default?: unknown;
  readonly secret: boolean;
  /** Whether an argument can't be an output. */
  readonly fixed: boolean;
  /** What a change of an argument does; undefined for what is no argument. */
  readonly change?: Change;
}

/** Change is what happens when an argument changes. What `depends` depends on is said in the argument's doc. */
export type Change = "in place" | "replaces" | "depends";

export type Type =
  | { readonly kind: "plain"; readonly text: string; readonly choices: readonly Choice[] }
  | { readonly kind: "list"; readonly item: Type }
  /** By names that the program chooses. */
  | { readonly kind: "map"; readonly item: Type }
  | { readonly kind: "structure"; readonly name: string }
  /** The name of an object that another resource makes, or that resource itself. */
  | { readonly kind: "parent" };

/** Choice is one of the things that a plain value may be: a value of a simple type, or just this word or number. */
export type Choice = Simple | { readonly just: string | number };
export type Simple = "string" | "integer" | "number" | "boolean" | "any" | "strings";
