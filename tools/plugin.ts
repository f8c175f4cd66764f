/**
 * plugin.ts: writes dist/plugin, the folder of the provider plugin: one executable file with all that it loads, so that it
 * starts fast and needs no node_modules beside it, the schema, and the licences of what is in it.
 */
import { chmodSync, copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build, type Metafile } from "esbuild";
import { version } from "../package.json";

const ROOT = resolve(__dirname, "..");
const FOLDER = join(ROOT, "dist/plugin");
const EXECUTABLE = join(FOLDER, "pulumi-resource-ipip");

async function main(): Promise<void> {
  const { metafile } = await build({
    entryPoints: [join(ROOT, "provider/plugin/main.ts")],
    outfile: EXECUTABLE,
    bundle: true,
    platform: "node",
    target: "node20",
    // ssh2 does without what is compiled for one machine.
    external: ["cpu-features", "*.node"],
    define: { PLUGIN_VERSION: JSON.stringify(version) },
    banner: { js: "#!/usr/bin/env node" },
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "none",
    metafile: true,
    absWorkingDir: ROOT,
    logLevel: "warning",
  });
  chmodSync(EXECUTABLE, 0o755);
  copyFileSync(join(ROOT, "provider/plugin/schema.json"), join(FOLDER, "schema.json"));
  writeFileSync(join(FOLDER, "LICENSES"), licences(metafile));
}

/** licences are those of the packages in the file, whose texts their licences want beside them. */
function licences({ inputs }: Metafile): string {
  const packages = Object.keys(inputs).flatMap(
    (file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? [],
  );
  return [...new Set(packages)].sort().map(licenceOf).join("\n");
}

function licenceOf(folder: string): string {
  const {
    name,
    version: its,
    license,
  } = JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8"));
  const file = readdirSync(join(ROOT, folder)).find((one) => /^licen[cs]e(\..*)?$/i.test(one));
  const text = file === undefined ? "" : `\n${readFileSync(join(ROOT, folder, file), "utf8")}`;
  return `${name} ${its}, ${license ?? "no licence named"}\n${text}`;
}

void main();
