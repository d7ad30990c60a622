"""The net of inception.py in JAX's own idiom: `declax.lower`, `jax.value_and_grad`, Optax.

    python examples/jax_native.py [--quick]

The graph is declared with names; what comes out is a pure function over dicts of named arrays, and the rest is JAX.
"""

import argparse
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
from inception import BATCH, digits, inception_bn_28_small, initial
from tqdm import tqdm

import declax as dx


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few batches only")
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    start = time.perf_counter()
    train_x, train_y, test_x, test_y = digits()
    if options.quick:
        train_x, train_y, test_x, test_y, options.epochs = train_x[: 4 * BATCH], train_y, test_x[:60], test_y[:60], 1

    # The logits are a node of the graph, picked by name: the loss is Optax's.
    logits = inception_bn_28_small().get_internals()["fc1_output"]
    net = dx.lower(logits)
    shapes = dict(zip(logits.list_arguments(), logits.infer_shape(data=(BATCH, 1, 28, 28))[0], strict=True))
    states = zip(logits.list_auxiliary_states(), logits.infer_shape(data=(BATCH, 1, 28, 28))[2], strict=True)
    rng = np.random.default_rng(0)
    params = {n: jnp.asarray(initial(n, s, rng)) for n, s in shapes.items() if n != "data"}
    aux = {n: jnp.full(s, float(n.endswith("_var"))) for n, s in states}

    def loss(params, aux, images, labels):
        (scores,), aux = net({**params, "data": images}, aux, train=True)
        return optax.softmax_cross_entropy_with_integer_labels(scores, labels).mean(), aux

    steps = options.epochs * (len(train_x) // BATCH)
    optimizer = optax.adam(optax.warmup_cosine_decay_schedule(1e-3, 4e-3, min(10, steps - 1), steps))
    moments = optimizer.init(params)

    @jax.jit
    def step(params, aux, moments, images, labels):
        (value, aux), grads = jax.value_and_grad(loss, has_aux=True)(params, aux, images, labels)
        updates, moments = optimizer.update(grads, moments, params)
        return optax.apply_updates(params, updates), aux, moments, value

    @jax.jit
    def classify(params, aux, images):
        (scores,), _ = net({**params, "data": images}, aux, train=False)
        return scores.argmax(axis=1)

    with tqdm(total=steps, unit="batch") as bar:
        for _ in range(options.epochs):
            order = rng.permutation(len(train_x))
            for i in range(0, len(train_x) - BATCH + 1, BATCH):
                pick = order[i : i + BATCH]
                params, aux, moments, value = step(params, aux, moments, train_x[pick], train_y[pick].astype("int32"))
                bar.update()
                bar.set_postfix(loss=f"{float(value):.3f}")

    found = np.concatenate([classify(params, aux, test_x[i : i + 60]) for i in range(0, len(test_x), 60)])
    accuracy = (found == test_y).mean()
    print(f"held-out accuracy {accuracy:.1%} on {len(test_y)} images; {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
