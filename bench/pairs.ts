/** Without this file nobody would know what one product of a token and a feature costs, beside those of a screen that fetches their weights: `node bench/pairs.ts [D]`. */
import { openPairProducts } from "../runtime/kernels/pair_products.ts";
import { median } from "./median.ts";

const d = Number(process.argv[2] ?? 4096);
const [rows, count] = [256, 80_000];
for (const stored of ["f32", "bf16"] as const) {
  const pairs = openPairProducts(d, rows, stored);
  if (pairs === null) throw new Error("this Node has no such instructions, or the width is no multiple of 4");
  for (let row = 0; row < rows; row++) pairs.put(row, Float32Array.from({ length: d }, (_, i) => ((i * 0.61803 + row) % 1) - 0.5));
  pairs.weights.fill(stored === "f32" ? 0.5 : 0x3f00);
  pairs.arrange(pairs.features);
  const times = Array.from({ length: 7 }, () => {
    const started = process.cpuUsage().user;
    // Three rows to a feature, far apart, as a screen finds them.
    for (let i = 0; i < count; i++) {
      if (pairs.isFull()) pairs.take();
      pairs.add((i * 97) % rows, Math.floor(i / 3) % pairs.features, 0);
    }
    pairs.take();
    return (process.cpuUsage().user - started) / count;
  });
  console.log(`${stored} weights, ${d} dimensions: ${median(times).toFixed(2)} µs of processor time a pair`);
}
