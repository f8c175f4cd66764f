import type { Device } from "./fake-kernel";
import { Refusal } from "./fake-refusal";
import type { Words } from "./fake-words";

/**
 * The tunnels of the fake kernel: what each kind is told, keeps and prints. Seen on Linux 6.1 with iproute2 6.1;
 * encapsulation in UDP and 6rd on Debian's own kernel, the rest on User-mode Linux.
 */

type Parameters = Readonly<Record<string, unknown>>;

export type TunnelKind = "ipip" | "sit" | "ip6tnl" | "gre" | "ip6gre";

/** A tunnel's parameters, in the words and forms of our inputs. */
export interface Tunnel {
  readonly kind: TunnelKind;
  readonly local: string;
  readonly remote: string;
  readonly dev: Device | undefined;
  readonly parameters: Parameters;
}

const of4 = { external: false, ttl: 0, tos: 0, pmtudisc: true, fwmark: 0 };
const of6 = {
  external: false,
  hoplimit: 64,
  encaplimit: 4,
  tclass: 0,
  flowlabel: 0,
  fwmark: 0,
  allowLocalremote: false,
};
const none = { type: "none", sport: 0, csum: false, csum6: false, remcsum: false };
const none6 = { ...none, csum6: true };
const greHeader = { ikey: "none", okey: "none", iseq: false, oseq: false, icsum: false, ocsum: false };
const SIX_TO_FOUR = { prefix: "2002::/16", relayPrefix: "0.0.0.0/0" };

interface Kind {
  readonly family: 4 | 6;
  readonly module: string;
  /** The device that the module makes in each namespace, and what is special about it. */
  readonly fallback: string;
  readonly usual: Parameters;
  readonly fixed: readonly string[];
}

export const KINDS: Readonly<Record<TunnelKind, Kind>> = {
  ipip: {
    family: 4,
    module: "ipip",
    fallback: "tunl0",
    usual: { ...of4, mode: "any", encap: none },
    fixed: ["mode"],
  },
  sit: {
    family: 4,
    module: "sit",
    fallback: "sit0",
    usual: { ...of4, external: undefined, mode: "ip6ip", isatap: false, sixRd: SIX_TO_FOUR, encap: none },
    fixed: ["mode", "isatap"],
  },
  ip6tnl: {
    family: 6,
    module: "ip6_tunnel",
    fallback: "ip6tnl0",
    usual: { ...of6, mode: "any", dscpInherit: false, encap: none6 },
    fixed: [],
  },
  gre: {
    family: 4,
    module: "ip_gre",
    fallback: "gre0",
    usual: { ...of4, ...greHeader, ignoreDf: false, encap: none },
    fixed: [],
  },
  ip6gre: {
    family: 6,
    module: "ip6_gre",
    fallback: "ip6gre0",
    usual: { ...of6, ...greHeader, dscpInherit: false, encap: none6 },
    fixed: [],
  },
};

export function isTunnelKind(text: string): text is TunnelKind {
  return text in KINDS;
}

/** headersOf is how many bytes a tunnel puts before each packet. */
export function headersOf({ kind, parameters }: Tunnel): number {
  const { okey, oseq, ocsum, encaplimit } = parameters;
  const options = [(okey ?? "none") !== "none", oseq === true, ocsum === true];
  const gre = kind.endsWith("gre") ? 4 + 4 * options.filter(Boolean).length : 0;
  const outer = KINDS[kind].family === 4 ? 20 : 40 + (encaplimit === "none" ? 0 : 8);
  return outer + gre + encapHeader(parameters.encap as Encap);
}

interface Encap {
  readonly type: string;
  readonly sport: number;
  readonly dport?: number;
  readonly csum: boolean;
  readonly csum6: boolean;
  readonly remcsum: boolean;
}

function encapHeader({ type, remcsum }: Encap): number {
  if (type === "none") return 0;
  return 8 + (type === "gue" ? 4 + (remcsum ? 8 : 0) : 0);
}

const encapWith = ({ encap }: Parameters, change: Partial<Encap>) => ({
  encap: { ...(encap as Encap), ...change },
});

/** What each word changes; those that take another word are told by a colon. */
const MEANINGS: Readonly<Record<string, (given: string, before: Parameters) => object>> = {
  external: () => ({ external: true }),
  "mode:": (mode) => ({ mode }),
  "ttl:": (ttl) => ({ ttl: ttl === "inherit" ? 0 : Number(ttl) }),
  "hoplimit:": (limit) => ({ hoplimit: limit === "inherit" ? 0 : Number(limit) }),
  "tos:": (tos) => ({ tos: tos === "inherit" ? 1 : Number(tos) }),
  "tclass:": (tclass) => ({ tclass: orInherit(tclass) }),
  "flowlabel:": (flowlabel) => ({ flowlabel: orInherit(flowlabel) }),
  "fwmark:": (fwmark) => ({ fwmark: orInherit(fwmark) }),
  "encaplimit:": (limit) => ({ encaplimit: limit === "none" ? limit : Number(limit) }),
  pmtudisc: () => ({ pmtudisc: true }),
  nopmtudisc: () => ({ pmtudisc: false }),
  "allow-localremote": () => ({ allowLocalremote: true }),
  "noallow-localremote": () => ({ allowLocalremote: false }),
  "dscp:": () => ({ dscpInherit: true }),
  isatap: () => ({ isatap: true }),
  noisatap: () => ({ isatap: false }),
  "6rd-prefix:": (prefix, { sixRd }) => ({ sixRd: { ...(sixRd as object), prefix } }),
  "6rd-relay_prefix:": (relayPrefix, { sixRd }) => ({ sixRd: { ...(sixRd as object), relayPrefix } }),
  "ignore-df": () => ({ ignoreDf: true }),
  "noignore-df": () => ({ ignoreDf: false }),
  noencap: (_, before) => encapWith(before, { type: "none" }),
  "encap:": (type, before) => encapWith(before, { type }),
  "encap-sport:": (port, before) => encapWith(before, { sport: port === "auto" ? 0 : Number(port) }),
  "encap-dport:": (port, before) => encapWith(before, { dport: Number(port) }),
  ...Object.fromEntries(
    [
      ["csum", "csum"],
      ["udp6-csum", "csum6"],
      ["remcsum", "remcsum"],
    ].flatMap(([word, key = ""]) => [
      [`encap-${word}`, (_: string, before: Parameters) => encapWith(before, { [key]: true })],
      [`noencap-${word}`, (_: string, before: Parameters) => encapWith(before, { [key]: false })],
    ]),
  ),
  "ikey:": (key) => ({ ikey: Number(key) }),
  noikey: () => ({ ikey: "none" }),
  "okey:": (key) => ({ okey: Number(key) }),
  nookey: () => ({ okey: "none" }),
  ...Object.fromEntries(
    ["iseq", "oseq", "icsum", "ocsum"].flatMap((word) => [
      [word, () => ({ [word]: true })],
      [`no${word}`, () => ({ [word]: false })],
    ]),
  ),
};

function orInherit(word: string): number | "inherit" {
  return word === "inherit" ? word : Number(word);
}

/** tunnelIn reads what a kind of tunnel is told, on top of what it has. */
export function tunnelIn(
  kind: TunnelKind,
  words: Words,
  device: (name: string) => Device,
  before?: Tunnel,
): Tunnel {
  let { local, remote, dev } = before ?? { local: "any", remote: "any", dev: undefined };
  // Of encapsulation iproute2 does not keep what it isn't told again.
  let parameters: Record<string, unknown> = {
    ...(before?.parameters ?? KINDS[kind].usual),
    encap: KINDS[kind].usual.encap,
  };
  while (!words.done) {
    const word = words.next();
    if (word === "local") local = words.next();
    else if (word === "remote") remote = words.next();
    else if (word === "dev") dev = device(words.next());
    else {
      const plain = MEANINGS[word];
      const meaning = plain ?? MEANINGS[`${word}:`];
      if (meaning === undefined) throw words.strange(`there is no ${word}`);
      const change = meaning(plain ? "" : words.next(), parameters);
      if (!Object.keys(change).every((key) => key in parameters))
        throw words.strange(`${kind} has no ${word}`);
      parameters = { ...parameters, ...change };
    }
  }
  const { ttl, pmtudisc } = parameters;
  if (ttl !== undefined && ttl !== 0 && !pmtudisc)
    throw new Refusal(255, "ttl != 0 and nopmtudisc are incompatible");
  if (parameters.external === true) {
    const none = { ttl: 0, hoplimit: 0, encaplimit: 0 };
    const own = Object.entries(none).filter(([key]) => key in parameters);
    parameters = { ...KINDS[kind].usual, ...Object.fromEntries(own), external: true };
    if ("mode" in parameters) parameters.mode = "any";
    [local, remote] = ["any", "any"];
  }
  return { kind, local, remote, dev, parameters };
}

/** tunnelJson is the `info_data` of a listing; `below` is the name of the device below. */
export function tunnelJson({ kind, local, remote, parameters }: Tunnel, below: string | undefined): object {
  const { external, mode, fwmark, ignoreDf, isatap, sixRd } = parameters;
  const encap = parameters.encap as Encap;
  return {
    ...(external === true && { external }),
    ...(mode !== undefined && { proto: mode }),
    remote,
    local,
    ...(below !== undefined && { link: below }),
    ...(KINDS[kind].family === 4 ? outer4Json(parameters) : outer6Json(parameters)),
    ...(isatap === true && { isatap }),
    ...(sixRd !== undefined && sixRdJson(sixRd as typeof SIX_TO_FOUR)),
    ...(ignoreDf === true && { ignore_df: true }),
    ...Object.fromEntries(
      ["ikey", "okey"]
        .filter((key) => (parameters[key] ?? "none") !== "none")
        .map((key) => [key, dotted(Number(parameters[key]))]),
    ),
    ...Object.fromEntries(
      ["iseq", "oseq", "icsum", "ocsum"].filter((key) => parameters[key] === true).map((key) => [key, true]),
    ),
    ...(fwmark === "inherit"
      ? { ip6_tnl_f_use_orig_fwmark: true }
      : fwmark !== 0 && { fwmark: hexadecimal(fwmark) }),
    ...(encap.type !== "none" && { encap }),
  };
}

function sixRdJson({ prefix, relayPrefix }: typeof SIX_TO_FOUR): object {
  const [address, length] = prefix.split("/");
  const [relay, relayLength] = relayPrefix.split("/");
  return {
    ...{ prefix: address, prefixlen: Number(length) },
    ...(relay !== "0.0.0.0" && { relay_prefix: relay, relay_prefixlen: Number(relayLength) }),
  };
}

function outer4Json({ ttl, tos, pmtudisc }: Parameters): object {
  return { ttl, ...(tos !== 0 && { tos: hexadecimal(tos) }), pmtudisc };
}

function outer6Json(parameters: Parameters): object {
  const { hoplimit, encaplimit, tclass, flowlabel, allowLocalremote, dscpInherit } = parameters;
  return {
    ttl: hoplimit,
    ...(encaplimit === "none" ? { ip6_tnl_f_ign_encap_limit: true } : { encap_limit: encaplimit }),
    ...(tclass === "inherit" ? { ip6_tnl_f_use_orig_tclass: true } : { tclass: hexadecimal(tclass, 2) }),
    ...(flowlabel === "inherit"
      ? { ip6_tnl_f_use_orig_flowlabel: true }
      : { flowlabel: hexadecimal(flowlabel, 5) }),
    ...(dscpInherit === true && { ip6_tnl_f_rcv_dscp_copy: true }),
    ...(allowLocalremote === true && { ip6_tnl_f_allow_local_remote: true }),
  };
}

const hexadecimal = (value: unknown, digits = 1) => `0x${Number(value).toString(16).padStart(digits, "0")}`;

const dotted = (key: number) => [24, 16, 8, 0].map((bits) => (key >>> bits) & 255).join(".");
