import fc from "fast-check";

/** What means harm where a word, a line or a listing is expected. */

/** CANARY is a file that every injection below would make in the folder that the shell is in. */
export const CANARY = "canary";

/** Words that a shell, an option parser, a batch of `ip`, nft, a terminal or a job's log may take for something else. */
export const NASTY: readonly string[] = [
  ...[
    "",
    " ",
    "\t",
    "\n",
    "\r\n",
    "'",
    '"',
    "\\",
    "`",
    "$",
    "#",
    "!",
    "*",
    "~",
    "{",
    "}",
    "(",
    ")",
    "&",
    "|",
    ";",
    "<",
  ],
  ...[
    `$(>${CANARY})`,
    `\`>${CANARY}\``,
    `;>${CANARY};`,
    `\n>${CANARY}\n`,
    `'\n>${CANARY}\n'`,
    `"$(>${CANARY})"`,
  ],
  ...[
    `' ;>${CANARY}; '`,
    `\\';>${CANARY};'`,
    `'"'"';>${CANARY};'"'"'`,
    `end\n>${CANARY}\n`,
    `$i\nend\n>${CANARY}`,
  ],
  ...[
    `x #\nlink add canary`,
    "link add canary type dummy",
    "a b",
    "it's",
    "a\\",
    "\\n",
    "$IFS",
    `\${PATH}`,
    "$((1+1))",
  ],
  ...[
    "-",
    "--",
    "-n",
    "-batch",
    "-force",
    "-json",
    "--help",
    "@0123",
    "k 0",
    "m end",
    "Command failed -:1",
    "[]",
    "{}",
  ],
  ...[
    "..",
    ".",
    "/",
    "../../etc/passwd",
    "net.ipv4.ip_forward",
    "tun0/../../x",
    "eth0",
    "any",
    "all",
    "default",
    "none",
  ],
  ...[
    "\u001b[2J",
    "\u001b]0;title\u0007",
    "\u009b31m",
    "\u202e",
    "\u0000",
    "\u0001",
    "\u007f",
    "\ud800",
    "\ufeff",
    "ü網🙂",
  ],
  ...["::error title=x::y", "\n::stop-commands::t", "##[error]x", "%0A", "<b a='\"&]]>", "\u2028"],
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "length"],
  ...[
    "0",
    "-1",
    "1e999",
    "99999999999999999999",
    "0x10",
    "NaN",
    "Infinity",
    "255.255.255.256",
    "::",
    "::ffff:1.2.3.4",
  ],
  ...[
    "10.0.0.1/33",
    "10.0.0.1 dev lo",
    "fe80::1%eth0",
    "fd00::1/129",
    "1.2.3.4 peer 5.6.7.8/32",
    "0.0.0.0/0",
  ],
  "x".repeat(300),
  "1".repeat(5000),
  '"'.repeat(3000),
  "Option ".repeat(2000),
];

const MARKS = [..." '\"\\#$`\n\t;&|<>(){}[]*?!~ab/:.%@-=,01\u0000\u001b\u202e"];

/** text is any text, most of it nasty. */
export const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...NASTY) },
  { weight: 3, arbitrary: fc.string({ unit: fc.constantFrom(...MARKS), maxLength: 24 }) },
  { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 24 }) },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.constantFrom(...NASTY), { minLength: 2, maxLength: 4 })
      .map((parts) => parts.join("")),
  },
);

/** bytes are what a host may send, which need be no text. */
export const bytes: fc.Arbitrary<Buffer> = fc.oneof(
  text.map((said) => Buffer.from(said)),
  fc.uint8Array({ maxLength: 64 }).map((said) => Buffer.from(said)),
);

/** value is any value of JSON, also with keys that objects have anyhow. */
export const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: text as fc.Arbitrary<unknown> },
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e308,
    2 ** 53,
    -0,
    [],
    {},
    [[]],
    [null],
    JSON.parse('{"__proto__":{"polluted":true}}'),
    JSON.parse('{"toString":1,"valueOf":2,"length":-1}'),
    deep(40),
    deep(200),
    Array.from({ length: 300 }, () => 7),
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

function deep(depth: number): unknown {
  let inner: unknown = "x";
  for (let level = 0; level < depth; level++) inner = level % 2 === 0 ? [inner] : { a: inner };
  return inner;
}

/** Change is one thing that is done to what was said: where, by a share of the whole, and with what. */
type Change = readonly [kind: number, at: number, to: number, text: string, value: unknown];

const change: fc.Arbitrary<Change> = fc.tuple(
  fc.nat({ max: 6 }),
  fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  fc.nat({ max: 200 }),
  text,
  value,
);

/** Changes are what makes a lie out of what a host really says. */
export interface Lie {
  readonly values: readonly Change[];
  readonly texts: readonly Change[];
}

export const lie: fc.Arbitrary<Lie> = fc.record({
  values: fc.array(change, { maxLength: 3 }),
  texts: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(change, { maxLength: 2 }) },
  ),
});

/** told is what was said, changed: its values where it is JSON, and then its text. */
export function told(said: string, { values, texts }: Lie): string {
  return texts.reduce(textChanged, values.reduce(jsonChanged, said));
}

function jsonChanged(said: string, [kind, at, , insertion, replacement]: Change): string {
  let tree: unknown;
  try {
    tree = JSON.parse(said);
  } catch {
    return said;
  }
  const places = placesIn(tree);
  const place = places[Math.floor(at * places.length)];
  if (place === undefined) return JSON.stringify(replacement);
  const { holder, key } = place;
  if (kind === 0) delete holder[key];
  else if (kind === 1 && !Array.isArray(holder))
    Object.defineProperty(holder, insertion.slice(0, 20), { value: holder[key], enumerable: true });
  else if (kind === 2 && Array.isArray(holder)) holder.push(...holder);
  else holder[key] = replacement;
  return JSON.stringify(tree);
}

interface Place {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

function placesIn(tree: unknown): Place[] {
  if (typeof tree !== "object" || tree === null) return [];
  const holder = tree as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesIn(holder[key])]);
}

function textChanged(said: string, [kind, at, length, insertion]: Change): string {
  const from = Math.floor(at * (said.length + 1));
  const [before, cut, after] = [
    said.slice(0, from),
    said.slice(from, from + length),
    said.slice(from + length),
  ];
  switch (kind) {
    case 0:
      return before;
    case 1:
      return after;
    case 2:
      return before + after;
    case 3:
      return before + cut + cut + after;
    case 4:
      return insertion;
    default:
      return before + insertion + after;
  }
}
