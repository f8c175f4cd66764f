import type { Link } from "../ip/links";
import type { View } from "../ip/view";

/** End is one end of a veth pair, with where it is. */
export interface End {
  readonly netns: string | undefined;
  readonly link: Link;
}

/** otherEndOf finds the other end of a pair; none where that is in a namespace without a name. */
export function otherEndOf(end: End, devices: readonly End[], view: View): End | undefined {
  return devices.find(
    (other) => other !== end && isOtherEnd(end, other, view) && isOtherEnd(other, end, view),
  );
}

/**
 * The number of a device is its own in one namespace only. The host's own namespace has no name that another could tell:
 * then the end there must tell where this one is.
 */
function isOtherEnd({ netns, link }: End, other: End, view: View): boolean {
  if (other.link.kind !== "veth") return false;
  if (link.otherNetns === undefined) return other.netns === netns && other.link.name === link.link.name;
  const where = view.namespaceOf(link.otherNetns, netns);
  return other.netns === where && other.link.ifindex === link.link.index;
}
