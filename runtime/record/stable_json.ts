/** Without this file two equal records could be different files, and a difference between two would not be seen line by line. */

/** JSON with sorted keys and a line end; lists of plain values and small objects of them stand on one line. Equal values give equal bytes. */
export function stableJson(value: unknown): string {
  return `${written(value, "")}\n`;
}

function written(value: unknown, indent: string): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    if (value.every(isPlain)) return `[${value.map((each) => written(each, "")).join(", ")}]`;
    return `[\n${value.map((each) => `${inner}${written(each, inner)}`).join(",\n")}\n${indent}]`;
  }
  const entries = Object.entries(value).filter(([, each]) => each !== undefined).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return "{}";
  if (indent !== "" && entries.every(([, each]) => isPlain(each))) {
    const line = `{ ${entries.map(([name, each]) => `${JSON.stringify(name)}: ${written(each, "")}`).join(", ")} }`;
    if (line.length <= LONGEST_LINE) return line;
  }
  return `{\n${entries.map(([name, each]) => `${inner}${JSON.stringify(name)}: ${written(each, inner)}`).join(",\n")}\n${indent}}`;
}

const LONGEST_LINE = 160;
const isPlain = (value: unknown): boolean => typeof value !== "object" || value === null;
