/** Without this file a dependency could fall below a version with a known hole, and nobody would hear of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { filesBelow, ROOT } from "../house/files.ts";

interface Advisory {
  readonly package: string;
  readonly ids: readonly string[];
  readonly at: string;
  readonly before: string;
}
const known = JSON.parse(readFileSync(join(ROOT, "test/supply/advisories.json"), "utf8")) as { readonly npm: readonly Advisory[]; readonly pypi: readonly Advisory[] };

/** Below 0 where `a` is older. A prerelease is older than its release (SemVer 2.0.0, §11). */
function compare(a: string, b: string): number {
  const parts = (version: string): number[] => version.split("-")[0]!.split(".").map(Number);
  const [some, more] = [parts(a), parts(b)];
  for (let at = 0; at < 3; at++) if ((some[at] ?? 0) !== (more[at] ?? 0)) return (some[at] ?? 0) - (more[at] ?? 0);
  return Number(b.includes("-")) - Number(a.includes("-"));
}

function holesIn(advisories: readonly Advisory[], installed: readonly { readonly name: string; readonly version: string }[]): string[] {
  return installed.flatMap(({ name, version }) =>
    advisories.filter((each) => each.package === name && compare(version, each.at) >= 0 && compare(version, each.before) < 0).map((each) => `${name} ${version}: ${each.ids.join(", ")}; ${each.before} is mended`),
  );
}

test("the comparison knows old from new", () => {
  const sorted = ["0.9.9", "1.0.0-rc.1", "1.0.0", "1.2.0", "1.10.0", "10.0.0"];
  for (const [at, version] of sorted.entries()) for (const [more, other] of sorted.entries()) assert.is(Math.sign(compare(version, other)), Math.sign(at - more), `${version} ${other}`);
  assert.equal(holesIn(known.npm, [{ name: "vega", version: "6.1.9" }, { name: "vega", version: "6.2.0" }, { name: "mathjs", version: "14.0.0" }, { name: "mathjs", version: "12.0.0" }]).map((line) => line.split(":")[0]), ["vega 6.1.9", "mathjs 14.0.0"]);
});

test("no package of the lockfile has a known hole, however deep it lies", () => {
  const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as { readonly packages: Readonly<Record<string, { readonly version: string; readonly name?: string }>> };
  const installed = Object.entries(lock.packages).filter(([path]) => path !== "").map(([path, { version, name }]) => ({ name: name ?? path.replace(/^.*node_modules\//, ""), version }));
  assert.ok(installed.length > 100);
  assert.equal(holesIn(known.npm, installed), []);
});

test("no Python package that a script asks for has a known hole", () => {
  const asked = [...filesBelow("bench"), ...filesBelow("examples"), ...filesBelow("test"), ...filesBelow("registry")]
    .filter((name) => /requirements\.txt$|\.py$|\.md$/.test(name))
    .flatMap((name) => [...readFileSync(join(ROOT, name), "utf8").matchAll(/\b([a-z][\w-]*)==(\d+(?:\.\d+)+)/g)].map(([, found, version]) => ({ name: found!, version: version! })));
  assert.ok(asked.some(({ name }) => name === "numpy"));
  assert.equal(holesIn(known.pypi, asked), []);
});

test("every advisory says what is mended, and is told once", () => {
  const all = [...known.npm, ...known.pypi];
  for (const { package: name, ids, at, before } of all) assert.ok(ids.length > 0 && compare(at, before) < 0 && /^\d+\.\d+\.\d+$/.test(at) && /^\d+\.\d+\.\d+$/.test(before), name);
  for (const list of [known.npm, known.pypi]) {
    const keys = list.map(({ package: name, at }) => `${name}@${at}`);
    assert.equal(keys, [...new Set(keys)].sort((a, b) => (a.split("@")[0]! < b.split("@")[0]! ? -1 : a.split("@")[0]! > b.split("@")[0]! ? 1 : compare(a.split("@")[1]!, b.split("@")[1]!))));
  }
});

test.run();
