"""The first table: declax against the same nets hand-written in plain JAX, and what declaring and binding cost.

    python -m benchmarks.core            # every row
    python -m benchmarks.core --quick    # small nets, few rounds

Ratios are medians of per-round ratios of interleaved rounds in one process; below 1 declax is faster or smaller.
Memory is XLA's own analysis of the compiled step: arguments, outputs and temporaries.
"""

import argparse
import itertools
import platform
import statistics
import subprocess
import sys
import time

import jax
import numpy as np

import declax as mx
from benchmarks import nets, plain
from declax.io import json as symbol_json

ROWS = {
    "MLP 784-512-512-10, batch 64": (nets.mlp, plain.mlp, (64, 784), 200),
    "Inception-BN 28x28, batch 64": (nets.inception_bn_28, plain.inception_bn_28, (64, 3, 28, 28), 7),
    "Inception-BN 224x224, batch 4": (nets.inception_bn, plain.inception_bn, (4, 3, 224, 224), 7),
}


def bound(make, shape):
    """An executor with random parameters, and the same arrays for the plain function."""
    net = make()
    req = {n: "null" if n in ("data", "softmax_label") else "write" for n in net.list_arguments()}
    ex = net.simple_bind(mx.cpu(), grad_req=req, data=shape)
    rng = np.random.default_rng(0)
    for name, array in ex.arg_dict.items():
        if name == "softmax_label":
            array[:] = rng.integers(0, 10, array.shape)
        elif name.endswith("_gamma"):
            array[:] = 1
        elif name.endswith("_weight"):
            array[:] = rng.normal(0, np.sqrt(2 / np.prod(array.shape[1:])), array.shape)
        elif name == "data":
            array[:] = rng.normal(0, 1, array.shape)
    for name, array in ex.aux_dict.items():
        array[:] = float(name.endswith("var"))
    params = {n: a.data for n, a in ex.arg_dict.items() if n not in ("data", "softmax_label")}
    states = {n: a.data for n, a in ex.aux_dict.items()}
    return ex, params, states, ex.arg_dict["data"].data, ex.arg_dict["softmax_label"].data


def interleaved(first, second, rounds):
    """Median seconds of both and the median of the per-round ratios."""
    first(), second()
    pairs = []
    for i in range(rounds):
        times = {}
        for f in (first, second) if i % 2 else (second, first):
            start = time.perf_counter()
            f()
            times[f] = time.perf_counter() - start
        pairs.append((times[first], times[second]))
    a, b = statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)
    return a, b, statistics.median(x / y for x, y in pairs)


def compiled_bytes(function, *args):
    """Bytes that a compiled call needs: arguments, outputs and temporaries."""
    found = function.lower(*args).compile().memory_analysis()
    return (
        found.argument_size_in_bytes + found.output_size_in_bytes + found.temp_size_in_bytes - found.alias_size_in_bytes
    )


def versus_plain(name, make, net, shape, rounds):
    """Prints time and memory of inference and of a training step."""
    ex, params, states, x, labels = bound(make, shape)
    step, infer = plain.training_step(net), plain.inference(net)

    def ours_train():
        ex.forward(is_train=True)
        ex.backward()
        jax.block_until_ready([g.data for g in ex.grad_arrays if g is not None])

    def plain_train():
        jax.block_until_ready(step(params, states, x, labels))

    def ours_infer():
        jax.block_until_ready(ex.forward()[0].data)

    def plain_infer():
        jax.block_until_ready(infer(params, states, x))

    check(ex, step(params, states, x, labels), infer(params, states, x), states)
    program, args, aux = ex._program, [a.data for a in ex.arg_arrays], [a.data for a in ex.aux_arrays]
    memory = {
        "inference": (compiled_bytes(program.infer, args, aux, None), compiled_bytes(infer, params, states, x)),
        "training step": (
            compiled_bytes(program.step, args, aux, None, [None]),
            compiled_bytes(step, params, states, x, labels),
        ),
    }
    for what, ours, theirs in (("inference", ours_infer, plain_infer), ("training step", ours_train, plain_train)):
        a, b, ratio = interleaved(ours, theirs, rounds)
        m, n = memory[what]
        print(
            f"| {name} | {what} | {a * 1e3:.2f} ms | {b * 1e3:.2f} ms | {ratio:.2f} | {m / 1e6:.1f} MB | {m / n:.2f} |"
        )


def check(ex, trained, inferred, states):
    """Both must compute the same before their times mean anything."""
    np.testing.assert_allclose(ex.forward()[0].asnumpy(), inferred, rtol=1e-3, atol=1e-5)
    ex.forward(is_train=True)
    ex.backward()
    largest = max(float(np.linalg.norm(g)) for g in trained[0].values())
    for name, wanted in trained[0].items():
        off = np.linalg.norm(ex.grad_dict[name].asnumpy() - wanted)
        # a bias before a normalisation has no gradient but rounding, hence the floor
        if off > 0.02 * np.linalg.norm(wanted) + 1e-4 * largest:
            raise AssertionError(f"gradient of {name} is off by {off:.3g} of {np.linalg.norm(wanted):.3g}")
    for name, array in ex.aux_dict.items():
        array[:] = mx.nd.NDArray(states[name])


def best(function, repeat=5):
    """Least milliseconds of several runs."""
    found = []
    for _ in range(repeat):
        start = time.perf_counter()
        function()
        found.append(time.perf_counter() - start)
    return min(found) * 1e3


def fresh(code):
    """Milliseconds that a snippet prints, run in fresh processes; the least of three."""
    return min(
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(3)
    )


FIRST = """
import time, sys
sys.path.insert(0, ".")
from benchmarks import nets
{prepare}
start = time.perf_counter()
{measured}
print((time.perf_counter() - start) * 1e3)
"""


def overheads():
    """Prints the absolute figures of declaring, inferring, writing, reading and calling."""
    net = nets.inception_bn()
    text = net.tojson()
    a = (mx.sym.Variable("a") + mx.sym.Variable("b")).bind(mx.cpu(), {"a": mx.nd.ones((2, 3)), "b": mx.nd.ones((2, 3))})

    def calls():
        for _ in range(1000):
            a.forward()
        a.outputs[0].wait_to_read()

    importing = (
        "import jax, jax.numpy, time; s = time.perf_counter(); import declax; print((time.perf_counter() - s) * 1e3)"
    )
    infer = "net.infer_shape(data=(16, 3, 224, 224))"
    sizes = itertools.cycle(range(1, 65))
    rows = [
        ("build Inception-BN", best(nets.inception_bn), "ms", 15),
        ("infer_shape, first time", fresh(FIRST.format(prepare="net = nets.inception_bn()", measured=infer)), "ms", 30),
        ("infer_shape, again", best(lambda: net.infer_shape(data=(16, 3, 224, 224))), "ms", 5),
        ("infer_shape, another batch size", best(lambda: net.infer_shape(data=(next(sizes), 3, 224, 224))), "ms", 5),
        ("tojson", best(net.tojson), "ms", 15),
        ("load_json", best(lambda: symbol_json.loads(text)), "ms", 15),
        ("forward of a + b", best(calls), "us", 60),
        ("import declax after jax", fresh(importing), "ms", 150),
    ]
    print("\n| what | measured | aim |\n|---|---|---|")
    for what, value, unit, aim in rows:
        print(f"| {what} | {value:.1f} {unit} | {aim} {unit} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small nets and few rounds")
    parser.add_argument("--only", choices=("nets", "overheads"), help="one of the two tables")
    chosen = parser.parse_args()
    print(f"declax {mx.__version__}, jax {jax.__version__}, Python {platform.python_version()}, {platform.machine()}")
    if chosen.only != "overheads":
        print(
            "\n| net | what | declax | plain JAX | time ratio | memory | memory ratio |\n|---|---|---|---|---|---|---|"
        )
        for name, (make, net, shape, rounds) in ROWS.items():
            if not (chosen.quick and "224" in name):
                versus_plain(name, make, net, shape, max(3, rounds // 3) if chosen.quick else rounds)
    if chosen.only != "nets":
        overheads()


if __name__ == "__main__":
    main()
