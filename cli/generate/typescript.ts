import type { Left } from "../../provider/existing/candidates";
import { contracts } from "../../provider/index";
import { grouped } from "../grouped";
import { clean, counted, literal } from "../report/text";
import type { Target } from "../target";
import { leftLines } from "./left";
import type { Planned } from "./plan";
import { comment, LONGEST_LINE, wordsOf } from "./words";

/** Section is what a program has of one host. */
export interface Section {
  readonly target: Target;
  /** The variable with the connection. */
  readonly variable: string;
  readonly objects: readonly Planned[];
  readonly left: readonly Left[];
}

/** typescript is a program that takes over what is there. */
export function typescript(sections: readonly Section[]): string {
  const objects = sections.flatMap((section) => section.objects);
  const types = [...new Set(objects.map(({ type }) => type))].sort();
  const secrets = sections.flatMap(({ target }) => target.secrets);
  const hosts = sections.map(({ target }) => clean(target.label)).join(", ");
  const paragraphs = [
    comment(
      `Made by \`pulumi-ipip generate\`: ${counted(objects.length, "object")} of ${hosts}. The first \`pulumi up\` takes ` +
        "them over, and changes nothing on a host but whose they are: the alias of a device, the protocol of a route or a rule.",
    ),
    [
      ...(secrets.length === 0 ? [] : ['import * as pulumi from "@pulumi/pulumi";']),
      imported(["type ConnectionArgs", ...types]),
    ],
    ...(secrets.length === 0
      ? []
      : [
          [
            ...comment(
              `Secrets of the log-in: ${secrets.map(({ config }) => `\`pulumi config set --secret ${config}\``).join(", ")}.`,
            ),
            "const config = new pulumi.Config();",
          ],
        ]),
    [
      ...comment("Takes over what is there already. After the first `pulumi up` it is not needed any more."),
      "const adopt = true;",
    ],
    ...sections.flatMap(sectionOf),
  ];
  return `${paragraphs.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function imported(names: readonly string[]): string {
  const line = `import { ${names.join(", ")} } from "pulumi-ipip";`;
  if (line.length <= LONGEST_LINE) return line;
  return ["import {", ...names.map((name) => `  ${name},`), '} from "pulumi-ipip";'].join("\n");
}

function sectionOf({ target, variable, objects, left }: Section): string[][] {
  const start = `const ${variable}: ConnectionArgs = `;
  const secret = (path: string) => target.secrets.find((one) => one.path === path);
  const said = wordsOf(
    target.said,
    (path) => {
      const found = secret(path);
      return found && `config.requireSecret(${literal(found.config)})`;
    },
    { used: start.length + 1 },
  );
  const paragraphs = [...grouped(objects, ({ type }) => (type.endsWith("Tunnel") ? "" : type)).values()];
  return [
    [`${start}${said};`],
    ...paragraphs.map((some) => some.map((one) => statement(one, variable))),
    ...(left.length === 0
      ? []
      : [["// Left out:", ...leftLines(left).flatMap((line) => comment(`- ${line}`))]]),
  ];
}

function statement({ type, name, variable, inputs, parents, after }: Planned, connection: string): string {
  const start = `${variable === undefined ? "" : `const ${variable} = `}new ${type}(${literal(name)}, `;
  const end = `${after.length === 0 ? "" : `, { dependsOn: [${after.join(", ")}] }`});`;
  const first = [
    connection === "connection" ? connection : `connection: ${connection}`,
    ...("adopt" in (contracts[type]?.inputs.shape ?? {}) ? ["adopt"] : []),
  ];
  const words = wordsOf(inputs, (path) => parents.get(path), { used: start.length + end.length, first });
  return `${start}${words}${end}`;
}
