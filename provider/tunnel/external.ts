import { z } from "zod";
import { attribute } from "./attribute";

export const external = {
  /**
   * Whether each packet brings its own outer header, put there by a route (`encap ip`), tc or a program
   * (`external`, ip-link(8)). Such a device has no `local`, `remote` or other parameter, and a namespace has one of a
   * kind. Going from or to it replaces the device.
   */
  external: z.boolean().default(false),
};

export const externalAttribute = attribute<boolean>(
  "external",
  (on) => (on ? ["external"] : []),
  (info) => info.external === true,
  false,
);
