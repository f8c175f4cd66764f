import { type Slot, Slots } from "../../../provider/host/slots";

const never = new AbortController().signal;
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A clock that tests set. */
let now = 0;
let slots: Slots;
beforeEach(() => {
  now = 0;
  slots = new Slots(() => now);
});

/** asked tells what has become of a wish for one of two slots. */
function asked(signal = never) {
  const wish: { slot?: Slot; failed?: unknown } = {};
  slots.take(2, signal).then(
    (slot) => Object.assign(wish, { slot }),
    (failed) => Object.assign(wish, { failed }),
  );
  return wish;
}

test("no more are lent than there are, in the order in which they are asked for", async () => {
  const wishes = [asked(), asked(), asked(), asked()];
  await turn();
  expect(wishes.map(({ slot }) => slot !== undefined)).toEqual([true, true, false, false]);
  wishes[1]?.slot?.free();
  await turn();
  expect(wishes.map(({ slot }) => slot !== undefined)).toEqual([true, true, true, false]);
});

test("one that is freed twice makes room for one", async () => {
  const [first, , ...others] = [asked(), asked(), asked(), asked()];
  await turn();
  first?.slot?.free();
  first?.slot?.free();
  await turn();
  expect(others.map(({ slot }) => slot !== undefined)).toEqual([true, false]);
});

test("the one that has rested longest gives way, and only when somebody waits", async () => {
  const closed: string[] = [];
  const [one, two] = [asked(), asked()];
  await turn();
  two.slot?.rest(() => closed.push("two"));
  one.slot?.rest(() => closed.push("one"));
  expect(closed).toEqual([]);
  expect(slots.hasRoom(2)).toBe(true);
  asked();
  expect(closed).toEqual(["two"]);
  asked();
  expect(closed).toEqual(["two", "one"]);
  expect(slots.hasRoom(2)).toBe(false);
});

test("one that is at work again is left alone, and gives way as soon as it rests", async () => {
  const closed: string[] = [];
  const [one] = [asked(), asked()];
  await turn();
  one.slot?.rest(() => closed.push("early"));
  one.slot?.hold();
  const waiting = asked();
  await turn();
  expect(waiting.slot).toBeUndefined();
  one.slot?.rest(() => closed.push("late"));
  await turn();
  expect(closed).toEqual(["late"]);
  expect(waiting.slot).toBeDefined();
});

test("one that is always at work is overdue after its turn, when somebody waits", async () => {
  const [one] = [asked(), asked()];
  await turn();
  now = 60_000;
  expect(one.slot?.overdue).toBe(false);
  const waiting = asked();
  expect(one.slot?.overdue).toBe(true);
  one.slot?.free();
  await turn();
  expect(waiting.slot?.overdue).toBe(false);
  asked();
  now += 9_999;
  expect(waiting.slot?.overdue).toBe(false);
  now += 1;
  expect(waiting.slot?.overdue).toBe(true);
});

test("who gives up waiting is passed over", async () => {
  const impatient = new AbortController();
  const [one, , gone, next] = [asked(), asked(), asked(impatient.signal), asked()];
  impatient.abort();
  await turn();
  expect(gone.failed).toBeDefined();
  one.slot?.free();
  await turn();
  expect(gone.slot).toBeUndefined();
  expect(next.slot).toBeDefined();
  expect(asked(impatient.signal).slot).toBeUndefined();
});
