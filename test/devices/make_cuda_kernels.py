"""Without this file nobody could say where the list of kernels in cuda_kernels.tsv comes from.

It is what the CUDA provider of the wheel onnxruntime-gpu registers, as the wheel's own `get_all_opkernel_def` tells it. No card is needed, but that call
loads every provider of the wheel, so the loader has to find the libraries of CUDA, cuDNN and TensorRT:

    pip install onnxruntime-gpu==1.30.0
    python test/devices/make_cuda_kernels.py > test/devices/cuda_kernels.tsv

One line is one operator of the opset that graphs are written in: its name, its inputs, its outputs, its kernels. Inputs and outputs are type variables of
the operator's schema, or one type; `...` stands behind the last where there may be more of it. A kernel gives types to variables; a variable that it does
not name may be of any type that the schema allows. Types that no graph has are left out.
"""

import re
import sys

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

# src/emit/proto.ts
OPSET = 23
ELEMENTS = {"float": "f32", "float16": "f16", "bfloat16": "bf16", "int64": "i64", "int32": "i32", "uint8": "u8", "bool": "bool"}
OPEN = 2**31 - 1


def element(text):
    """`tensor(float)` → f32; None: a type that no graph has."""
    found = re.fullmatch(r"tensor\((\w+)\)", text)
    return ELEMENTS.get(found.group(1)) if found else None


def latest(schemas):
    """The schemas of the opset."""
    chosen = {}
    for schema in schemas:
        key = (schema.domain, schema.name)
        limit = OPSET if schema.domain == "" else 1
        if schema.domain in ("", "com.microsoft") and schema.since_version <= limit:
            if key not in chosen or chosen[key].since_version < schema.since_version:
                chosen[key] = schema
    return chosen


def formal(parameters):
    """Type variables of inputs or outputs, one type where it is no variable."""
    names = []
    for parameter in parameters:
        name = element(parameter.typeStr) or parameter.typeStr
        names.append(name + ("..." if "Variadic" in str(parameter.option) else ""))
    return " ".join(names)


def serves(kernel, since):
    """Whether a kernel is one of this version of the operator (onnxruntime core/framework/kernel_registry.cc, VerifyKernelDef)."""
    first, last = kernel.version_range
    return first == since or (last != OPEN and first <= since <= last)


def main():
    assert onnxruntime.__version__ == "1.30.0", onnxruntime.__version__
    schemas = latest(runtime.get_all_operator_schema())
    found = {}
    for kernel in runtime.get_all_opkernel_def():
        schema = schemas.get((kernel.domain, kernel.op_name))
        if kernel.provider != "CUDAExecutionProvider" or schema is None or not serves(kernel, schema.since_version):
            continue
        types = {name: sorted({each for each in map(element, allowed) if each}) for name, allowed in kernel.type_constraints.items()}
        if all(types.values()):
            found.setdefault((kernel.domain, kernel.op_name), set()).add(" ".join(f"{name}={','.join(types[name])}" for name in sorted(types)) or "any")
    print(f"# kernels of CUDA in onnxruntime-gpu {onnxruntime.__version__}, opset {OPSET}: made by make_cuda_kernels.py")
    for domain, name in sorted(found):
        schema = schemas[(domain, name)]
        print("\t".join([f"{domain}:{name}".lstrip(":"), formal(schema.inputs), formal(schema.outputs), " | ".join(sorted(found[(domain, name)]))]))


if __name__ == "__main__":
    sys.exit(main())
