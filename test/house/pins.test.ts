/** Without this file what is installed tomorrow could be other code than what is tested today. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ROOT } from "./files.ts";

type Versions = Readonly<Record<string, string>>;
interface Manifest {
  readonly version: string;
  readonly dependencies?: Versions;
  readonly devDependencies?: Versions;
  readonly optionalDependencies?: Versions;
  readonly allowScripts?: Readonly<Record<string, boolean>>;
}
interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
}

const read = <T>(name: string): T => JSON.parse(readFileSync(join(ROOT, name), "utf8")) as T;
const manifest = read<Manifest>("package.json");
const lock = read<{ readonly lockfileVersion: number; readonly packages: Readonly<Record<string, Locked & Manifest>> }>("package-lock.json");
const KINDS = ["dependencies", "devDependencies", "optionalDependencies"] as const;
const others = Object.entries(lock.packages).filter(([path]) => path !== "");

test("every dependency is pinned to one version", () => {
  for (const kind of KINDS) for (const [name, version] of Object.entries(manifest[kind] ?? {})) assert.match(version, /^\d+\.\d+\.\d+$/, name);
});

test("the lockfile is that of package.json, and installs those versions", () => {
  const root = lock.packages[""]!;
  assert.is(root.version, manifest.version);
  for (const kind of KINDS) {
    assert.equal(root[kind] ?? {}, manifest[kind] ?? {}, kind);
    for (const [name, version] of Object.entries(manifest[kind] ?? {})) assert.is(lock.packages[`node_modules/${name}`]?.version, version, name);
  }
});

test("every package is named by its hash, comes from the registry, and from no address of its own", () => {
  assert.is(lock.lockfileVersion, 3);
  const loose = others.filter(([, { integrity }]) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? "")).map(([path]) => path);
  assert.equal(loose, []);
  assert.equal(others.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path), []);
});

test("no package runs a script when it is installed but the one that is allowed to", () => {
  const scripted = others.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => path.replace(/^.*node_modules\//, "")).sort();
  assert.equal(scripted, Object.keys(manifest.allowScripts ?? {}).sort());
  assert.equal(Object.entries(manifest.allowScripts ?? {}).filter(([, allowed]) => allowed).map(([name]) => name), ["node"]);
});

test.run();
