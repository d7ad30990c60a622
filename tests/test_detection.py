"""Detection operators are compiled code: one program, whatever the number of boxes, and once for all values."""

import jax
import numpy as np
import pytest

import declax as mx
from benchmarks import detection

SMALL, LARGE = 1000, 4000


def graph_and_inputs(name, boxes, monkeypatch):
    """One row of the benchmark's table with another number of boxes."""
    monkeypatch.setattr(detection, "BOXES", boxes)
    make, arrays = detection.ROWS[name]
    inputs = {n: a.astype("float32") for n, a in arrays(np.random.default_rng(0)).items()}
    return make(inputs), inputs


def equations(jaxpr):
    """Number of operations of a program, those of its loops' bodies included."""
    count = 0
    for eqn in jaxpr.eqns:
        count += 1
        for value in jax.tree.leaves(list(eqn.params.values()), is_leaf=lambda v: hasattr(v, "eqns")):
            inner = getattr(value, "jaxpr", value)
            count += equations(inner) if hasattr(inner, "eqns") else 0
    return count


@pytest.mark.parametrize("name", [n for n, (_, arrays) in detection.ROWS.items() if "regions" not in n])
def test_the_program_does_not_grow_with_the_boxes(name, monkeypatch):
    sizes = []
    for boxes in (SMALL, LARGE):
        net, inputs = graph_and_inputs(name, boxes, monkeypatch)
        run = mx.lower(net)
        sizes.append(equations(jax.make_jaxpr(lambda given, run=run: run(given)[0])(inputs).jaxpr))
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("name", ["box_nms, 20 classes, topk 400", "MultiBoxDetection", "MultiBoxTarget, mining"])
def test_other_values_compile_nothing(name, monkeypatch):
    net, inputs = graph_and_inputs(name, SMALL, monkeypatch)
    ex = net.bind(mx.cpu(), {n: mx.nd.array(a) for n, a in inputs.items()}, grad_req="null")
    first = ex.forward()[0].asnumpy()
    for n in inputs:
        ex.arg_dict[n][:] = inputs[n][..., ::-1].copy() if n == "loc_pred" else inputs[n] * 0.9
    assert not np.array_equal(ex.forward()[0].asnumpy(), first)
    assert ex._program.infer._jitted._cache_size() == 1


def test_best_first_puts_the_dead_last_and_ties_in_order():
    from declax.layers.suppress import best_first

    score = np.array([0.5, 0.9, 0.9, 0.1, 0.7], "float32")
    alive = np.array([True, False, True, True, True])
    assert best_first(score, alive, 5).tolist() == [2, 4, 0, 3, 1]
    assert best_first(score, alive, 2).tolist() == [2, 4]
    assert best_first(np.zeros(4, "float32"), np.ones(4, bool), 2).tolist() == [0, 1]
