/** Without this file nothing could die around an engine: a host program for the tests, told by its arguments what to do. */
import { createEngine } from "../../runtime/engine/engine.ts";
import { collect, documentsOf, smallModel } from "./small_model.ts";

const model = smallModel();
process.on("exit", model.remove);
const engine = createEngine({ lanes: 2, threads: 1, batch: 1 });
if (process.argv[2] === "leave") {
  engine.start(2, model.forward);
  // Both answer while nobody listens: what they say is read when they have been told to end already.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(process.argv[3]));
  await engine.close();
  console.log("left");
  process.exit(7);
}
const documents = documentsOf(60, 60, model.vocabulary);
process.on("SIGINT", () => console.log("interrupted"));

await collect(engine, model.forward, 2, documents);
console.log(`pids ${engine.pids.join(" ")}`);
if (process.argv[2] === "work") {
  const until = performance.now() + Number(process.argv[3]);
  while (performance.now() < until) await collect(engine, model.forward, 2, documents);
}
console.log("finished");
// No close(): an idle engine must neither hold this process nor outlive it.
