/** Without this file `message.content` and `message["content"]` would be one, which they are not: a method comes first with the one, a key with the other. */
import type { Budget } from "./budget.ts";
import { methodOf } from "./text_methods.ts";
import { TemplateError } from "./template_error.ts";
import { isDict, isList, Loop, Namespace, str, Tuple, typeName, Undefined, type Key, type Value } from "./values.ts";

/** `value.name`. @throws TemplateError of a name without a value, and for Python's own attributes */
export function attribute(value: Value, name: string, budget: Budget): Value {
  refuse(value, name);
  const method = methodOf(value, name, budget);
  const found = method === undefined ? own(value, name) : method;
  return orNone(found === undefined && isDict(value) ? value.get(name) : found, value, name);
}

/** `value[key]`. @throws TemplateError of a name without a value */
export function itemOrAttribute(value: Value, key: Value, budget: Budget): Value {
  refuse(value, typeof key === "string" ? key : "");
  if (isDict(value)) {
    const found = key === null || typeof key === "string" || typeof key === "number" || typeof key === "boolean" ? value.get(key as Key) : undefined;
    if (found !== undefined) return found;
  }
  if (typeof key === "number" || typeof key === "boolean") {
    const items = typeof value === "string" ? [...value] : isList(value) ? value : value instanceof Tuple ? value.items : null;
    const found = items?.at(Number(key));
    if (found !== undefined) return found;
  }
  if (typeof key !== "string") return none(value, str(key, budget));
  const method = methodOf(value, key, budget);
  return orNone(method === undefined ? own(value, key) : method, value, key);
}

function own(value: Value, name: string): Value | undefined {
  return value instanceof Namespace || value instanceof Loop ? value.attributes.get(name) : undefined;
}

function refuse(value: Value, name: string): void {
  if (value instanceof Undefined) throw new TemplateError("failed", value.why);
  if (name.startsWith("__") && !isDict(value)) throw new TemplateError("failed", `\`${name}\` is out of a template's reach`);
}

/** Null is a value. */
function orNone(found: Value | undefined, value: Value, name: string): Value {
  return found === undefined ? none(value, name) : found;
}

function none(value: Value, name: string): Undefined {
  return new Undefined(value === null ? `\`None\` has no attribute \`${name}\`` : `a ${typeName(value)} has no \`${name}\``);
}
