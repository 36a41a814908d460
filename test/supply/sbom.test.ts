/** Without this file the list of what saeq is made of could miss a part, or be another each time. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { sbom } from "../../docs/sbom.ts";
import { ROOT } from "../house/files.ts";

interface Bom {
  readonly bomFormat: string;
  readonly metadata: { readonly component: { readonly name: string; readonly version: string } };
  readonly components: readonly { readonly name: string; readonly version: string; readonly purl: string; readonly hashes?: readonly { readonly alg: string }[] }[];
}

test("`npm run sbom` lists every package that users install, with its hash, and the same each time", () => {
  const text = sbom(ROOT);
  assert.is(sbom(ROOT), text);
  assert.not.match(text, ROOT.replace(/\/$/, ""));
  const bom = JSON.parse(text) as Bom;
  assert.is(bom.bomFormat, "CycloneDX");
  const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as { readonly packages: Readonly<Record<string, { readonly version: string; readonly dev?: boolean; readonly devOptional?: boolean }>> };
  assert.is(bom.metadata.component.version, packages[""]!.version);
  const listed = new Set(bom.components.map(({ purl }) => purl));
  const missing = Object.entries(packages).filter(([path, { dev, devOptional }]) => path !== "" && dev !== true && devOptional !== true).map(([path, { version }]) => `pkg:npm/${path.replace(/^.*node_modules\//, "").replace("@", "%40")}@${version}`).filter((purl) => !listed.has(purl));
  assert.equal(missing, []);
  assert.equal(bom.components.filter(({ hashes }) => hashes?.some(({ alg }) => alg === "SHA-512") !== true).map(({ name }) => name), []);
});

test.run();
