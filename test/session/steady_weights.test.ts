/** Without this file results of weights that were written over meanwhile could be shown, or kept as those of the file that was read. */
import { cpSync, readFileSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { folder, open, run } from "./open.ts";

const QUERY = "sample perfect 12 | acts layer 7 | top 3";

/** A folder with a model and an SAE of its own, and the lines that set them. */
function ownCopies(): { readonly model: string; readonly sae: string; readonly lines: string } {
  const at = folder();
  for (const part of ["model", "sae"]) cpSync(join(EXAMPLES, "kjv", part), join(at, part), { recursive: true });
  return { model: join(at, "model/model.safetensors"), sae: join(at, "sae/sae_weights.safetensors"), lines: `set model "${join(at, "model")}"\nset sae "${join(at, "sae")}"\n` };
}

/** As many bytes, some of them others. */
function writeOver(file: string): void {
  const bytes = readFileSync(file);
  bytes[bytes.length - 5] = bytes[bytes.length - 5]! ^ 1;
  writeFileSync(file, bytes);
}

for (const which of ["model", "sae"] as const) {
  test(`weights of the ${which} that are written over are noticed, between queries and while one runs, and nothing is given as their result`, async () => {
    const copies = ownCopies();
    const session = await open();
    assert.equal((await run(session, copies.lines + QUERY)).codes, []);
    writeOver(copies[which]);
    const ran = await run(session, copies.lines + QUERY.replace("12", "14"));
    assert.equal([ran.codes, ran.values], [["changed-while-read"], []]);
    assert.match(ran.outcome.diagnostics[0]!.message, /safetensors changed since its weights were read/);
    await session.close();

    const another = await open();
    let once = false;
    const during = await run(another, copies.lines + QUERY, undefined, (event) => {
      if (event.kind !== "progress" || once) return;
      once = true;
      writeOver(copies[which]);
    });
    assert.ok(once);
    assert.equal([during.codes, during.values], [["changed-while-read"], []]);
    assert.equal((await run(another, copies.lines + QUERY)).codes, ["changed-while-read"], "nor what it gave of single texts");
    await another.close();
  });
}

test("a file that another takes the place of, or that is cut, is told as well", async () => {
  for (const change of [(file: string) => (writeFileSync(`${file}.new`, readFileSync(file)), renameSync(`${file}.new`, file)), (file: string) => truncateSync(file, 4096)]) {
    const copies = ownCopies();
    const session = await open();
    assert.equal((await run(session, copies.lines + QUERY)).codes, []);
    change(copies.sae);
    assert.equal((await run(session, copies.lines + QUERY.replace("12", "14"))).codes, ["changed-while-read"]);
    await session.close();
  }
});

test.run();
