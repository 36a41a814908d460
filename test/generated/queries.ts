/** Without this file only queries that somebody thought of would be tried. */
import seedrandom from "seedrandom";

interface Flow {
  readonly text: string;
  readonly kind: "table" | "acts" | "features" | "end";
  readonly columns: readonly (readonly [name: string, type: "int" | "bool" | "str"])[];
  readonly groups: readonly string[] | null;
  /** Whether the model can read a text here. */
  readonly hasText: boolean;
}

const MEMORIZATION: Flow["columns"] = [
  ["reference", "str"], ["repeated", "bool"], ["input_text", "str"], ["generated_continuation_text", "str"], ["true_continuation_text", "str"],
  ["perfect_match", "bool"], ["matching_tokens", "int"], ["matching_positions", "int"],
];

/** Valid queries over the shipped data, the same for the same seed: table stages, the model, features, groups and tees. */
export function* queries(seed: string, count: number): Generator<string> {
  const random = seedrandom(seed);
  const int = (most: number): number => Math.floor(random() * most);
  const pick = <T>(from: readonly T[]): T => from[int(from.length)]!;

  const numbers = (flow: Flow): readonly string[] => flow.columns.filter(([, type]) => type === "int").map(([name]) => name);
  const bools = (flow: Flow): readonly string[] => flow.columns.filter(([, type]) => type === "bool").map(([name]) => name);
  const strs = (flow: Flow): readonly string[] => flow.columns.filter(([, type]) => type === "str").map(([name]) => name);

  const number = (flow: Flow, depth: number): string => {
    const columns = numbers(flow);
    if (depth === 0 || int(3) === 0) return columns.length > 0 && int(2) === 0 ? pick(columns) : String(int(60));
    return pick([() => `(${number(flow, depth - 1)} ${pick(["+", "-", "*", "/", "%"])} ${number(flow, depth - 1)})`, () => `abs(${number(flow, depth - 1)})`, () => `min(${number(flow, 0)})`])();
  };
  const condition = (flow: Flow, depth: number): string => {
    const options = [() => `${number(flow, 1)} ${pick(["==", "!=", "<", "<=", ">", ">="])} ${number(flow, 1)}`, () => `${number(flow, 1)} in ${int(5)}..${int(50)}`];
    if (bools(flow).length > 0) options.push(() => pick(bools(flow)));
    if (strs(flow).length > 0) options.push(() => `contains(${pick(strs(flow))}, "${pick(["the", "And", "LORD", "x"])}")`, () => `len(${pick(strs(flow))}) > ${int(300)}`);
    if (depth > 0) options.push(() => `(${condition(flow, depth - 1)} ${pick(["and", "or"])} ${condition(flow, depth - 1)})`, () => `not (${condition(flow, depth - 1)})`);
    return pick(options)();
  };

  const tableStage = (flow: Flow): Flow => {
    const to = (text: string, change: Partial<Flow> = {}): Flow => ({ ...flow, text: `${flow.text} | ${text}`, ...change });
    const options = [
      () => to(`where ${condition(flow, 2)}`),
      () => to(`take ${int(40)}`),
      () => to(`sample ${1 + int(12)}${pick(["", " draw 2"])}`),
      () => to(`derive d${int(3)} = ${number(flow, 2)}`.replace(/^derive (d\d)/, (_, name: string) => `derive ${name}`), {}),
    ];
    if (numbers(flow).length > 0) options.push(() => to(`sort ${pick(numbers(flow))} ${pick(["asc", "desc"])}`));
    if (flow.groups === null && flow.columns.length > 1) options.push(() => to(`split a = ${condition(flow, 1)}, b = ${condition(flow, 1)}`, { groups: ["a", "b"] }));
    return pick(options)();
  };

  for (let i = 0; i < count; i++) {
    // A few texts, so that ten thousand queries run the model on hundreds of documents and not on hundreds of thousands.
    let flow: Flow = pick([
      (): Flow => ({ text: "memorization | where len(input_text) in 150..175", kind: "table", columns: MEMORIZATION, groups: null, hasText: true }),
      (): Flow => ({ text: `(memorization | take 12) | sample ${1 + int(6)}`, kind: "table", columns: MEMORIZATION, groups: null, hasText: true }),
      (): Flow => ({ text: `groups p = (perfect | take 6 | sample ${1 + int(4)}), n = (non_perfect | take 6 | sample ${1 + int(4)})`, kind: "table", columns: MEMORIZATION, groups: ["p", "n"], hasText: true }),
      (): Flow => ({ text: `prompts "In the beginning", "${pick(["And", "the LORD said", "x"])}"`, kind: "table", columns: [["text", "str"]], groups: null, hasText: true }),
    ])();
    for (let stages = int(3); stages > 0; stages--) flow = tableStage(flow);
    if (int(2) === 0) {
      const window = pick(["", " last 3", " last 10", " first 2"]);
      flow = { ...flow, text: `${flow.text} | sample ${1 + int(4)} | ${pick([`acts layer 7${window}`, `resid layer 7${window} | encode`])}`, kind: "acts" };
      const tee = int(4) === 0 ? ` | tee (${pick(["stats", "top 3", "hist l0", "count"])})` : "";
      const last = pick(["stats", "top 5", "top 3 by max", "top 4 by mean", "top 2 by frac", "hist activation bins 5", "count", "top 5 | where count > 1", ...(flow.groups === null ? [] : ["top 4 | union", "top 4 | overlap", "hist l0 overlay", "compare least 2 | take 9", "compare by max | where p < 0.5", "top 3 | diff"])]);
      flow = { ...flow, text: `${flow.text}${tee} | ${last}`, kind: "end" };
    } else {
      flow = { ...flow, text: `${flow.text} | ${pick(["count", "describe", "take 3", ...(bools(flow).length > 0 ? [`count by ${pick(bools(flow))}`] : [])])}`, kind: "end" };
    }
    yield flow.text;
  }
}
