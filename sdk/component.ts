import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { Value } from "./resource";

declare const fixed: unique symbol;
/** Fixed is a value that a program gives as such, since names of resources are made of it: no output, no promise. */
export interface Fixed<T> {
  readonly [fixed]: T;
}

/** fixedly marks an argument of a component as one that can't be an output. */
export function fixedly<S extends z.ZodType>(schema: S): z.ZodType<z.output<S>, Fixed<z.input<S>>> {
  return schema as unknown as z.ZodType<z.output<S>, Fixed<z.input<S>>>;
}

type FixedValue<T> = [T] extends [readonly (infer Item)[]]
  ? readonly FixedValue<Item>[]
  : [T] extends [object]
    ? ComponentArgs<T>
    : T;

type ComponentValue<T> = [T] extends [Fixed<infer Inner>] ? FixedValue<Inner> : Value<T>;

/** ComponentArgs are the arguments of a component: each as its schema takes it, or as an output unless it is fixed. */
export type ComponentArgs<T> = {
  [K in keyof T]: ComponentValue<Exclude<T[K], undefined>> | Extract<T[K], undefined>;
};

/** ComponentClass is the class of a component: what it takes, and what can be read of it. */
export interface ComponentClass<A, O> {
  new (name: string, args: A, opts?: pulumi.ComponentResourceOptions): pulumi.ComponentResource & O;
  /** Whether a value is a component of this type, also one of another copy of this package. */
  isInstance(value: unknown): value is pulumi.ComponentResource & O;
}
