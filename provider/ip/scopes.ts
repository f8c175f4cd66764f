/** How far an address or a route reaches, in the kernel's numbering (RT_SCOPE_UNIVERSE … in linux/rtnetlink.h). */
const SCOPES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "0": "global",
    "200": "site",
    "253": "link",
    "254": "host",
    "255": "nowhere",
  }),
);

/** scopeNamed gives a scope its name: iproute2 prints names or, told to be numeric, numbers. */
export function scopeNamed(text: string): string {
  return SCOPES.get(text) ?? text;
}
