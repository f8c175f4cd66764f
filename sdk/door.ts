import * as pulumi from "@pulumi/pulumi";

/** Door is one of the two ways by which the engine comes to our code. */
export interface Door {
  /** The package whose provider it is. */
  readonly pkg: string;
  /** What the engine calls a type of resource. */
  type(name: string): string;
  /** What the bag of a resource of a type has besides its inputs. */
  bridge(name: string): pulumi.Inputs;
  /** What the configuration of the provider has a key called. */
  key(name: string): string;
}

/** dynamic: the code is run by Pulumi's own plugin for dynamic resources, out of the program's node_modules. */
export const dynamic: Door = {
  pkg: "pulumi-nodejs",
  type: (name) => `pulumi-nodejs:dynamic/ipip:${name}`,
  bridge: (name) => ({
    ...(asksForCommands() && { __commands: true }),
    // All that the state keeps of our code. It is the same for ever, so an upgrade is no change, and a state of any age
    // is refreshed and destroyed by the code that is installed then.
    __provider: `exports.handler=()=>require("pulumi-ipip/provider").handlers.${name};`,
  }),
  key: (name) => `ipip:${name}`,
};

/** plugin: the code is a plugin of its own, `pulumi-resource-ipip`. */
export const plugin: Door = {
  pkg: "ipip",
  type: (name) => `ipip:index:${name}`,
  bridge: () => ({}),
  key: (name) => name,
};

export const doors: readonly Door[] = [dynamic, plugin];

/** asksForCommands: the stack's configuration wants to see at preview what would be run. */
function asksForCommands(): boolean {
  return pulumi.runtime.isDryRun() && new pulumi.Config("ipip").getBoolean("showCommands") === true;
}
