/** How much of what a host complains of is kept, of its beginning and of its end; it has room for some hundred lines. */
const KEPT = 4096;

/**
 * excerptOf is what goes into messages and is looked through for what they mean, which a host may make as long as it
 * likes. What ended a batch stands at the end.
 */
export function excerptOf(text: string): string {
  const left = text.length - 2 * KEPT;
  if (left <= 0) return text;
  return `${text.slice(0, KEPT)}\n[${left} characters left out]\n${text.slice(-KEPT)}`;
}
