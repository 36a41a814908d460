/** Without this file what was read of a part of a text could not be told in places of the whole. */

/** The same with every place in it so many characters further on. */
export function moved<T>(value: T, by: number): T {
  return by === 0 ? value : (shifted(value, by) as T);
}

function shifted(value: unknown, by: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => shifted(each, by));
  const fields = value as Readonly<Record<string, unknown>>;
  if (typeof fields["start"] === "number" && typeof fields["end"] === "number") return { start: fields["start"] + by, end: fields["end"] + by };
  const made: Record<string, unknown> = {};
  for (const name in fields) made[name] = shifted(fields[name], by);
  return made;
}
