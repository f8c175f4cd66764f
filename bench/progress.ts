const began = performance.now();

/** say prints a line with the time since the start: "[12:34] …". */
export function say(line: string): void {
  const seconds = Math.round((performance.now() - began) / 1000);
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60].map((part) =>
    String(part).padStart(2, "0"),
  );
  console.log(`[${minutes}:${rest}] ${line}`);
}
