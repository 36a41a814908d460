/** Without this file a lock and a record that were edited, merged or cut would be refused in two ways. */

export const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** The object in a file that says its edition in `field`; throws what `broken` makes of the reason where it is none. */
export function readStable(text: string, field: string, broken: (why: string) => Error): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw broken(/^(<<<<<<<|=======|>>>>>>>)/m.test(text) ? "it holds the marks of a merge that was not settled" : "it is not JSON");
  }
  if (!isObject(value)) throw broken("it is not an object");
  const edition = value[field];
  if (edition !== 1) throw broken(edition === undefined ? `it has no \`${field}\`` : `it is of edition ${JSON.stringify(edition)}, and this saeq reads 1`);
  return value;
}
