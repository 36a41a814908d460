/** Without this file what the parser of templates gives would be of no type. */

/** Nodes of `@huggingface/jinja`'s tree (its `ast.ts`), which it does not export. */
export type Node =
  | { readonly type: "Program"; readonly body: readonly Node[] }
  | { readonly type: "If"; readonly test: Node; readonly body: readonly Node[]; readonly alternate: readonly Node[] }
  | { readonly type: "For"; readonly loopvar: Node; readonly iterable: Node; readonly body: readonly Node[]; readonly defaultBlock: readonly Node[] }
  | { readonly type: "Break" | "Continue" | "Comment" }
  | { readonly type: "Set"; readonly assignee: Node; readonly value: Node | null; readonly body: readonly Node[] }
  | MacroNode
  | { readonly type: "MemberExpression"; readonly object: Node; readonly property: Node; readonly computed: boolean }
  | CallNode
  | NameNode
  | { readonly type: "IntegerLiteral" | "FloatLiteral"; readonly value: number }
  | { readonly type: "StringLiteral"; readonly value: string }
  | { readonly type: "ArrayLiteral" | "TupleLiteral"; readonly value: readonly Node[] }
  | { readonly type: "ObjectLiteral"; readonly value: ReadonlyMap<Node, Node> }
  | { readonly type: "BinaryExpression"; readonly operator: { readonly value: string }; readonly left: Node; readonly right: Node }
  | { readonly type: "UnaryExpression"; readonly operator: { readonly value: string }; readonly argument: Node }
  | { readonly type: "FilterExpression"; readonly operand: Node; readonly filter: FilterNode }
  | { readonly type: "FilterStatement"; readonly filter: FilterNode; readonly body: readonly Node[] }
  | { readonly type: "TestExpression"; readonly operand: Node; readonly negate: boolean; readonly test: NameNode }
  | { readonly type: "SelectExpression"; readonly lhs: Node; readonly test: Node }
  | SliceNode
  | KeywordNode
  | { readonly type: "SpreadExpression" | "KeywordSpreadExpression"; readonly argument: Node }
  | { readonly type: "CallStatement"; readonly call: CallNode; readonly callerArgs: readonly ParameterNode[] | null; readonly body: readonly Node[] }
  | { readonly type: "Ternary"; readonly condition: Node; readonly trueExpr: Node; readonly falseExpr: Node };

export interface NameNode {
  readonly type: "Identifier";
  readonly value: string;
}
export interface KeywordNode {
  readonly type: "KeywordArgumentExpression";
  readonly key: NameNode;
  readonly value: Node;
}
export interface CallNode {
  readonly type: "CallExpression";
  readonly callee: Node;
  readonly args: readonly Node[];
}
export interface SliceNode {
  readonly type: "SliceExpression";
  readonly start?: Node | undefined;
  readonly stop?: Node | undefined;
  readonly step?: Node | undefined;
}
export interface MacroNode {
  readonly type: "Macro";
  readonly name: NameNode;
  readonly args: readonly ParameterNode[];
  readonly body: readonly Node[];
}
export type ParameterNode = NameNode | KeywordNode;
export type FilterNode = NameNode | CallNode;

/** Names that somebody may give a value from outside: those that are read and set nowhere, and those whose absence is asked for. */
export function namesAsked(nodes: readonly Node[], read: ReadonlySet<string>): ReadonlySet<string> {
  const made = new Set<string>();
  const asked = new Set<string>();
  const name = (node: Node, to: Set<string>): void => {
    if (node.type === "Identifier") to.add(node.value);
    else if (node.type === "TupleLiteral") node.value.forEach((each) => name(each, to));
  };
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit);
    if (value instanceof Map) return [...value].forEach(visit);
    if (!isNode(value)) return;
    if (value.type === "Set") name(value.assignee, made);
    if (value.type === "For") name(value.loopvar, made);
    if (value.type === "Macro") [value.name, ...value.args.map((each) => (each.type === "Identifier" ? each : each.key))].forEach((each) => name(each, made));
    if (value.type === "TestExpression" && /^(?:un)?defined$/.test(value.test.value)) name(value.operand, asked);
    if (value.type === "FilterExpression" && value.filter.type === "CallExpression" && value.filter.callee.type === "Identifier" && /^d(?:efault)?$/.test(value.filter.callee.value)) name(value.operand, asked);
    Object.values(value).forEach(visit);
  };
  visit(nodes);
  return new Set([...read].filter((each) => !made.has(each) || asked.has(each)));
}

/** Names that are read anywhere below these nodes: those of variables, not of filters, tests, attributes or arguments. */
export function namesRead(nodes: readonly Node[], found: Set<string> = new Set()): Set<string> {
  const visit = (node: Node): void => void namesRead([node], found);
  const ofFilter = (filter: FilterNode): void => void (filter.type === "CallExpression" && namesRead(filter.args, found));
  const ofParameters = (parameters: readonly ParameterNode[]): void => parameters.forEach((each) => each.type === "KeywordArgumentExpression" && visit(each.value));
  for (const node of nodes) {
    switch (node.type) {
      case "Identifier":
        found.add(node.value);
        break;
      case "MemberExpression":
        visit(node.object);
        if (node.computed) visit(node.property);
        break;
      case "FilterExpression":
        visit(node.operand);
        ofFilter(node.filter);
        break;
      case "FilterStatement":
        namesRead(node.body, found);
        ofFilter(node.filter);
        break;
      case "TestExpression":
        visit(node.operand);
        break;
      case "KeywordArgumentExpression":
        visit(node.value);
        break;
      case "Set":
        if (node.assignee.type === "MemberExpression") visit(node.assignee);
        if (node.value !== null) visit(node.value);
        namesRead(node.body, found);
        break;
      case "For":
        visit(node.iterable);
        namesRead([...node.body, ...node.defaultBlock], found);
        break;
      case "Macro":
        ofParameters(node.args);
        namesRead(node.body, found);
        break;
      case "CallStatement":
        visit(node.call);
        ofParameters(node.callerArgs ?? []);
        namesRead(node.body, found);
        break;
      case "BinaryExpression":
        namesRead([node.left, node.right], found);
        break;
      case "UnaryExpression":
        visit(node.argument);
        break;
      case "ObjectLiteral":
        for (const [key, value] of node.value) namesRead([key, value], found);
        break;
      default:
        for (const child of Object.values(node) as readonly unknown[]) {
          if (Array.isArray(child)) namesRead(child.filter(isNode), found);
          else if (isNode(child)) visit(child);
        }
    }
  }
  return found;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value;
}
