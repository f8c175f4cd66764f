/** median is the middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const high = sorted[middle];
  if (high === undefined) throw new Error("there is no median of nothing");
  const low = sorted.length % 2 === 0 ? (sorted[middle - 1] ?? high) : high;
  return (low + high) / 2;
}
