import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { Configuration } from "../provider/configuration";
import type { Door } from "./door";
import { secretly, type Values } from "./resource";

/** ProviderArgs are the configuration of a provider. */
export type ProviderArgs = Values<z.input<typeof Configuration>>;

/** providerClass makes the class of the provider behind a door. */
export function providerClass(door: Door) {
  return class extends pulumi.ProviderResource {
    constructor(name: string, args: ProviderArgs = {}, opts?: pulumi.ResourceOptions) {
      const given = Object.entries(secretly(Configuration, args) as Record<string, unknown>);
      const properties = given
        .filter(([, value]) => value !== undefined)
        // The engine takes no more than texts from a program.
        .map(([key, value]) => [door.key(key), pulumi.jsonStringify(value)]);
      super(door.pkg, name, Object.fromEntries(properties), opts);
    }
  };
}
