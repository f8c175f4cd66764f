/**
 * matchesPattern matches a text against one pattern of ssh_config(5): `*` is any text, `?` any one character. A `*` that
 * did not fit takes one character more; none before it is asked again, so that no pattern takes long.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  const [wanted, given] = [Array.from(pattern), Array.from(text)];
  let [at, of] = [0, 0];
  let star: { readonly at: number; of: number } | undefined;
  while (of < given.length) {
    if (wanted[at] === "*") star = { at: at++, of };
    else if (at < wanted.length && (wanted[at] === "?" || wanted[at] === given[of])) {
      at++;
      of++;
    } else if (star !== undefined) {
      at = star.at + 1;
      of = ++star.of;
    } else return false;
  }
  return wanted.slice(at).every((one) => one === "*");
}

/** matchesList matches a text against several, none of which may be one with `!` that matches. */
export function matchesList(patterns: readonly string[], text: string): boolean {
  const denied = patterns.some((one) => one.startsWith("!") && matchesPattern(one.slice(1), text));
  return !denied && patterns.some((one) => matchesPattern(one, text));
}
