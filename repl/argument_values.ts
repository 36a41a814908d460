/** Without this file flags would take values that mean nothing, and say so late: how each value is read from its word. */
import { InvalidArgumentError } from "commander";

/** `a,b` are two paths; `,,` is a comma in a name. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  const paths = value.split(/(?<!,),(?!,)/).map((path) => path.replaceAll(",,", ","));
  if (paths.includes("")) throw new InvalidArgumentError("An empty path grants nothing.");
  return [...(before ?? []), ...paths];
}

/** A count, as it was written. */
export function wholeNumber(value: string): string {
  if (!/^[1-9]\d{0,5}$/.test(value)) throw new InvalidArgumentError("It takes a whole number above 0.");
  return value;
}

/** Layers begin at 0. */
export function layerNumber(value: string): number {
  if (!/^\d{1,4}$/.test(value)) throw new InvalidArgumentError("It takes a whole number.");
  return Number(value);
}
