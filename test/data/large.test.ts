/** Without this file more values than one map of V8 holds, or more than memory holds, would end in errors of V8. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DataError } from "../../runtime/data/error.ts";
import { LargeMap, LargeSet } from "../../runtime/data/large.ts";
import { replaced } from "../../runtime/data/replaced.ts";
import { heldError, requireRoom } from "../../runtime/data/room.ts";
import { failure } from "../../runtime/session/failure.ts";

test("a map goes on in further ones, in the order of first appearance, whatever is set again", () => {
  const [large, plain] = [new LargeMap<string, number>(3), new Map<string, number>()];
  for (let i = 0; i < 50; i++) {
    const key = `k${(i * 7) % 23}`;
    for (const map of [large, plain]) map.set(key, (map.get(key) ?? 0) + i);
  }
  assert.equal([...large], [...plain]);
  assert.equal([...large.values()], [...plain.values()]);
  assert.is(large.size, plain.size);
  assert.equal(["k0", "k22", "k23"].map((key) => large.has(key)), [true, true, false]);
  assert.is(large.get("k23"), undefined);
});

test("a set goes on in further ones, and tells what is new", () => {
  const large = new LargeSet<number>(3);
  const fresh = Array.from({ length: 40 }, (_, i) => large.add(i % 11));
  assert.equal(fresh, Array.from({ length: 40 }, (_, i) => i < 11));
  assert.is(large.size, 11);
  assert.equal([0, 10, 11].map((value) => large.has(value)), [true, true, false]);
});

test("`replace` in very long texts gives what it gives in short ones, or says that there is no such text", () => {
  for (const text of ["", "a", "ba", "ab", "aab".repeat(90_000), "xaax".repeat(60_000), `${"ab".repeat(100_000)}a`]) {
    for (const [part, by] of [["a", ""], ["a", "$&a"], ["aa", "a"], ["zz", "y"]] as const) assert.is(replaced(text, part, by), text.split(part).join(by));
  }
  assert.throws(() => replaced("a".repeat(2 ** 24), "a", "x".repeat(40)), /Invalid string length/);
});

test("what does not fit into memory is said while rows are gathered, once garbage is let go of", () => {
  const said = (used: number[]): string | null => {
    try {
      requireRoom(() => "the rows of x.csv", { used: () => used[0]!, limit: 2 ** 30, free: () => used.shift() });
      return null;
    } catch (error) {
      assert.instance(error, DataError);
      return (error as DataError).message;
    }
  };
  assert.is(said([2 ** 29]), null);
  assert.is(said([2 ** 30, 2 ** 29]), null, "most of it was garbage");
  assert.is(said([2 ** 30, 2 ** 30 * 0.9]), "the rows of x.csv do not fit into memory: saeq may take 1.1 GB, and has 1.0 GB in use");
});

test("the limits of V8 are told in words of the user; other mistakes stay what they are", () => {
  const thrown = (make: () => unknown): unknown => {
    try {
      make();
    } catch (error) {
      return error;
    }
    return null;
  };
  const long = "x".repeat(2 ** 28);
  const limits = [() => long + long + long, () => new Array(-1), () => new Float64Array(2 ** 53), () => new ArrayBuffer(2 ** 53 - 1), () => Buffer.alloc(2 ** 29 + 5).toString("latin1")];
  for (const make of limits) {
    const error = thrown(make);
    assert.is(heldError(error)?.code, "too-large-to-hold", String(error));
    assert.is(failure(error, "", { start: 0, end: 0 }, [0, 0], true).diagnostic.code, "too-large-to-hold");
  }
  assert.is(heldError(new RangeError("Maximum call stack size exceeded")), null);
  assert.is(failure(new RangeError("Invalid count value: -1"), "", { start: 0, end: 0 }, [0, 0], true).diagnostic.code, "internal-error");
});

test.run();
