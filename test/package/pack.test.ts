/** Without this file the published package might not hold what it needs: there types are not stripped, and paths differ. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ROOT } from "../house/files.ts";

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

test("the packed package runs where only its dependencies are installed", () => {
  const place = mkdtempSync(join(tmpdir(), "saeq-pack-"));
  const npm = (...args: string[]): string => execFileSync("npm", args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  npm("run", "prepack", "--silent");
  try {
    const parsed = JSON.parse(npm("pack", "--json", "--ignore-scripts", "--pack-destination", place)) as readonly Packed[] | Readonly<Record<string, Packed>>;
    const packed = Object.values(parsed)[0]!;
    const paths = packed.files.map((file) => file.path);
    assert.equal(paths.filter((path) => /^test\/|^bench\/|\.test\.|(?<!\.d)\.ts$|\/build\//.test(path)), []);
    assert.ok(packed.size < 14_000_000, `${packed.size} bytes`);
    const modules = join(place, "node_modules");
    mkdirSync(modules);
    for (const name of readdirSync(join(ROOT, "node_modules")).filter((each) => !each.startsWith("."))) {
      if (statSync(join(ROOT, "node_modules", name)).isDirectory()) symlinkSync(join(ROOT, "node_modules", name), join(modules, name), "junction");
    }
    execFileSync("tar", ["-xzf", packed.filename], { cwd: place });
    execFileSync("mv", [join(place, "package"), join(modules, "saeq")]);
    const out = execFileSync(process.execPath, [join(modules, "saeq", "repl", "bin", "saeq.js"), "eval", "set seed 1; sample perfect 2 | acts layer 7 last 5 | top 3", "--format", "json", "--no-cache"], { cwd: place, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    const rows = JSON.parse(out) as readonly Record<string, unknown>[];
    assert.is(rows.length, 3);
    assert.equal(Object.keys(rows[0]!), ["feature", "count", "mean", "max"]);
  } finally {
    rmSync(place, { recursive: true, force: true });
    rmSync(join(ROOT, "dist"), { recursive: true, force: true });
  }
});

test.run();
