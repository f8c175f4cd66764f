import fc from "fast-check";
import { batchLine } from "../../provider/host/batch";
import { commentOf, isMark, markOf } from "../../provider/mark";
import { mark } from "../../provider/resources/common";

const RUNS = { numRuns: 500, seed: 204 };
const word = fc.string({ unit: "binary", minLength: 1, maxLength: 120 });

test("tells project, stack and name", () => {
  expect(markOf("shop", "prod", "tunnel-a")).toBe("pulumi:shop/prod/tunnel-a");
  expect(markOf("shop", "org/prod", "a b#c")).toBe("pulumi:shop/org/prod/a%20b%23c");
  expect(markOf("shop", "prod", "tünnel")).toBe("pulumi:shop/prod/t%C3%BCnnel");
});

test("is a mark that the inputs take, that Linux keeps whole, and that iproute2 reads as one word", () => {
  fc.assert(
    fc.property(word, word, word, (project, stack, name) => {
      const text = markOf(project, stack, name);
      expect(mark.mark.safeParse(text).data).toBe(text);
      expect(isMark(text)).toBe(true);
      // IFALIASZ is 256, with the zero at its end.
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(255);
      expect(batchLine([text])).toBe(text);
    }),
    RUNS,
  );
});

test("differs where names differ, however long they are", () => {
  const long = "n".repeat(300);
  expect(markOf("p", "s", `${long}1`)).not.toBe(markOf("p", "s", `${long}2`));
  expect(markOf("p", "s", long)).toBe(markOf("p", "s", long));
  fc.assert(
    fc.property(word, word, (one, other) => {
      fc.pre(Buffer.from(one).compare(Buffer.from(other)) !== 0);
      expect(markOf("p", "s", one)).not.toBe(markOf("p", "s", other));
    }),
    RUNS,
  );
});

test("has a form that fits the comment of an nftables rule, and is as distinct", () => {
  fc.assert(
    fc.property(word, word, (one, other) => {
      fc.pre(Buffer.from(one).compare(Buffer.from(other)) !== 0);
      const [comment, another] = [commentOf(markOf("p", "s", one)), commentOf(markOf("p", "s", other))];
      // NFTNL_UDATA_COMMENT_MAXLEN is 128.
      expect(Buffer.byteLength(comment)).toBeLessThanOrEqual(128);
      expect(comment).not.toBe(another);
      expect(commentOf(comment)).toBe(comment);
    }),
    RUNS,
  );
});

test.each([undefined, "", "eth uplink", "Pulumi:x", "xpulumi:x"])("%p is somebody else's alias", (alias) => {
  expect(isMark(alias)).toBe(false);
});
