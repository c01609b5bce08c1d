"""Rates of cuBLAS' matrix products through PyTorch, to stand beside this project's own on one GPU.

    python3 cublas.py NN:4096x768x768 NT:4096x50257x768 TN:768x768x4096

A product LAYOUT:MxNxK is C = A B of M x K and K x N; N and T say how A and B lie in memory. Prints one line
of JSON: for each product TFLOP/s in fp32 (without TF32) and in fp16 (fp32 sums), and GB/s of a large copy,
counting what is read and what is written. Best of three rounds by the device's events, after half a second
of work.
"""

import json
import sys
import time

try:
    import torch
except ModuleNotFoundError as missing:
    sys.exit(str(missing))

ROUND_FLOPS = 3e12
COPY_BYTES = 1 << 30


def seconds(work, times):
    """Seconds of one call of `work`, the best of three rounds of `times` calls."""
    best = float("inf")
    for _ in range(3):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        for _ in range(times):
            work()
        end.record()
        end.synchronize()
        best = min(best, start.elapsed_time(end) / 1e3 / times)
    return best


def rate(layout, m, n, k, dtype):
    """TFLOP/s of one product."""
    a = torch.randn((k, m) if layout == "TN" else (m, k), device="cuda", dtype=dtype)
    b = torch.randn((n, k) if layout == "NT" else (k, n), device="cuda", dtype=dtype)
    a, b = (a.t() if layout == "TN" else a), (b.t() if layout == "NT" else b)
    flops = 2 * m * n * k
    for _ in range(3):
        a @ b
    return flops / seconds(lambda: a @ b, max(3, int(ROUND_FLOPS / flops))) / 1e12


def main(products):
    if not torch.cuda.is_available():
        sys.exit("no CUDA device")
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
    square = torch.randn((2048, 2048), device="cuda")
    until = time.perf_counter() + 0.5
    while time.perf_counter() < until:
        square @ square
        torch.cuda.synchronize()
    rows = []
    for product in products:
        layout, shape = product.split(":")
        m, n, k = map(int, shape.split("x"))
        rates = {name: rate(layout, m, n, k, dtype) for name, dtype in [("fp32", torch.float32), ("fp16", torch.float16)]}
        rows.append({"layout": layout, "M": m, "N": n, "K": k, **rates})
        torch.cuda.empty_cache()
    source = torch.empty(COPY_BYTES, device="cuda", dtype=torch.uint8)
    target = torch.empty_like(source)
    target.copy_(source)
    copy = 2 * COPY_BYTES / seconds(lambda: target.copy_(source), 10) / 1e9
    print(json.dumps({"rows": rows, "copy_gbytes": copy}))


if __name__ == "__main__":
    main(sys.argv[1:])
