/** Without this file results would silently stop repeating on a processor whose sums depend on the number of threads. */
import * as ort from "onnxruntime-node";
import { fewestColumns } from "../../src/emit/product.ts";
import { emitProducts } from "../../src/emit/screen.ts";

type Open = (bytes: Uint8Array, threads: number) => Promise<ort.InferenceSession>;

/** Two of the runs in which sums are taken, the second cut short. */
const DEPTH = 128 + 40;

/** Whether products that may be cut in `parts` have the bits of one thread with `threads`: the narrowest ones that are not filled up, with few rows and with many. */
export async function threadsAgree(open: Open, threads: number, parts: number): Promise<boolean> {
  const columns = fewestColumns(parts);
  const most = columns + 64;
  const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, (_, at) => Math.sin(at * at));
  const [x, w, bias] = [numbers(most * DEPTH), numbers(columns * DEPTH), numbers(columns)];
  const bytes = emitProducts(DEPTH).bytes;
  const made = async (session: ort.InferenceSession, rows: number): Promise<Float32Array> => {
    const feeds = { x: new ort.Tensor("float32", x.subarray(0, rows * DEPTH), [rows, DEPTH]), w: new ort.Tensor("float32", w, [columns, DEPTH]), bias: new ort.Tensor("float32", bias, [columns]) };
    return (await session.run(feeds))["biased"]!.data as Float32Array;
  };
  const [alone, together] = [await open(bytes, 1), await open(bytes, threads)];
  try {
    const whole = await made(alone, most);
    for (const rows of [2, 33, most]) if (!(await made(together, rows)).every((value, at) => Object.is(value, whole[at]))) return false;
    return true;
  } finally {
    await Promise.all([alone.release(), together.release()]);
  }
}
