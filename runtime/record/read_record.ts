/** Without this file a damaged record, or one from a stranger, would end in a stack trace. */
import { readFileSync, statSync } from "node:fs";
import { DataError, systemCode } from "../data/error.ts";
import { isObject, readStable } from "./read_stable.ts";
import type { RunRecord } from "./run_record.ts";

const MOST_BYTES = 64 * 2 ** 20;

/** A record from a file. @throws DataError `missing-file`, `not-a-record` */
export function readRecord(path: string): RunRecord {
  let text: string;
  try {
    const facts = statSync(path);
    if (!facts.isFile() && !facts.isDirectory()) throw broken(path, "it is a pipe or a device");
    if (facts.size > MOST_BYTES) throw broken(path, "it is too large for one");
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (systemCode(error) === null) throw error;
    throw new DataError({ code: "missing-file", message: `there is no record ${path}` });
  }
  return parseRecord(text, path);
}

/** @throws DataError `not-a-record` with what is wrong */
export function parseRecord(text: string, name: string): RunRecord {
  const value = readStable(text, "record", (why) => broken(name, why));
  const wrong = Object.entries(SHAPE).find(([field, fits]) => !fits(value[field]));
  if (wrong !== undefined) throw broken(name, `its \`${wrong[0]}\` is not as saeq writes it`);
  return value as unknown as RunRecord;
}

function broken(name: string, why: string): DataError {
  return new DataError({ code: "not-a-record", message: `${name} is no record of a run: ${why}`, help: "`saeq run --record` writes one beside what a script saves" });
}

type Fits = (value: unknown) => boolean;
const text: Fits = (value) => typeof value === "string";
const bool: Fits = (value) => typeof value === "boolean";
const number: Fits = (value) => typeof value === "number";
const nullOr = (fits: Fits): Fits => (value) => value === null || fits(value);
const maybe = (fits: Fits): Fits => (value) => value === undefined || fits(value);
const list = (fits: Fits): Fits => (value) => Array.isArray(value) && value.every(fits);
const record = (fits: Fits): Fits => (value) => isObject(value) && Object.values(value).every(fits);
const shape = (fields: Readonly<Record<string, Fits>>): Fits => (value) => isObject(value) && Object.entries(fields).every(([name, fits]) => fits(value[name]));

const figures = shape({ bits: text, rounded: text, count: number, mean: nullOr(number), sd: nullOr(number), min: nullOr(number), max: nullOr(number), sketch: maybe(shape({ sums: list(number), sizes: list(number) })) });
const column: Fits = (value) =>
  shape({ name: text, type: text, bits: text, values: maybe(list(nullOr(number))) })(value) && isObject(value) && ["int", "bool", "str", "float"].includes(String(value["type"])) && (value["type"] !== "float" || figures(value));
const place = shape({ feature: number, layer: number, row: number, position: number, activation: number });
const margin = shape({ group: nullOr(text), layer: nullOr(number), by: text, asked: number, features: list((each) => number(each) || text(each)), scores: list(number), next: nullOr(number), margin: nullOr(number) });
const stage = shape({
  stage: text, op: text, line: nullOr(number), key: text, computed: bool, kind: text, rows: number, digest: text,
  parts: list(shape({ group: nullOr(text), rows: number, columns: list(column) })),
  margins: maybe(list(margin)),
  near: maybe(shape({ within: number, count: number, places: list(place) })),
});
const engine = shape({ asked: record(text), used: shape({ ep: text, dtype: text }), described: text, threads: number, lanes: number, adapters: list(text) });

/** Everything that is looked at; what else stands in a file is left alone. */
const SHAPE: Readonly<Record<string, Fits>> = {
  script: shape({ name: text, sha256: text, canonical: text }),
  lock: nullOr(text),
  params: record(shape({ value: text, given: bool })),
  seed: shape({ value: text, given: bool }),
  settings: record(text),
  flags: record(text),
  inputs: shape({ data: record(text), models: record(text), saes: record(text), modules: record(text) }),
  statements: list(shape({ statement: text, line: number, compared: bool, stages: list(stage) })),
  outputs: record(shape({ bytes: number, sha256: text })),
  machine: shape({ versions: record(text), platform: shape({ os: text, arch: text, cpu: text, features: list(text) }), engine: nullOr(engine) }),
};
