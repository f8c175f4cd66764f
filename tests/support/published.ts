import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import ts from "typescript";
import type { Api } from "../../tools/api/model";
import { readApi } from "../../tools/api/read";
import { declarations } from "../../tools/declarations";

const ROOT = resolve(__dirname, "../..");
/** A folder that is nowhere on disk, from which this repository's node_modules are found. */
const PROGRAM = join(ROOT, ".cache/program");

export const strict: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ["node"],
};

/** Published is the package as the compiler of a user sees it: a package.json and the declarations, and no source. */
export class Published {
  private readonly parsed = new Map<string, ts.SourceFile | undefined>();

  private constructor(
    readonly api: Api,
    readonly types: string,
  ) {}

  static async make(): Promise<Published> {
    const api = await readApi();
    return new Published(api, declarations(api));
  }

  /** program compiles files of a user's, and is the compiler's answer. */
  program(files: Readonly<Record<string, string>>, options: ts.CompilerOptions = strict): ts.Program {
    const memory = new Map([
      [
        join(PROGRAM, "node_modules/pulumi-ipip/package.json"),
        readFileSync(join(ROOT, "package.json"), "utf8"),
      ],
      [join(PROGRAM, "node_modules/pulumi-ipip/dist/sdk/index.d.ts"), this.types],
      ...Object.entries(files).map(([name, text]) => [join(PROGRAM, name), text] as const),
    ]);
    const folders = new Set([...memory.keys()].flatMap(parents));
    const host = ts.createCompilerHost(options);
    const { readFile, fileExists, directoryExists, getSourceFile } = host;
    host.getCurrentDirectory = () => PROGRAM;
    host.readFile = (file) => memory.get(file) ?? readFile(file);
    host.fileExists = (file) => memory.has(file) || fileExists(file);
    host.directoryExists = (folder) => folders.has(folder) || directoryExists?.(folder) === true;
    host.realpath = (path) => path;
    host.getSourceFile = (file, version, ...more) => {
      const text = memory.get(file);
      if (text !== undefined) return ts.createSourceFile(file, text, version, true);
      // Libraries are the same for every program, and dear to read.
      const key = `${file} ${JSON.stringify(version)}`;
      if (!this.parsed.has(key)) this.parsed.set(key, getSourceFile(file, version, ...more));
      return this.parsed.get(key);
    };
    const roots = Object.keys(files).map((name) => join(PROGRAM, name));
    return ts.createProgram({ rootNames: roots, options, host });
  }

  /** errors lists what the compiler finds wrong in files of a user's and in the declarations. */
  errors(files: Readonly<Record<string, string>>, options: ts.CompilerOptions = strict): string[] {
    return ts
      .getPreEmitDiagnostics(this.program(files, options))
      .filter(({ file }) => file === undefined || file.fileName.startsWith(PROGRAM))
      .map(({ file, start, messageText }) => {
        const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start ?? 0).line + 1;
        const name = file?.fileName.slice(PROGRAM.length + 1) ?? "";
        return `${name}:${line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
      });
  }
}

function parents(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [parent, ...parents(parent)];
}
