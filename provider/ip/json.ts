/**
 * readJson reads what `ip -json` prints. Of a route with an encapsulation iproute2 prints some keys twice: first the
 * route's own, then the encapsulation's (`"dst":"10.0.0.0/24","encap":"mpls","dst":"100"`). JSON.parse would keep the
 * last, so the second is named anew.
 */
export function readJson(text: string): unknown {
  return JSON.parse(text.includes('"encap"') ? withoutRepetition(text) : text);
}

/** AGAIN stands before a key that its object has already. */
export const AGAIN = "again:";

function withoutRepetition(text: string): string {
  const open: Set<string>[] = [];
  return text.replaceAll(/"((?:[^"\\]|\\.)*)"(\s*:)?|[{}]/g, (token, name: string, colon?: string) => {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    const keys = open.at(-1);
    if (colon === undefined || keys === undefined) return token;
    if (keys.has(name)) return `"${AGAIN}${name}"${colon}`;
    keys.add(name);
    return token;
  });
}
