import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { CACHE, ROOT, Stack } from "../../lab/engine";
import { Lab } from "../../lab/lab";
import { EXPECTED_NO_CHANGES, expectSuccess } from "../support/example";
import { connectionTo, shell } from "../support/world";

/** The package as users have it: outside the repository, installed or linked, for every kind of program and Node. */

const run = promisify(execFile);
const NODE22 = join(CACHE, "node22", "bin");
const TEXT = 'exports.handler=()=>require("pulumi-ipip/provider").handlers.IpipTunnel;';

const BODY = (connection: object, name: string) => `
const connection = ${JSON.stringify(connection)};
const tunnel = new IpipTunnel("tunnel", {
  connection, name: "${name}", local: "10.99.0.11", remote: "10.99.0.200", addresses: ["192.168.50.1/30"],
});`;

describe("the package outside of the repository", () => {
  let lab: Lab;
  let base: string;
  let tarball: string;

  beforeAll(async () => {
    base = mkdtempSync(join(tmpdir(), "pulumi-ipip-"));
    lab = await Lab.start({ hosts: ["machine"] });
    tarball = await pack(ROOT, base);
    await install("installed", tarball);
    // A linked package has its own dependencies in its own folder; the program has those that are its own.
    mkdirSync(join(base, "linked", "node_modules"), { recursive: true });
    symlinkSync(
      join(base, "installed", "node_modules", "@pulumi"),
      join(base, "linked", "node_modules", "@pulumi"),
    );
    symlinkSync(ROOT, join(base, "linked", "node_modules", "pulumi-ipip"));
  });

  afterAll(async () => {
    await lab?.stop();
    rmSync(base, { recursive: true, force: true });
  });

  async function pack(folder: string, to: string): Promise<string> {
    const args = ["pack", "--ignore-scripts", "--silent", "--pack-destination", to];
    const { stdout } = await run("npm", args, { cwd: folder });
    return join(to, stdout.trim().split("\n").at(-1) ?? "");
  }

  async function install(name: string, archive: string): Promise<string> {
    const folder = join(base, name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name, private: true }));
    const { version } = JSON.parse(
      readFileSync(join(ROOT, "node_modules/@pulumi/pulumi/package.json"), "utf8"),
    );
    const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    await run("npm", [...args, archive, `@pulumi/pulumi@${version}`], { cwd: folder });
    return folder;
  }

  /** program writes a ten-line program of its own into a folder, and opens a stack for it. */
  async function program(folder: string, kind: "cjs" | "esm", device: string, node?: string): Promise<Stack> {
    const connection = connectionTo(lab.host("machine"));
    const [file, text] =
      kind === "cjs"
        ? [
            "index.js",
            `const { IpipTunnel } = require("pulumi-ipip");${BODY(connection, device)}\nexports.mtu = tunnel.effectiveMtu;`,
          ]
        : [
            "index.mjs",
            `import { IpipTunnel } from "pulumi-ipip";${BODY(connection, device)}\nexport const mtu = tunnel.effectiveMtu;`,
          ];
    writeFileSync(join(folder, file), text);
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "link", private: true, main: file }));
    writeFileSync(join(folder, "Pulumi.yaml"), "name: link\nruntime: nodejs\n");
    const home = join(base, `home-${device}`);
    return Stack.open({ program: folder, home, name: device, ...(node !== undefined && { node }) });
  }

  const rows = (["installed", "linked"] as const).flatMap((how) =>
    (["cjs", "esm"] as const).flatMap((kind) =>
      [undefined, NODE22].map((node) => ({ how, kind, node, major: node === undefined ? "here" : "22" })),
    ),
  );

  test.each(rows)("runs $how in a program of kind $kind on Node $major", async ({ how, kind, node }) => {
    const device = `t-${how.slice(0, 1)}-${kind}-${node === undefined ? "here" : "22"}`;
    const stack = await program(join(base, how), kind, device, node);
    expectSuccess(await stack.pulumi("up", "--yes", "--skip-preview"));
    await shell(lab.host("machine"), `ip link show dev ${device}`);
    expectSuccess(await stack.pulumi("preview", "--refresh", "--expect-no-changes"));
    const found = (await stack.resources()).find(({ type }) => type.endsWith(":IpipTunnel"));
    expect(found?.outputs?.__provider).toBe(TEXT);
    expect(found?.inputs?.__provider).toBe(TEXT);
    expectSuccess(await stack.pulumi("destroy", "--yes", "--skip-preview"));
    expect((await lab.host("machine").run(`ip link show dev ${device}`)).code).not.toBe(0);
  });

  test("a state made by an older build shows no change, and is destroyed by the build that is installed", async () => {
    const machine = lab.host("machine");
    // An older build: another version, and code that leaves a trace whenever it runs.
    const old = join(base, "old");
    await run("tar", ["-xzf", tarball, "-C", base]);
    await run("mv", [join(base, "package"), old]);
    const manifest = JSON.parse(readFileSync(join(old, "package.json"), "utf8"));
    writeFileSync(join(old, "package.json"), JSON.stringify({ ...manifest, version: "0.0.1" }));
    const trace = join(base, "trace");
    const entry = join(old, "dist", "provider", "index.js");
    const code = readFileSync(entry, "utf8");
    writeFileSync(entry, `require("node:fs").appendFileSync(${JSON.stringify(trace)}, "old\\n");\n${code}`);
    const folder = await install("upgraded", await pack(old, base));

    const stack = await program(folder, "cjs", "t-old");
    expectSuccess(await stack.pulumi("up", "--yes", "--skip-preview"));
    expect(readFileSync(trace, "utf8")).toContain("old");
    rmSync(trace);

    await install("upgraded", tarball);
    const same = await program(folder, "cjs", "t-old");
    expectSuccess(await same.pulumi("preview", "--expect-no-changes"));
    expectSuccess(await same.pulumi("refresh", "--yes", "--expect-no-changes"));
    await shell(machine, "ip link change t-old type ipip ttl 9");
    const found = await same.pulumi("refresh", "--preview-only", "--expect-no-changes");
    expect(found.code).toBe(EXPECTED_NO_CHANGES);
    expectSuccess(await same.pulumi("destroy", "--yes", "--skip-preview"));
    expect((await machine.run("ip link show dev t-old")).code).not.toBe(0);
    expect(() => readFileSync(trace)).toThrow(/ENOENT/);
  });
});
