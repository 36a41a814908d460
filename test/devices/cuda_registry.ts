/** Without this file a graph that CUDA has no kernels for would be found out by whoever has a card. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Element } from "../../src/emit/proto.ts";
import { modelOf, type Operator } from "../emit/operators.ts";

/** An operator of the provider's list, as `make_cuda_kernels.py` writes it. */
interface Kernels {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Elements that each kernel has for a type variable; for one that it does not name, any. */
  readonly kernels: readonly ReadonlyMap<string, ReadonlySet<string>>[];
}

const words = (text: string): readonly string[] => text.split(" ").filter((word) => word !== "");

function read(): ReadonlyMap<string, Kernels> {
  const lines = readFileSync(join(import.meta.dirname, "cuda_kernels.tsv"), "utf8").split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const [name, inputs, outputs, kernels] = line.split("\t") as [string, string, string, string];
      const kernel = (types: string): ReadonlyMap<string, ReadonlySet<string>> => new Map(words(types).flatMap((type) => (type === "any" ? [] : [[type.split("=")[0]!, new Set(type.split("=")[1]!.split(","))] as const])));
      return [name, { inputs: words(inputs), outputs: words(outputs), kernels: kernels.split(" | ").map(kernel) }] as const;
    }),
  );
}

const REGISTRY = read();
const ELEMENTS: ReadonlySet<string> = new Set(["f32", "f16", "bf16", "i64", "i32", "u8", "bool"]);

/** The type variable of a parameter, by its place. */
function variableAt(formal: readonly string[], at: number): string {
  const found = formal[at] ?? (formal.at(-1)?.endsWith("...") === true ? formal.at(-1) : undefined);
  if (found === undefined) throw new Error("more inputs or outputs than the operator has");
  return found.replace("...", "");
}

/** What stands against one operator, or null; gives its outputs their elements. */
function obstacle({ op, inputs, outputs, to }: Operator, elements: Map<string, Element>): string | null {
  const known = REGISTRY.get(op);
  if (known === undefined) {
    for (const name of outputs) elements.set(name, elements.get(inputs[0] ?? "") ?? "f32");
    return "no kernel at all";
  }
  const bound = new Map<string, string>();
  const bind = (variable: string, element: string): boolean => {
    const is = ELEMENTS.has(variable) ? variable : bound.get(variable);
    bound.set(variable, element);
    return is === undefined || is === element;
  };
  for (const [at, input] of inputs.entries()) {
    if (input === "") continue;
    const element = elements.get(input);
    if (element === undefined) return `${input} is of no known element`;
    if (!bind(variableAt(known.inputs, at), element)) return `two elements for ${variableAt(known.inputs, at)}`;
  }
  const fits = known.kernels.filter((kernel) => [...bound].every(([variable, element]) => kernel.get(variable)?.has(element) ?? true));
  const made = outputs.map((_, at): string | undefined => {
    const variable = variableAt(known.outputs, at);
    if (ELEMENTS.has(variable)) return variable;
    if (to !== null) return to;
    return bound.get(variable) ?? [...((fits[0] ?? known.kernels[0])?.get(variable) ?? [])][0];
  });
  outputs.forEach((name, at) => elements.set(name, (made[at] ?? "f32") as Element));
  const whole = fits.some((kernel) => outputs.every((_, at) => kernel.get(variableAt(known.outputs, at))?.has(made[at] ?? "") ?? true));
  return whole ? null : `no kernel for ${[...bound].map(([variable, element]) => `${variable} = ${element}`).join(", ")}`;
}

/** Operators of a serialized model that the provider of the list has no kernel of, each once, with what stands against it. */
export function withoutKernel(model: Uint8Array): readonly string[] {
  const { operators, elements } = modelOf(model);
  const known = new Map(elements);
  return [...new Set(operators.flatMap((each) => {
    const found = obstacle(each, known);
    return found === null ? [] : [`${each.op} at ${each.name}: ${found}`];
  }))];
}
