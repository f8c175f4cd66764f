import { execFile } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../../lab/engine";
import { Lab } from "../../lab/lab";
import { EXPECTED_NO_CHANGES, expectSuccess } from "../support/example";
import { FINDS_PLUGIN, LANGUAGES, type Language, PLUGIN, PYTHON, programIn } from "../support/languages";
import { wholeProgram } from "../support/paper";
import { connectionTo, shell, snapshot, type Workplace } from "../support/world";

/** One that finds a thing, and two that find several, of which one has an argument that is known when it was made. */
const LOOKUPS = `
tunnel = ipip.get_tunnel_output(host="a", name=a.name)
tunnels = ipip.get_tunnels_output(host="a", opts=pulumi.InvokeOutputOptions(depends_on=[a]))
private = a.name.apply(lambda _: ipip.get_links(host="a", namespace="private"))
pulumi.export("kind", tunnel.tunnel.kind)
pulumi.export("remotes", tunnels.tunnels.apply(lambda found: [one.remote for one in found]))
pulumi.export("devices", private.links.apply(lambda found: [one.name for one in found]))
`;

const HOSTS = ["a", "b"] as const;
/** One that nobody asks for, where the key will do. */
const PASSWORD = "not to be read in a state";
const places: Workplace[] = [];
let before: unknown;
let lab: Lab;

beforeAll(async () => {
  lab = await Lab.start({ hosts: [...HOSTS] });
  before = await snapshots();
});

afterAll(async () => {
  for (const place of places) place.close();
  await lab?.stop();
});

const snapshots = () => Promise.all(HOSTS.map((host) => snapshot(lab.host(host))));

const config = () => ({
  "ipip:hosts": {
    a: { ...connectionTo(lab.host("a")), password: PASSWORD },
    b: connectionTo(lab.host("b")),
  },
  aUnderlay: lab.host("a").address,
  bUnderlay: lab.host("b").address,
});

async function started(language: Language) {
  const place = await programIn(language);
  places.push(place);
  place.stack.configure(config());
  return { ...place, up: () => place.stack.pulumi("up", "--yes", "--skip-preview") };
}

async function works(namespaceOfA = "private"): Promise<void> {
  await shell(lab.host("a"), `ip netns exec ${namespaceOfA} ping -c 2 -i 0.2 -W 5 10.10.2.2`);
  await shell(lab.host("b"), "ip netns exec private ping -c 2 -i 0.2 -W 5 10.10.1.2");
}

async function destroyed({ stack }: Workplace): Promise<void> {
  expectSuccess(await stack.pulumi("destroy", "--yes", "--skip-preview"));
  expect(await snapshots()).toEqual(before);
}

test("the engine reads the schema out of the plugin as it was written", async () => {
  const { stack } = await started("yaml");
  const run = await stack.pulumi("package", "get-schema", join(PLUGIN, "pulumi-resource-ipip"));
  expectSuccess(run);
  const written = readFileSync(join(ROOT, "provider/plugin/schema.json"), "utf8");
  expect(JSON.parse(run.stdout)).toEqual(JSON.parse(written));
});

test("a program in YAML makes a tunnel that works, repairs it, replaces what it must and leaves nothing", async () => {
  const place = await started("yaml");
  const { stack, up } = place;
  expectSuccess(await up());
  await works();
  const state = await stack.pulumi("stack", "export");
  expect(state.stdout).toContain("ciphertext");
  expect(state.stdout).not.toContain(PASSWORD);

  await shell(lab.host("a"), "ip link delete tun0");
  await shell(lab.host("b"), "ip link change tun0 type ipip ttl 17");
  const found = await stack.pulumi("refresh", "--preview-only", "--expect-no-changes", "--diff");
  expect(found.code).toBe(EXPECTED_NO_CHANGES);
  for (const name of ["a-tunnel", "a-to-other", "b-tunnel"]) expect(found.stdout).toContain(`::${name}`);
  expectSuccess(await up());
  await works();

  // Two tunnels and the routes through them; a namespace, the cable that leads into it and the route within.
  const program = join(stack.program, "Pulumi.yaml");
  const text = readFileSync(program, "utf8");
  writeFileSync(program, text.replace("host: a, name: private", "host: a, name: inner"));
  stack.configure({ ...config(), tunnel: "tun9" });
  const replaced = await up();
  expectSuccess(replaced);
  expect(replaced.stdout).toMatch(/\+-\s*7 replaced/);
  await works("inner");
  expectSuccess(await stack.pulumi("preview", "--expect-no-changes"));
  await destroyed(place);
});

test("YAML is told of an argument that there is not, and of a value that can't be", async () => {
  const { stack } = await started("yaml");
  const program = join(stack.program, "Pulumi.yaml");
  const text = readFileSync(program, "utf8");
  writeFileSync(program, text.replace(/ttl: (?=\$)/, "ttll: ").replace(/ttl: \$.*/, "mode: ipp"));
  const run = await stack.pulumi("preview");
  expect(run.code).not.toBe(0);
  expect(run.stdout).toContain("ttll does not exist on 'ipip:index:IpipTunnel'");
  expect(run.stdout).toMatch(/Allowed values are.*"mplsip"/);
});

test("a program in Python is checked, makes a tunnel that works, and leaves nothing", async () => {
  const place = await started("python");
  const mypy = (file: string) =>
    promisify(execFile)(join(PYTHON, "mypy"), ["--strict", file], { cwd: place.stack.program });
  await mypy("__main__.py");
  const text = readFileSync(join(place.stack.program, "__main__.py"), "utf8");
  writeFileSync(join(place.stack.program, "wrong.py"), text.replace("ttl=ttl", "persist=True"));
  await expect(mypy("wrong.py")).rejects.toThrow();

  appendFileSync(join(place.stack.program, "__main__.py"), LOOKUPS);
  expectSuccess(await place.up());
  await works();
  const { stdout } = await place.stack.pulumi("stack", "output", "--json");
  const { address } = lab.host("b");
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ kind: "ipip", remotes: [address] },
    // The kernel's own tunnels are there too.
    devices: expect.arrayContaining(["lo"]),
  });
  await destroyed(place);
});

test("a program in Go makes a tunnel that works, and leaves nothing", async () => {
  const place = await started("go");
  expectSuccess(await place.up());
  await works();
  await destroyed(place);
});

test.each([
  ["yaml", "docs/languages.md", 4],
  ["python", "docs/languages.md", 4],
  ["go", "docs/languages.md", 4],
  ["yaml", "docs/registry/how-to-two-hosts.md", 8],
  ["yaml", "docs/registry/installation-configuration.md", 3],
] as const)("the program in %s of %s can be run", async (language, name, count) => {
  const place = await programIn(language);
  places.push(place);
  const { stack } = place;
  const program = wholeProgram(readFileSync(join(ROOT, name), "utf8"), language);
  const text = program.replace(/^name: .*$/m, "name: yaml-two-hosts");
  const file = join(stack.program, LANGUAGES[language]);
  writeFileSync(file, `${text}${language === "yaml" ? FINDS_PLUGIN : ""}`);
  const [berlin, paris] = [connectionTo(lab.host("a")), connectionTo(lab.host("b"))];
  stack.configure({ "ipip:hosts": { berlin, paris } });
  const run = await stack.pulumi("preview");
  expectSuccess(run);
  expect(run.stdout).toContain(`+ ${count} to create`);
});
