import type { z } from "zod";
import type { Command, Host } from "./host/host";
import type { Module } from "./ip/advice";
import type { View } from "./ip/view";
import type { Exposed } from "./manager/exposed";
import type { Fields } from "./state";

/** Plain is what may go into Pulumi's state: JSON, and nothing else. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };
export type Bag = { readonly [key: string]: Plain | undefined };

/** Problem is an input that can't be: where, and what would be right. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

type Inputs<I extends z.ZodObject> = z.output<I>;

/** Observed is what a host has: the inputs as they really are, and the outputs. */
export type Observed<I extends z.ZodObject, O extends z.ZodObject> = Partial<z.output<I>> & z.output<O>;

/** Obstacle is something in the way of making an object. */
export interface Obstacle {
  /** What stands there, in a person's words. */
  readonly what: string;
  /** What takes it away, when `adopt` is set; absent when it is not to be taken over. */
  readonly remove?: readonly Command[];
  readonly advice: string;
}

/** Replaces decides on one input. A method's type, so that contracts of all types have the general one. */
type Replaces<T> = { decide(from: T | undefined, to: T | undefined): boolean }["decide"];

/** ResourceType is what is to be known of any type of resource to judge what a program says of it. */
export interface ResourceType<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
  /** The type's name in Pulumi, `IpipTunnel`. */
  readonly type: string;
  /** What the user gives. Parsing it yields the canonical form, with defaults filled in. */
  readonly inputs: I;
  /** What the host tells besides. */
  readonly outputs: O;
  /** Inputs whose change Linux can't make in place, and when; every other one is changed in place. */
  readonly replaces: { readonly [K in keyof Inputs<I>]?: Replaces<Inputs<I>[K]> };
  /** Inputs, by dotted path, that name an object whose removal removes this one too: its namespace, its device. */
  readonly containers: readonly string[];
  /** Inputs, in the same way, that name an object which this one outlives, but serves no more once it was replaced. */
  readonly replacedWith?: readonly string[];
  /** Whether a replacement must wait until the old object is gone, since both can't be there at once. */
  readonly deleteBeforeReplace: boolean;

  /** The inputs that follow from others, to be filled in; undefined is one that can't be told yet. */
  complete?(known: Partial<Inputs<I>>): { readonly [K in keyof Inputs<I>]?: Inputs<I>[K] | undefined };
  /** What is wrong between several inputs. One that is not known yet is no key of `known`; one left out is undefined. */
  problems?(known: Partial<Inputs<I>>): Problem[];
  /** Unique on its host, and made of inputs that replace. */
  id(desired: Inputs<I>): string;
  /** The object in a person's words: `tunnel tun0 in namespace host1`. */
  describe(desired: Inputs<I>): string;
}

/**
 * Contract is all that is to be known of one type of object on a host. The lifecycle does the rest, the same for all:
 * it never asks which type it has before it. F is what `parse` finds for `plan` alone, and never reaches the state.
 */
export interface Contract<
  I extends z.ZodObject = z.ZodObject,
  O extends z.ZodObject = z.ZodObject,
  F = unknown,
> extends ResourceType<I, O> {
  /**
   * The inputs that tell which object it is, by what stands in an id after the host and the namespace; undefined for what
   * is no id of this type. It is how an object is imported.
   */
  which(path: string): Fields | undefined;
  /**
   * Whether the mark tells our objects from a stranger's, but not those of one stack from another's. Then only what
   * is just as desired is taken for our own.
   */
  readonly sharedMark?: boolean;
  /**
   * Whether the object has no room for any mark, though it may be a stranger's. Then what is there already is only
   * taken over with `adopt`, and the state alone says that an object is ours.
   */
  readonly unmarked?: boolean;
  /** The kernel module that the first step from nothing may lack. */
  readonly module?: Module;
  /** Another one that the first step may lack, from nothing or not, for something that is asked for. */
  optionModule?(desired: Inputs<I>): Module | undefined;
  /**
   * Whether the first step from nothing fails when something is there already, and then changes nothing. So nobody
   * need look first.
   */
  readonly exclusive?: boolean;
  /** Whether the object is surely gone once the steps that remove it have succeeded. So nobody need look afterwards. */
  readonly removalIsProof?: boolean;

  /** What others that manage a host's network may take of the object, in the host's own namespace. */
  exposed?(desired: Inputs<I>): Exposed | undefined;

  /** How a person finds what was left on a host, where no device or route bears the mark. */
  trace?(desired: Inputs<I>): string;

  /** The questions whose answers `parse` needs. */
  observe(desired: Inputs<I>): Command[];
  /**
   * Questions about the object alone, in place of those of `observe`. Undefined where only a listing tells. `parse` may
   * find the answers to them unclear.
   */
  glance?(desired: Inputs<I>): Command[] | undefined;
  /**
   * Questions that many objects share, in place of those of `observe`: their answers tell what an object is, but not
   * that it is gone. Undefined where `observe` has no more to list.
   */
  survey?(desired: Inputs<I>): Command[] | undefined;
  /** The object as the host has it; undefined when a listing that succeeded lacks it. */
  parse(view: View, desired: Inputs<I>): (Observed<I, O> & F) | undefined;
  /** What stands in the way, when the object itself isn't there or is to be changed. */
  obstacle?(view: View, desired: Inputs<I>): Obstacle | undefined;
  /** The steps from what is observed to what is desired, undefined being nothing at all; [] when they agree. */
  plan(desired: Inputs<I> | undefined, observed: (Observed<I, O> & F) | undefined): Command[];

  /**
   * What `parse` will find for `plan` alone once the object is there as desired, to know beforehand how to take it back.
   * Left out where the plan to nothing needs no more than the inputs.
   */
  foresee?(desired: Inputs<I>): Partial<z.output<O>> & F;

  /**
   * The steps from nothing to an object that is as this one in all that the host tells, also in what the host has chosen.
   * Left out where the plan from nothing leads there.
   */
  again?(desired: Inputs<I>, observed: Observed<I, O> & F): Command[];

  /** Whether the host keeps something of an object that is not there itself. */
  lingers?(view: View, desired: Inputs<I>): boolean;
  /** The steps that take away what `before` had beside its object, whatever there is of it, and what is desired lacks. */
  forgo?(before: Inputs<I>, desired: Inputs<I> | undefined): Command[];
  /** What is observed of the object alone, without what the host keeps beside it. */
  alone?(observed: Observed<I, O> & F): Observed<I, O> & F;

  /** Whether the host tells some of what is desired only when the object is there, so that there is more to do then. */
  unfolds?(desired: Inputs<I>): boolean;
  /**
   * Inputs to work towards when some that `before` had are no longer given: what must be undone, not only let go.
   * `before` has the outputs that are remembered too.
   */
  release?(before: Partial<Inputs<I> & z.output<O>>, desired: Inputs<I>): Inputs<I>;
  /** Outputs that only the moment before the object was made can tell; they are kept from then on. */
  readonly remembers?: readonly (keyof z.output<O> & string)[];
}

/**
 * Probe is all that is to be known of one type that has no object on the host: what is looked at may take several
 * rounds, and what comes of it is the outputs. Nothing is made, so nothing is changed or removed.
 */
export interface Probe<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject>
  extends ResourceType<I, O> {
  /** What is found. It changes nothing, and asks in rounds so short that nobody else's work at the host waits long. */
  probe(host: Host, desired: Inputs<I>): Promise<z.output<O>>;
  /** Why what was found is not what the program insists on; undefined when it is, or the program does not insist. */
  failure(desired: Inputs<I>, found: Partial<z.output<O>>): Failing | undefined;
}

/** Failing is what is wrong, and what to do. */
export interface Failing {
  readonly what: string;
  readonly advice: string;
}

/** defineProbe gives a probe its types. */
export function defineProbe<I extends z.ZodObject, O extends z.ZodObject>(probe: Probe<I, O>): Probe<I, O> {
  return probe;
}

/** defineResource gives a contract its types. */
export function defineResource<I extends z.ZodObject, O extends z.ZodObject, F>(
  contract: Contract<I, O, F>,
): Contract<I, O, F> {
  return contract;
}

/** always: every change of this input replaces the object. */
export const always = () => true;

declare const parent: unique symbol;
/** Parent is the name of an object made by another resource; programs may give the resource itself. */
export type Parent = string & { readonly [parent]: true };

/** parentName marks an input as the name of an object that may be given as a resource. */
export function parentName<S extends z.ZodType<string, string>>(schema: S): z.ZodType<string, Parent> {
  return schema as unknown as z.ZodType<string, Parent>;
}
