/** Without this file positions that are computed and not learned would be in no graph. */
import type { SinusoidSpec } from "./specs.ts";

const f32 = Math.fround;

/**
 * The rows of `count` places from a text's first on, [count, width], rounded to float32 after each step as transformers' `XGLMSinusoidalPositionalEmbedding` rounds them: column i
 * of the first half is sin(n · 10000^(−i / (half − 1))), of the second half the cosine, and a column too many is 0.
 */
export function sinusoids({ first, nothing }: SinusoidSpec, count: number, width: number): Float32Array {
  const half = Math.floor(width / 2);
  const step = f32(-Math.log(10000) / (half - 1));
  const table = new Float32Array(count * width);
  for (let place = 0; place < count; place += 1) {
    const number = first + place;
    if (number === nothing) continue;
    for (let column = 0; column < half; column += 1) {
      const angle = f32(number * f32(Math.exp(f32(column * step))));
      table[place * width + column] = Math.sin(angle);
      table[place * width + half + column] = Math.cos(angle);
    }
  }
  return table;
}
