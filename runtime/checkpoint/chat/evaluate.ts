/**
 * Without this file templates would be done by an interpreter that prints `true` for `True`, ignores the argument of `strip` and can be kept busy for ever:
 * `@huggingface/jinja` reads them, and here they are done as Jinja2 does them in Python, with all steps counted.
 */
import { attribute, itemOrAttribute } from "./attributes.ts";
import type { Budget } from "./budget.ts";
import { filterNamed } from "./filters.ts";
import { namesRead, type FilterNode, type MacroNode, type Node, type ParameterNode } from "./nodes.ts";
import { binary, sliced, unary } from "./operators.ts";
import { TemplateError } from "./template_error.ts";
import { testNamed } from "./tests.ts";
import { argument, itemsOf, type Given } from "./text_methods.ts";
import { Callable, Float, isDict, isList, Loop, Namespace, orElse, sizeOf, str, truth, Tuple, typeName, Undefined, type Key, type Value } from "./values.ts";

/** Names of one block, and of those around it. */
interface Scope {
  readonly names: Map<string, Value>;
  readonly outer: Scope | null;
}

const inner = (outer: Scope | null): Scope => ({ names: new Map(), outer });

/** How a block ended: at its end, or by `break` or `continue`. */
type End = "end" | "break" | "continue";

/** Text as it is written. */
type Out = string[];

/** What a template prints with these variables. @throws TemplateError */
export function rendered(program: Node & { readonly type: "Program" }, variables: ReadonlyMap<string, Value>, budget: Budget): string {
  const root: Scope = { names: new Map(), outer: { names: new Map(variables), outer: null } };
  const out: Out = [];
  const bodies = new Map<readonly Node[], ReadonlySet<string>>();
  block(program.body, root);
  return out.join("");

  function block(nodes: readonly Node[], scope: Scope, to: Out = out): End {
    for (const node of nodes) {
      const end = statement(node, scope, to);
      if (end !== "end") return end;
    }
    return "end";
  }

  function printed(nodes: readonly Node[], scope: Scope): string {
    const own: Out = [];
    block(nodes, scope, own);
    return own.join("");
  }

  function statement(node: Node, scope: Scope, to: Out): End {
    budget.spend(1);
    switch (node.type) {
      case "Comment":
        return "end";
      case "Break":
        return "break";
      case "Continue":
        return "continue";
      case "If":
        return block(truth(value(node.test, scope)) ? node.body : node.alternate, scope, to);
      case "For":
        return loop(node, scope, to);
      case "Set":
        assign(node.assignee, node.value === null ? printed(node.body, inner(scope)) : value(node.value, scope), scope);
        return "end";
      case "Macro":
        scope.names.set(node.name.value, macro(node, scope));
        return "end";
      case "CallStatement": {
        const caller = macro({ type: "Macro", name: { type: "Identifier", value: "caller" }, args: node.callerArgs ?? [], body: node.body }, scope);
        const { args, named } = argumentsOf(node.call.args, scope);
        write(call(value(node.call.callee, scope), { args, named: new Map([...named, ["caller", caller]]) }, node.call.callee), to);
        return "end";
      }
      case "FilterStatement":
        write(filtered(printed(node.body, inner(scope)), node.filter, scope), to);
        return "end";
      default:
        write(value(node, scope), to);
        return "end";
    }
  }

  function write(made: Value, to: Out): void {
    const text = str(made, budget);
    budget.spend(text.length);
    to.push(text);
  }

  function loop(node: Node & { readonly type: "For" }, scope: Scope, to: Out): End {
    const test = node.iterable.type === "SelectExpression" ? node.iterable.test : null;
    const owner = value(node.iterable.type === "SelectExpression" ? node.iterable.lhs : node.iterable, scope);
    if (!isList(owner)) budget.spend(sizeOf(owner));
    const all = itemsOf(owner);
    const items = test === null ? all : all.filter((item) => {
      const own = inner(scope);
      assign(node.loopvar, item, own);
      return truth(value(test, own));
    });
    let whole = false;
    let before: Value | null = null;
    for (const [at, item] of items.entries()) {
      budget.spend(1);
      const own = inner(scope);
      own.names.set("loop", new Loop(new Map<string, Value>([
        ["index", at + 1], ["index0", at], ["revindex", items.length - at], ["revindex0", items.length - at - 1], ["first", at === 0], ["last", at === items.length - 1], ["length", items.length],
        ["previtem", orElse(items[at - 1], new Undefined("there is no previous item"))], ["nextitem", orElse(items[at + 1], new Undefined("there is no next item"))],
        ["cycle", new Callable((args) => orElse(args[at % args.length], new Undefined("`cycle` of nothing")))],
        ["changed", new Callable((args) => {
          const now = new Tuple(args);
          const changed = before === null || !truth(binary("==", before, now, budget));
          before = now;
          return changed;
        })],
      ])));
      assign(node.loopvar, item, own);
      const end = block(node.body, own, to);
      if (end === "break") break;
      if (end === "end") whole = true;
    }
    return whole ? "end" : block(node.defaultBlock, inner(scope), to);
  }

  function assign(target: Node, made: Value, scope: Scope): void {
    if (target.type === "Identifier") scope.names.set(target.value, made);
    else if (target.type === "TupleLiteral") {
      const items = itemsOf(made);
      if (items.length !== target.value.length) throw new TemplateError("failed", `${items.length} values are put into ${target.value.length} names`);
      target.value.forEach((each, at) => assign(each, items[at]!, scope));
    } else if (target.type === "MemberExpression" && !target.computed && target.property.type === "Identifier") {
      const owner = value(target.object, scope);
      if (!(owner instanceof Namespace)) throw new TemplateError("failed", `an attribute of ${typeName(owner)} is set, and only those of a namespace can be`);
      if (target.property.value.startsWith("_")) throw new TemplateError("failed", `\`${target.property.value}\` is set in a namespace, where no name may begin with _`);
      owner.attributes.set(target.property.value, made);
    } else throw new TemplateError("unsupported", "`set` of anything but names and attributes of a namespace");
  }

  /** Names that the body of a macro reads; it may be met in a loop. */
  function readBy(body: readonly Node[]): ReadonlySet<string> {
    const read = bodies.get(body) ?? namesRead(body);
    bodies.set(body, read);
    return read;
  }

  /** A macro sees the names around it, not those around its call. */
  function macro({ name, args: parameters, body }: MacroNode, scope: Scope): Callable {
    const read = readBy(body);
    return new Callable((args, named) => budget.deeper(() => {
      const own = inner(scope);
      const rest = new Map(named);
      bind(parameters, args, rest, own);
      const caller = rest.get("caller");
      if (caller !== undefined && read.has("caller")) {
        own.names.set("caller", caller);
        rest.delete("caller");
      }
      const [more, other] = [args.slice(parameters.length), rest.keys().next().value];
      if (more.length > 0 && !read.has("varargs")) throw new TemplateError("failed", `the macro \`${name.value}\` takes not more than ${parameters.length} arguments`);
      if (other !== undefined && !read.has("kwargs")) throw new TemplateError("failed", `the macro \`${name.value}\` takes no argument \`${other}\``);
      if (read.has("varargs")) own.names.set("varargs", new Tuple(more));
      if (read.has("kwargs")) own.names.set("kwargs", new Map<Key, Value>(rest));
      return printed(body, own);
    }));
  }

  /** What is given is taken out of `rest`; defaults may read what stands before them. */
  function bind(parameters: readonly ParameterNode[], args: readonly Value[], rest: Map<string, Value>, own: Scope): void {
    parameters.forEach((parameter, at) => {
      const name = parameter.type === "Identifier" ? parameter.value : parameter.key.value;
      const given = argument({ args, named: rest }, at, name);
      if (args[at] === undefined) rest.delete(name);
      own.names.set(name, given !== undefined ? given : parameter.type === "Identifier" ? new Undefined(`the parameter \`${name}\` was not given`) : value(parameter.value, own));
    });
  }

  function lookUp(name: string, scope: Scope): Value {
    for (let at: Scope | null = scope; at !== null; at = at.outer) {
      const found = at.names.get(name);
      if (found !== undefined) return found;
    }
    return new Undefined(`\`${name}\` has no value`);
  }

  function argumentsOf(nodes: readonly Node[], scope: Scope): Given {
    const args: Value[] = [];
    const named = new Map<string, Value>();
    for (const node of nodes) {
      if (node.type === "SpreadExpression") {
        const given = value(node.argument, scope);
        budget.spend(sizeOf(given));
        args.push(...itemsOf(given));
      }
      else if (node.type === "KeywordArgumentExpression") named.set(node.key.value, value(node.value, scope));
      else if (node.type === "KeywordSpreadExpression") {
        const given = value(node.argument, scope);
        if (!isDict(given)) throw new TemplateError("failed", `** before ${typeName(given)}`);
        budget.spend(given.size);
        for (const [key, each] of given) named.set(String(key), each);
      } else args.push(value(node, scope));
    }
    return { args, named };
  }

  function call(callee: Value, { args, named }: Given, at: Node): Value {
    if (callee instanceof Undefined) throw new TemplateError("failed", callee.why);
    if (!(callee instanceof Callable)) throw new TemplateError("failed", `${at.type === "Identifier" ? `\`${at.value}\`` : `a ${typeName(callee)}`} is called, and it is no function`);
    return callee.call(args, named);
  }

  function filtered(operand: Value, filter: FilterNode, scope: Scope): Value {
    if (filter.type === "Identifier") return filterNamed(filter.value)(operand, { args: [], named: new Map() }, budget);
    if (filter.callee.type !== "Identifier") throw new TemplateError("unsupported", "a filter that is no name");
    return filterNamed(filter.callee.value)(operand, argumentsOf(filter.args, scope), budget);
  }

  function value(node: Node, scope: Scope): Value {
    budget.spend(1);
    switch (node.type) {
      case "Identifier":
        return lookUp(node.value, scope);
      case "IntegerLiteral":
      case "StringLiteral":
        return node.value;
      case "FloatLiteral":
        return new Float(node.value);
      case "ArrayLiteral":
        return node.value.map((each) => value(each, scope));
      case "TupleLiteral":
        return new Tuple(node.value.map((each) => value(each, scope)));
      case "ObjectLiteral":
        return new Map([...node.value].map(([key, each]) => [keyOf(value(key, scope)), value(each, scope)]));
      case "MemberExpression":
        return member(node, scope);
      case "CallExpression": {
        const callee = value(node.callee, scope);
        return call(callee, argumentsOf(node.args, scope), node.callee);
      }
      case "BinaryExpression": {
        const left = value(node.left, scope);
        if (node.operator.value === "and") return truth(left) ? value(node.right, scope) : left;
        if (node.operator.value === "or") return truth(left) ? left : value(node.right, scope);
        const right = value(node.right, scope);
        if (isList(right) || isList(left)) budget.spend((isList(left) ? left.length : 1) + (isList(right) ? right.length : 1));
        if (typeof left === "string") budget.spend(left.length >> 4);
        return binary(node.operator.value, left, right, budget);
      }
      case "UnaryExpression":
        return unary(node.operator.value, value(node.argument, scope));
      case "FilterExpression":
        return filtered(value(node.operand, scope), node.filter, scope);
      case "TestExpression": {
        const passed = testNamed(node.test.value)(value(node.operand, scope), [], budget);
        return node.negate ? !passed : passed;
      }
      case "SelectExpression":
        return truth(value(node.test, scope)) ? value(node.lhs, scope) : new Undefined("an `if` without `else` was not true");
      case "Ternary":
        return truth(value(node.condition, scope)) ? value(node.trueExpr, scope) : value(node.falseExpr, scope);
      default:
        throw new TemplateError("unsupported", `${node.type} in an expression`);
    }
  }

  function member(node: Node & { readonly type: "MemberExpression" }, scope: Scope): Value {
    const owner = value(node.object, scope);
    if (node.property.type === "SliceExpression") {
      const { start, stop, step } = node.property;
      const bound = (each: Node | undefined): Value => (each === undefined ? null : value(each, scope));
      budget.spend(sizeOf(owner));
      return sliced(owner, [bound(start), bound(stop), bound(step)]);
    }
    if (node.computed) {
      if (typeof owner === "string") budget.spend(owner.length);
      return itemOrAttribute(owner, value(node.property, scope), budget);
    }
    if (node.property.type === "IntegerLiteral") return itemOrAttribute(owner, node.property.value, budget);
    return attribute(owner, (node.property as { readonly value: string }).value, budget);
  }
}

function keyOf(value: Value): Key {
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  throw new TemplateError("failed", `${typeName(value)} is a key of a dict`);
}
