"""Without this file a rate on a graphics card would stand beside no limit: what its matrix product reaches, in TFLOP/s by number type."""

import json
import time

import torch

torch.backends.cuda.matmul.allow_tf32 = False
device = "cuda" if torch.cuda.is_available() else "cpu"
size = 8192 if device == "cuda" else 512
found = {}
for name, dtype in {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}.items():
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    times = []
    for _ in range(7):
        if device == "cuda":
            torch.cuda.synchronize()
        began = time.perf_counter()
        a @ b
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    found[name] = 2 * size**3 / sorted(times)[len(times) // 2] / 1e12
print(json.dumps({"device": torch.cuda.get_device_name() if device == "cuda" else "cpu", "tflops": found}))
