/** Without this file a file that changed between two runs could answer with what it held before. */
import { renameSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { fileStamp } from "../../runtime/data/file_stamp.ts";
import type { SessionEvent } from "../../runtime/session/session_port.ts";
import { bits, folder, open, run } from "./open.ts";

const TEXT = 'csv "n.csv" | agg total = sum(n)';
const settled = async (): Promise<void> => void (await new Promise((done) => setTimeout(done, 2100)));

/** Held whole, and scanned and streamed. */
for (const [how, more] of [["held", {}], ["streamed", { streamBytes: 1 }]] as const) {
  test(`${how}: a change is seen whatever it leaves as it was: size, time of change, or that the file was old`, async () => {
    const at = folder({ "n.csv": "n\n1\n2\n" });
    const file = join(at, "n.csv");
    const { atime, mtime } = statSync(file);
    await settled();
    const session = await open({ readFrom: at, ...more });
    const total = async (): Promise<string> => {
      const { values, codes } = await run(session, TEXT);
      assert.equal(codes, []);
      return bits(values);
    };
    const fresh = async (): Promise<string> => {
      const other = await open({ readFrom: at, ...more });
      const { values } = await run(other, TEXT);
      await other.close();
      return bits(values);
    };
    const first = await total();
    assert.is(await total(), first);
    writeFileSync(file, "n\n5\n2\n");
    utimesSync(file, atime, mtime);
    const changed = await total();
    assert.is.not(changed, first);
    assert.is(changed, await fresh());
    writeFileSync(file, "n\n6\n2\n");
    assert.is(await total(), await fresh(), "twice within a tick");
    writeFileSync(join(at, "other.csv"), "n\n7\n2\n");
    renameSync(join(at, "other.csv"), file);
    assert.is(await total(), await fresh(), "another file under its name");
    await session.close();
  });

  test(`${how}: notes of a file are told in each run`, async () => {
    const at = folder({ "n.csv": "n\n1\r\n2\n" });
    await settled();
    const session = await open({ readFrom: at, ...more });
    const [first, second] = [await run(session, TEXT), await run(session, TEXT)];
    await session.close();
    assert.ok(first.notices.some((note) => note.includes("line ends are mixed")));
    assert.equal(second.notices, first.notices);
  });
  }

  test("a large file that nobody touched is scanned once for all that is asked of it", async () => {
    const at = folder({ "n.csv": `n\n${Array.from({ length: 50_000 }, (_, i) => i).join("\n")}\n` });
    await settled();
    const session = await open({ readFrom: at, streamBytes: 1 });
    const scans: string[] = [];
    const source = { name: "t.saeq", text: TEXT };
    const looked: SessionEvent[] = [];
  await session.check(source, undefined, (event) => void looked.push(event));
  assert.ok(looked.some((event) => event.kind === "progress" && event.stage === "scan n.csv" && event.unit === "bytes"));
    for (let i = 0; i < 2; i++) await run(session, TEXT, undefined, (event) => void (event.kind === "progress" && event.unit === "bytes" && scans.push(event.stage)));
    assert.ok(!scans.includes("scan n.csv"), scans.join());
    writeFileSync(join(at, "n.csv"), "n\n1\n");
    await run(session, TEXT, undefined, (event) => void (event.kind === "progress" && event.unit === "bytes" && scans.push(event.stage)));
    assert.ok(scans.includes("scan n.csv"), scans.join());
    await session.close();
  });

  test("what changed a moment ago, and what is no file, has no stamp; a link has that of its file", async () => {
    const at = folder({ "n.csv": "n\n1\n" });
    assert.is(await fileStamp(join(at, "n.csv")), null);
    assert.is(await fileStamp(at), null);
    assert.is(await fileStamp(join(at, "none")), null);
    symlinkSync(join(at, "n.csv"), join(at, "link.csv"));
    await settled();
    assert.ok((await fileStamp(join(at, "n.csv"))) !== null);
    assert.is(await fileStamp(join(at, "link.csv")), await fileStamp(join(at, "n.csv")));
  });

  test.run();
