"""Cases of optimiser updates."""

import numpy as np

from tests.table import Case, uniform

S = (3, 4)
POSITIVE = uniform(*S, low=0.1)
HALF = uniform(*S, dtype="float16")
ONE = np.array([0.7], "float32")
BAD = np.array([np.inf], "float32")
FULL = {"lr": 0.1, "wd": 0.01, "rescale_grad": 0.5, "clip_gradient": 0.2}


def case(op: str, inputs: list, attrs: dict, **more) -> Case:
    """Updates have no gradient."""
    return Case(op, inputs, attrs, grad=False, **more)


CASES = [
    *(case(op, [S, S], attrs) for op in ("sgd_update", "signsgd_update") for attrs in ({"lr": 0.1}, FULL)),
    *(
        case(op, [S] * 3, {**attrs, "momentum": 0.9})
        for op in ("sgd_mom_update", "nag_mom_update", "signum_update")
        for attrs in ({"lr": 0.1}, FULL)
    ),
    case("signum_update", [S] * 3, {**FULL, "wd_lh": 0.1}),
    case("sgd_update", [uniform(*S, dtype="float64")] * 2, FULL, id="float64"),
    *(case("mp_sgd_update", [HALF, HALF, S], attrs) for attrs in ({"lr": 0.1}, FULL)),
    *(
        case(op, [HALF, HALF, S, S], {**attrs, "momentum": 0.9})
        for op in ("mp_sgd_mom_update", "mp_nag_mom_update")
        for attrs in ({"lr": 0.1}, FULL)
    ),
    *(case("adam_update", [S, S, S, POSITIVE], attrs) for attrs in ({"lr": 0.1}, FULL)),
    *(
        case("_adamw_update", [S, S, S, POSITIVE, scale], {"lr": 0.1, "eta": 0.5, "wd": 0.1, "clip_gradient": clip})
        for scale, clip in ((ONE, -1.0), (ONE, 0.2), (BAD, -1.0))
    ),
    *(
        case("_mp_adamw_update", [HALF, HALF, S, POSITIVE, S, scale], {"lr": 0.1, "eta": 0.5, "wd": 0.1})
        for scale in (ONE, BAD)
    ),
    case("ftml_update", [S, S, POSITIVE, POSITIVE, S], {"lr": 0.1, "t": 3}),
    case("ftml_update", [S, S, POSITIVE, POSITIVE, S], {"lr": 0.1, "t": 1, "wd": 0.1, "clip_grad": 0.2}),
    *(case("ftrl_update", [S, S, S, POSITIVE], attrs) for attrs in ({"lr": 0.1}, {**FULL, "lamda1": 0.5})),
    *(case("rmsprop_update", [S, S, POSITIVE], a) for a in ({"lr": 0.1}, {**FULL, "clip_weights": 0.3})),
    *(
        case("rmspropalex_update", [S, S, uniform(*S, low=1, high=2), S, S], a)
        for a in ({"lr": 0.1}, {**FULL, "clip_weights": 0.3})
    ),
    case("_sparse_adagrad_update", [S, S, POSITIVE], {"lr": 0.1, "clip_gradient": 0.3}),
    case("_contrib_group_adagrad_update", [S, S, uniform(3, low=0.1)], {"lr": 0.1, "clip_gradient": 0.3}),
    case("_contrib_group_adagrad_update", [S, S, uniform(3, 1, low=0.1)], {"lr": 0.1}),
    *(
        case("lamb_update_phase1", [S, S, S, POSITIVE], {"t": 2, "wd": 0.1, "bias_correction": b, "clip_gradient": c})
        for b, c in ((True, -1.0), (False, 0.2))
    ),
    case("mp_lamb_update_phase1", [HALF, HALF, S, POSITIVE, S], {"t": 2, "wd": 0.1}),
    *(
        case("lamb_update_phase2", [S, S, ONE, r2], {"lr": 0.1, "lower_bound": low, "upper_bound": high})
        for r2, low, high in ((ONE, -1.0, -1.0), (ONE * 2, 1.0, 10.0), (ONE * 0, 0.1, 0.5))
    ),
    case("mp_lamb_update_phase2", [HALF, S, ONE, ONE * 2, S], {"lr": 0.1}),
    # several weights
    case("multi_sgd_update", [S, S, (5,), (5,)], {"lrs": (0.1, 0.2), "wds": (0, 0.1), "num_weights": 2}),
    case(
        "multi_sgd_mom_update",
        [S] * 3 + [(5,)] * 3,
        {"lrs": (0.1, 0.2), "wds": (0, 0.1), "num_weights": 2, "momentum": 0.9},
    ),
    case("multi_mp_sgd_update", [HALF, HALF, S], {"lrs": 0.1, "wds": 0.1, "clip_gradient": 0.2}),
    case("multi_mp_sgd_mom_update", [HALF, HALF, S, S] * 2, {"lrs": (0.1, 0.2), "wds": (0, 0.1), "num_weights": 2}),
    case("preloaded_multi_sgd_update", [S, S, (5,), (5,), uniform(2, low=0), uniform(2, low=0)], {"num_weights": 2}),
    case("preloaded_multi_sgd_mom_update", [S, S, S, uniform(1, low=0), uniform(1, low=0)], {"momentum": 0.9}),
    case("preloaded_multi_mp_sgd_update", [HALF, HALF, S, uniform(1, low=0), uniform(1, low=0)], {"rescale_grad": 0.5}),
    case(
        "preloaded_multi_mp_sgd_mom_update", [HALF, HALF, S, S, uniform(1, low=0), uniform(1, low=0)], {"momentum": 0.9}
    ),
    case(
        "_multi_adamw_update",
        [S, S, S, POSITIVE, (5,), (5,), (5,), uniform(5, low=0.1), ONE],
        {"lrs": (0.1, 0.2), "wds": (0, 0.1), "etas": (1, 0.5), "num_weights": 2},
    ),
    case("_multi_mp_adamw_update", [HALF, HALF, S, POSITIVE, S, ONE], {"lrs": 0.1, "wds": 0.1, "etas": 1}),
    case("_multi_mp_adamw_update", [HALF, HALF, S, POSITIVE, S, BAD], {"lrs": 0.1, "wds": 0.1, "etas": 1}),
    *(
        case("_multi_lamb_update", [S, S, S, POSITIVE], {"learning_rates": 0.1, "wds": 0.1, "step_count": 2, **more})
        for more in ({}, {"bias_correction": False, "lower_bound": 1.0, "upper_bound": 2.0, "clip_gradient": 0.2})
    ),
    case("_multi_mp_lamb_update", [HALF, HALF, S, POSITIVE, S], {"learning_rates": 0.1, "wds": 0.1, "step_count": 2}),
    case(
        "multi_lars",
        [uniform(4, low=0), np.array([1, 0, 2, 3], "float32"), np.array([1, 1, 0, 3], "float32"), uniform(4, low=0)],
        {"eta": 0.1, "eps": 0.01, "rescale_grad": 0.5},
    ),
    case("multi_sum_sq", [S, (5,), (2, 3, 4)], {"num_arrays": 3}),
    case("reset_arrays", [S, (5,)], {"num_arrays": 2}),
]
