import { writeFileSync } from "node:fs";
import fc from "fast-check";
import { failedLine, withoutBatchNoise } from "../../provider/host/batch";
import { Collector } from "../../provider/host/collector";
import { endpointOf } from "../../provider/host/endpoint";
import { excerptOf } from "../../provider/host/excerpt";
import { knownKeys } from "../../provider/host/known-hosts";
import { matchesPattern } from "../../provider/host/patterns";
import { privateKeyIn } from "../../provider/host/private-key";
import { sectionsOf } from "../../provider/host/script";
import { readAlias } from "../../provider/host/ssh-config";
import { ENDED, type Order, Told, toldOnce } from "../../provider/host/teller";
import { advise } from "../../provider/ip/advice";
import { fousOf } from "../../provider/ip/fou";
import { readJson } from "../../provider/ip/json";
import { linksOf } from "../../provider/ip/links";
import { labelRoutesOf } from "../../provider/ip/mpls";
import { observedNexthops } from "../../provider/ip/nexthops";
import { pathOf } from "../../provider/ip/path";
import { routesOf } from "../../provider/ip/routes";
import { rulesOf } from "../../provider/ip/rules";
import { scopeNamed } from "../../provider/ip/scopes";
import { ask, View } from "../../provider/ip/view";
import * as net from "../../provider/net";
import { dangerOf } from "../../provider/path/danger";
import { questions, wayOf } from "../../provider/path/way";
import { countersOf, grown } from "../../provider/probe/counters";
import { dropped, mayDrop } from "../../provider/probe/firewall";
import { pingOf } from "../../provider/probe/ping";
import { wayOf as probedWay } from "../../provider/probe/way";
import { tunnelProbe } from "../../provider/resources/tunnel-probe";
import { visible, visibleText } from "../../provider/visible";
import { CONNECTION } from "../support/mini-engine";
import { bytes, type Lie, lie, NASTY, text, told, value } from "./hostile";
import { KEY, LOCKED, PKCS8 } from "./keys";
import { ENDPOINT, LyingHost } from "./lying-host";
import * as said from "./samples-of-hosts";
import { type Target, target } from "./target";

const NONCE = "0123456789abcdef0123456789abcdef";
const lies = fc.array(lie, { minLength: 1, maxLength: 4 });
const PACKETS = { dev: "tun0", protocols: [1, 4], addresses: ["192.168.50.2", "10.99.0.12"] };

/** said by a host, and then changed. */
const lieOf = (...samples: readonly string[]) =>
  fc.tuple(fc.constantFrom(...samples), lie).map(([sample, one]) => told(sample, one));

/** A reader of one listing, by way of the view that turns what can't be read into an error of ours. */
function listing(
  name: string,
  samples: readonly string[],
  read: (view: View) => unknown,
  queries = ask.links(),
) {
  return target(`listing: ${name}`, lieOf(...samples), (stdout) => {
    const answers = queries.map(() => ({ code: 0, stdout, stderr: "" }));
    insistOnPlain(read(new View("liar", queries, answers)));
    return true;
  });
}

/** What is read has no type but those of JSON, and is no object that all objects have. */
function insistOnPlain(read: unknown): void {
  JSON.stringify(read, (_key, inner: unknown) => {
    if (typeof inner === "function" || inner === Object.prototype)
      throw new Error("a piece of the program was read");
    if (typeof inner === "object" && inner !== null && !Array.isArray(inner)) {
      if (Object.getPrototypeOf(inner) !== Object.prototype) throw new Error("it has another prototype");
    }
    return inner;
  });
}

const order = fc.record<Order>({
  netns: fc.constantFrom(undefined, "red"),
  text: fc.constant("link show"),
  asks: fc.boolean(),
  learns: fc.boolean(),
});

/** Lines that the process may print, among them those that mean something. */
const line = fc.oneof(
  text.map((one) => one.replaceAll("\n", " ")),
  fc.constantFrom(
    "[]",
    "[ ]",
    "[{}]",
    "Command failed -:1",
    "lo UNKNOWN",
    `@${NONCE} 1`,
    `@${NONCE} 0`,
    `@${NONCE} x`,
    " 0",
  ),
);

const KNOWN = `# comment
203.0.113.1,*.example.com,!bad.example.com ${KEY.public}
[203.0.113.1]:2222 ${KEY.public} someone
|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ${KEY.public}
@revoked * ${KEY.public}
@cert-authority *.example.com ${KEY.public}
`;
const CONFIG = `Host a b* !c
  HostName %h.example.com
  User admin
  Port 2222
  IdentityFile ~/.ssh/%n "with blanks"
  ProxyJump me@jump:22,[fd00::1]:2200
Match host *.example.com user admin
  UserKnownHostsFile \${HOME}/known none
Host jump
  IdentityAgent none
`;

const CONTROL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const COMMAND = /^\s*::.*::|##\[/;

const schemas = [
  net.IfName,
  net.OwnIfName,
  net.NetnsName,
  net.Ipv4,
  net.Ipv6,
  net.Ipv4OrAny,
  net.Ipv6OrAny,
  net.Ip,
];
const forms = [...schemas, net.Cidr, net.Destination, net.Mac];

/** ofHosts are all that read what a host says, and what files say of hosts. `scratch` is a file to write. */
export function ofHosts(scratch: string): Target[] {
  return [
    target("text of JSON", lieOf(said.ENCAPSULATED, said.LINKS), (listed) => {
      try {
        readJson(listed);
        return true;
      } catch (error) {
        if (error instanceof SyntaxError) return false;
        throw error;
      }
    }),
    listing("links", [said.LINKS, said.DEVICE], (view) => view.links()),
    listing(
      "namespaces",
      [said.NAMESPACES],
      (view) => [view.namespaces(), view.namespaceOf(1)],
      ask.namespaces(),
    ),
    listing("routes", [said.ROUTE, said.ENCAPSULATED], (view) => view.ownRoutes(4), ask.ownRoutes(4)),
    listing("rules", [said.RULES], (view) => view.rules(6), ask.rules(6)),
    listing("FOU", [said.FOUS], (view) => view.fous(), ask.fous()),
    listing("labels", [said.LABELS], (view) => view.labelRoutes(), ask.labelRoutes()),
    listing(
      "path",
      [said.WAY],
      (view) => view.pathMtu({ remote: "10.0.0.1" }),
      ask.path({ remote: "10.0.0.1" }),
    ),
    listing("nft", [said.CLAMP, said.TABLES], (view) => view.nftTable("x"), ask.nftTableAlone("x")),
    target("entries of listings", fc.array(value, { maxLength: 4 }), (entries) => {
      const readers = [
        linksOf,
        fousOf,
        labelRoutesOf,
        pathOf,
        rulesOf,
        (some: readonly unknown[]) => routesOf(6, some, {}),
      ];
      return readers.map((read) => readable(() => read(entries))).includes(true);
    }),
    target("ways of a route", fc.tuple(lies, fc.array(value, { maxLength: 3 })), ([, hops]) => {
      const found = hops.map((dev) => ({ dev: dev as string }));
      return observedNexthops(found, [{ dev: "u0" }, ...found]).length > 0;
    }),
    target(
      "words for numbers",
      text,
      (word) => typeof scopeNamed(word) === "string" && advise(word) !== undefined,
    ),
    target(
      "sections",
      fc.tuple(fc.array(fc.oneof(bytes, marker()), { maxLength: 8 }), fc.array(bytes, { maxLength: 3 })),
      ([out, err]) => {
        const sections = sectionsOf(Buffer.concat(out), Buffer.concat(err), NONCE);
        return [...sections.values()].every(
          ({ stdout, stderr }) => typeof stdout === "string" && typeof stderr === "string",
        );
      },
    ),
    target(
      "collector",
      fc.tuple(fc.array(fc.oneof(bytes, marker()), { maxLength: 8 }), fc.nat(3)),
      async ([chunks, times]) => {
        const collector = new Collector();
        for (const chunk of chunks) collector.push(chunk);
        collector.end(new Error("over"));
        let found = 0;
        for (let time = 0; time <= times; time++) {
          const marked = await collector.until(NONCE, "\n").catch(() => undefined);
          if (marked !== undefined) found++;
        }
        return found > 0;
      },
    ),
    target("one long-lived ip", fc.tuple(order, fc.array(line, { maxLength: 8 })), ([one, lines]) =>
      ending(() => {
        const told = new Told(one, `@${NONCE}`);
        return lines.some((each) => told.take(each) !== undefined);
      }),
    ),
    target(
      "one ip for all",
      fc.tuple(fc.array(order, { maxLength: 4 }), fc.array(line, { maxLength: 8 }), text, fc.nat(255)),
      ([orders, lines, stderr, code]) =>
        ending(() => toldOnce(orders, { code, stdout: lines.join("\n"), stderr }).length <= orders.length),
    ),
    target("batch", fc.tuple(text, text, fc.array(line, { maxLength: 4 })), ([stdout, stderr, lines]) => {
      const answer = { code: 1, stdout, stderr: `${lines.join("\n")}\n${stderr}` };
      withoutBatchNoise(answer);
      return failedLine(answer) >= 0;
    }),
    target(
      "ends of a connection",
      fc.oneof(text, lieOf("10.0.0.1 1 10.0.0.2 22", "fe80::1%eth0 1 fe80::2%eth0 22")),
      (ends) => endpointOf(ends) !== undefined,
    ),
    target(
      "known_hosts",
      fc.tuple(lieOf(KNOWN), text),
      ([file, host]) =>
        knownKeys(file, host, 22).keys.length + knownKeys(file, "203.0.113.1", 22).keys.length > 0,
    ),
    target(
      "patterns",
      fc.tuple(
        fc.string({ unit: fc.constantFrom("*", "?", "a", "b") }),
        fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 200 }),
      ),
      ([pattern, name]) => matchesPattern(pattern, name),
    ),
    target(
      "ssh_config",
      fc.tuple(lieOf(CONFIG), fc.constantFrom("a", "b1", "jump", ...NASTY)),
      async ([config, name]) => {
        writeFileSync(scratch, config);
        await readAlias(name, scratch, { host: undefined, port: undefined, user: undefined, proxied: false });
        return true;
      },
    ),
    {
      ...target(
        "private keys",
        fc.tuple(lieOf(KEY.private, LOCKED, PKCS8), fc.option(text, { nil: undefined })),
        ([key, passphrase]) => !(privateKeyIn(key, passphrase) instanceof Error),
      ),
      slow: true,
    },
    target(
      "ping",
      fc.tuple(lieOf(said.PING), lieOf("", "ping: sendmsg: Operation not permitted"), fc.nat(3)),
      ([stdout, stderr, code]) => {
        pingOf("liar", { argv: ["ping"] }, { code, stdout, stderr });
        return true;
      },
    ),
    target(
      "counters",
      fc.tuple(lieOf(said.DEVICE), lieOf(said.NETSTAT), lieOf(said.NETSTAT)),
      ([device, netstat, snmp]) => {
        const counted = countersOf(device, netstat, snmp);
        return Object.values(grown(counted, counted)).every((one) => typeof one === "number");
      },
    ),
    target(
      "firewall",
      fc.tuple(lieOf(said.RULESET), lieOf(said.RULESET)),
      ([before, after]) =>
        dropped(before, after, PACKETS).length + mayDrop(before, after, PACKETS).length > 0,
    ),
    target(
      "way of a probe",
      fc.tuple(lieOf(said.WAY), text),
      ([stdout, stderr]) => probedWay({ code: 0, stdout, stderr }).dev !== undefined,
    ),
    target("probe", lies, probes),
    target("way to the host", lies, wayToHost),
    target("visible text", text, (one) => {
      const shown = visibleText(`x\n${one}\n${one}`);
      if (CONTROL.test(visible(one)) || CONTROL.test(shown.replaceAll(/[\n\t]/g, "")))
        throw new Error("it is not visible");
      if (shown.split("\n").some((each) => COMMAND.test(each)))
        throw new Error("it is a command to a runner");
      return excerptOf(one).length <= Math.max(one.length, 10_000);
    }),
    target(
      "names and addresses",
      fc.oneof(text, lieOf("10.0.0.1/24", "fd00::1/64", "02:00:00:00:00:01", "tun0", "::ffff:10.0.0.1")),
      (one) => {
        net.inSameSubnet(one, "10.0.0.0/8");
        net.inSameSubnet("10.0.0.1/8", one);
        net.canonicalPrefix(one);
        const canonical = forms.flatMap((schema) => {
          const { data } = schema.safeParse(one);
          if (data !== undefined && schema.safeParse(data).data !== data)
            throw new Error(`${data} is not its own canonical form`);
          return data ?? [];
        });
        return canonical.length > 0;
      },
    ),
  ];
}

function marker(): fc.Arbitrary<Buffer> {
  const number = fc.oneof(fc.nat(9).map(String), fc.constantFrom("", "-1", "1e9", "NaN", "end"));
  return fc.tuple(number, number).map(([section, code]) => Buffer.from(`${NONCE} ${section} ${code}\n`));
}

function readable(read: () => unknown): boolean {
  try {
    insistOnPlain(read());
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === "ZodError") return false;
    throw error;
  }
}

/** What ends a session is no crash. */
function ending(take: () => boolean): boolean {
  try {
    return take();
  } catch (error) {
    if (error instanceof Error && error.message === ENDED) return false;
    throw error;
  }
}

async function probes(some: readonly Lie[]): Promise<boolean> {
  const inputs = { connection: CONNECTION, dev: "tun0", target: "192.168.50.2" };
  const host = new LyingHost(said.truthOf, some);
  const found = await tunnelProbe.probe(host, tunnelProbe.inputs.parse(inputs));
  if (CONTROL.test(found.reason + found.advice)) throw new Error("what it says is not visible");
  for (const { argv } of host.commands) {
    if (!["ip", "ping", "cat", "nft"].includes(argv[0] ?? "")) throw new Error(`it runs ${argv.join(" ")}`);
    if (argv[0] === "ping" && net.canonicalIp(argv.at(-1) ?? "") === undefined)
      throw new Error(`it pings ${argv.at(-1)}`);
    if (argv.some((word) => word.includes("/../") || word.includes("\0")))
      throw new Error(`it looks at ${argv.join(" ")}`);
  }
  return found.cause === "none";
}

function wayToHost(some: readonly Lie[]): boolean {
  const host = new LyingHost(said.truthOf, some);
  const queries = questions(ENDPOINT);
  const answers = queries.map((query) => host.said(query));
  const way = wayOf(ENDPOINT, new View("liar", queries, answers));
  const ip = (line: string) => ({ argv: ["ip", ...line.split(" ")] });
  const steps = [
    ...["link set dev u0 down", "address delete 10.0.0.1/24 dev u0", "route add blackhole 10.0.0.0/8"].map(
      ip,
    ),
    ...[
      "rule add priority 5 from 10.0.0.1 blackhole",
      "link delete dev tun0",
      "route delete 10.0.0.0/24 table 254",
    ].map(ip),
    { argv: ["tee", "/proc/sys/net/ipv4/conf/u0/rp_filter"], stdin: "1\n" },
  ];
  return dangerOf(steps, ENDPOINT, way) !== undefined && way !== undefined;
}
