import fc from "fast-check";
import { largestFit } from "../../../provider/probe/size";

const none = { sent: 2, received: 0 };
const all = { sent: 2, received: 2 };

/** A path that takes packets of up to some bytes, and tells what it likes of larger ones. */
function path(most: number, named: number | undefined) {
  const sizes: number[] = [];
  const send = async (size: number) => {
    sizes.push(size);
    return size <= most ? all : { ...none, ...(named !== undefined && { mtu: named }) };
  };
  return { sizes, send };
}

const wanted = fc.integer({ min: 68, max: 65_535 });

test("the largest packet that a silent path takes is found to the byte, in few tries", async () => {
  await fc.assert(
    fc.asyncProperty(wanted, fc.nat(), async (size, some) => {
      const most = 44 + (some % (size - 44));
      const { sizes, send } = path(most, undefined);
      expect(await largestFit(size, 44, none, send)).toEqual({ passed: most });
      expect(sizes.length).toBeLessThanOrEqual(16);
    }),
  );
});

test("an MTU that is named is tried at once", async () => {
  const { sizes, send } = path(1380, 1380);
  expect(await largestFit(1480, 44, { ...none, mtu: 1380 }, send)).toEqual({ passed: 1380, named: 1380 });
  expect(sizes).toEqual([1380]);
});

test("an MTU that is named and wrong does not hide the right one", async () => {
  await fc.assert(
    fc.asyncProperty(wanted, fc.nat(), fc.nat({ max: 70_000 }), async (size, some, named) => {
      const most = 44 + (some % (size - 44));
      const { send } = path(most, named);
      const { passed } = await largestFit(size, 44, { ...none, mtu: named }, send);
      // One that is too small comes through, and is taken at its word.
      expect(passed).toBe(named > 44 && named < most ? named : most);
    }),
  );
});
