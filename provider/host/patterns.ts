/** matchesPattern matches a text against one pattern of ssh_config(5): `*` is any text, `?` any one character. */
export function matchesPattern(pattern: string, text: string): boolean {
  const source = Array.from(pattern, (char) => {
    if (char === "*") return ".*";
    if (char === "?") return ".";
    return char.replace(/[\\^$.|+()[\]{}]/, "\\$&");
  }).join("");
  return new RegExp(`^${source}$`, "s").test(text);
}

/** matchesList matches a text against several, none of which may be one with `!` that matches. */
export function matchesList(patterns: readonly string[], text: string): boolean {
  const denied = patterns.some((one) => one.startsWith("!") && matchesPattern(one.slice(1), text));
  return !denied && patterns.some((one) => matchesPattern(one, text));
}
