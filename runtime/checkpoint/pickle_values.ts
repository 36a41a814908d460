/** Without this file the names that a pickle of tensors may use would not be a closed list. */
import { CheckpointError } from "./error.ts";

/** A tensor as the pickle describes it: a view of a storage, in elements. */
export interface PickledTensor {
  readonly kind: "tensor";
  readonly storage: string;
  /** As safetensors names it. */
  readonly dtype: string;
  /** Elements that the storage has. */
  readonly count: number;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
}
export interface PickledDict {
  readonly kind: "dict";
  readonly entries: Map<string, Pickled>;
}
interface PickledItems {
  readonly kind: "tuple" | "list";
  readonly items: Pickled[];
}
export interface PickledGlobal {
  readonly kind: "global";
  readonly name: string;
}
interface PickledStorage {
  readonly kind: "storage";
  readonly storage: string;
  readonly dtype: string;
  readonly count: number;
}
export type Pickled = null | boolean | number | string | PickledTensor | PickledDict | PickledItems | PickledGlobal | PickledStorage;

// What torch writes: torch/serialization.py `persistent_id`, torch/_utils.py `_rebuild_tensor_v2`.
const STORAGES: Readonly<Record<string, string>> = {
  FloatStorage: "F32", HalfStorage: "F16", BFloat16Storage: "BF16", DoubleStorage: "F64", LongStorage: "I64", IntStorage: "I32", ShortStorage: "I16", CharStorage: "I8", ByteStorage: "U8", BoolStorage: "BOOL",
};
/** Every name that is understood; none is ever looked up. */
export const KNOWN = new Set(["collections.OrderedDict", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter", "torch.Size", ...Object.keys(STORAGES).map((name) => `torch.${name}`)]);
export const CONVERT = {
  help: "convert it once where you trust it: safetensors.torch.save_file({k: v.contiguous() for k, v in torch.load(path, weights_only=True).items()}, \"….safetensors\")",
};

/** How a reader says that a pickle is damaged, or more than tensors. */
export interface Complaints {
  readonly broken: (what: string) => CheckpointError;
  readonly refused: (what: string) => CheckpointError;
}

/** What a persistent id names: torch writes ("storage", type, key, device, count). */
export function storageOf(id: Pickled, { refused }: Complaints): PickledStorage {
  const [tag, type, key, , count] = isKind(id, "tuple") ? id.items : [];
  const dtype = type !== undefined && isKind(type, "global") ? STORAGES[type.name.replace(/^torch\./, "")] : undefined;
  if (tag !== "storage" || dtype === undefined || typeof key !== "string" || !isCount(count)) throw refused("names a storage in a way torch does not");
  return { kind: "storage", storage: key, dtype, count };
}

/** What a constructor of torch with these arguments describes. */
export function made(what: Pickled, args: Pickled, complaints: Complaints): Pickled {
  const { broken, refused } = complaints;
  const items = isKind(args, "tuple") ? args.items : null;
  if (!isKind(what, "global") || items === null) throw refused("calls something that is not a constructor of torch");
  switch (what.name) {
    case "collections.OrderedDict":
      if (items.length > 0) throw refused("makes an OrderedDict in a way torch does not");
      return { kind: "dict", entries: new Map() };
    case "torch.Size":
      return items[0] !== undefined && isKind(items[0], "tuple") ? items[0] : args;
    case "torch._utils._rebuild_parameter": {
      const tensor = items[0];
      if (tensor === undefined || !isKind(tensor, "tensor")) throw broken("holds a parameter that is no tensor");
      return tensor;
    }
    case "torch._utils._rebuild_tensor_v2":
      return tensorOf(items, complaints);
    default:
      throw refused(`calls \`${what.name}\``);
  }
}

function tensorOf([storage, offset, shape, stride]: readonly Pickled[], { broken }: Complaints): PickledTensor {
  const sizes = (value: Pickled | undefined): readonly number[] | null => (value !== undefined && isKind(value, "tuple") && value.items.every(isCount) ? (value.items as number[]) : null);
  const [dims, steps] = [sizes(shape), sizes(stride)];
  if (storage === undefined || !isKind(storage, "storage") || !isCount(offset) || dims === null || steps === null || dims.length !== steps.length || dims.length > 8) throw broken("holds a tensor that is not described as torch does");
  return { kind: "tensor", storage: storage.storage, dtype: storage.dtype, count: storage.count, offset, shape: dims, stride: steps };
}

function isCount(value: Pickled | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

type Kinds = Exclude<Pickled, null | boolean | number | string>;

export function isKind<K extends Kinds["kind"]>(value: Pickled, kind: K): value is Extract<Kinds, { readonly kind: K }> | (K extends "tuple" | "list" ? PickledItems : never) {
  return typeof value === "object" && value !== null && value.kind === kind;
}
