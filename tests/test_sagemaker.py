"""SageMaker's `model.tar.gz`."""

import gzip
import io
import json
import os
import tarfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import declax as dx
from declax.errors import LoadError
from declax.io.params import params_bytes
from declax.io.sagemaker import read_model


def classifier():
    x = dx.sym.Variable("data")
    return dx.sym.SoftmaxOutput(dx.sym.FullyConnected(x, num_hidden=3, name="fc"), name="softmax")


WEIGHTS = {"arg:fc_weight": np.ones((3, 4), np.float32), "arg:fc_bias": np.array([0, 1, 2], np.float32)}
FILES = {
    "model_algo_1-symbol.json": classifier().tojson().encode(),
    "model_algo_1-0000.params": params_bytes(WEIGHTS),
    "hyperparams.json": b'{"num_classes": "3"}',
    "model-shapes.json": b'[{"shape": [1, 4], "name": "data", "dtype": 0}]',
}


def tar(files=FILES, mode="w:gz", **more):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            for key, value in more.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


@pytest.mark.parametrize("mode", ["w:gz", "w"])
@pytest.mark.parametrize("folder", ["", "./", "model/"])
def test_a_model_is_read_as_it_is(tmp_path, mode, folder):
    path = tmp_path / "model.tar.gz"
    path.write_bytes(tar({folder + n: d for n, d in FILES.items()} | {"readme.txt": b"x"}, mode))
    model = read_model(path)
    assert os.listdir(tmp_path) == ["model.tar.gz"]
    assert model.symbol.list_outputs() == ["softmax_output"]
    assert model.epoch == 0
    np.testing.assert_array_equal(model.arg_params["fc_weight"], WEIGHTS["arg:fc_weight"])
    assert model.aux_params == {}
    assert model.hyperparams == {"num_classes": "3"}
    assert model.shapes[0]["shape"] == [1, 4]
    net, _ = dx.edit.deploy(model.symbol, None)
    out = net.bind(dx.cpu(), {n: dx.nd.array(a) for n, a in model.arg_params.items()} | {"data": dx.nd.ones((1, 4))})
    np.testing.assert_allclose(out.forward()[0].asnumpy().sum(), 1, rtol=1e-6)


def test_the_last_parameters_unless_an_epoch_is_asked_for():
    later = {"arg:fc_weight": np.zeros((3, 4), np.float32)}
    files = FILES | {"model_algo_1-0012.params": params_bytes(later)}
    assert read_model(tar(files)).epoch == 12
    assert read_model(tar(files), epoch=0).arg_params["fc_weight"][0, 0] == 1
    with pytest.raises(LoadError, match=r"expected a member model_algo_1-0003.params; it has .*0012.params"):
        read_model(tar(files), epoch=3)


def without(*names):
    return {n: d for n, d in FILES.items() if n not in names}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the archive is empty"),
        (b"\x1f\x8b nothing", "not a whole tar archive"),
        (b"nothing", "not a whole tar archive"),
        (tar()[:200], "not a whole tar archive"),
        (tar(without("model_algo_1-symbol.json")), "expected one member <prefix>-symbol.json; it has hyper"),
        (tar(without("model_algo_1-0000.params")), "expected a member model_algo_1-NNNN.params"),
        (tar({"../" + n: d for n, d in FILES.items()}), "leads out of the archive's folder"),
        (tar({"/etc/" + n: d for n, d in FILES.items()}), "leads out of the archive's folder"),
        (tar(type=tarfile.SYMTYPE, linkname="/etc/passwd"), "is a link or a device, not a file"),
        (tar(type=tarfile.CHRTYPE), "is a link or a device, not a file"),
        (tar(FILES | {"a/hyperparams.json": b"{}"}), "the archive has two members 'hyperparams.json'"),
        (tar(FILES | {"hyperparams.json": b"{"}), "hyperparams.json: no JSON"),
        (tar(FILES | {"hyperparams.json": b" " * (1 << 25)}), "hyperparams.json has 33554432 bytes, more than"),
        (tar(FILES | {"model_algo_1-0000.params": b"x"}), "model_algo_1-0000.params: <1 bytes>: byte 0: expected"),
        (
            tar(FILES | {"model_algo_1-0000.params": params_bytes({"w": np.ones(1)})}),
            "expected arrays named arg:<name>",
        ),
        (tar(FILES | {"model_algo_1-symbol.json": b"{}"}), "model_algo_1-symbol.json: Missing field 'nodes'"),
    ],
    ids=range(16),
)
def test_archives_that_are_refused(data, words):
    with pytest.raises(LoadError, match=words):
        read_model(data)


def test_an_archive_unfolds_within_limits():
    bomb = tar(FILES | {"zeros": bytes(1 << 22)})
    assert len(bomb) < 1 << 16
    assert read_model(bomb).epoch == 0
    with pytest.raises(LoadError, match="the archive unfolds to more than 1048576 bytes"):
        read_model(bomb, max_size=1 << 20)


WHOLE = tar(mode="w")


@settings(max_examples=150, deadline=None)
@given(st.booleans(), st.data())
def test_damaged_archives_load_or_end_in_one_error(zipped, data):
    damaged = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(damaged)[: data.draw(st.integers(0, len(damaged)))]
    with suppress(LoadError):
        read_model(gzip.compress(damaged, 1) if zipped else damaged, max_size=1 << 20)


LEGACY = Path(os.environ.get("DECLAX_ORACLE", Path(__file__).parents[2] / "shared" / "oracle")) / "corpus" / "legacy"


@pytest.mark.skipif(not LEGACY.is_dir(), reason=f"old MXNet files are not at {LEGACY} (set DECLAX_ORACLE)")
def test_a_real_detector_of_sagemakers():
    graph = gzip.decompress((LEGACY / "Boats-Detection-With-Google-Maps__model_algo_1-symbol.json.gz").read_bytes())
    files = {"model_algo_1-symbol.json": graph, "model_algo_1-0000.params": params_bytes({"arg:x": np.ones(1)})}
    net = read_model(tar(files)).symbol
    assert "label" in net.list_arguments()
    assert json.loads(graph)["heads"]
    deployed, _ = dx.edit.deploy(net, None)
    assert deployed.list_outputs() == ["cls_prob_output", "det_out_output"]
    assert "label" not in deployed.list_arguments()
    stripped, _ = dx.edit.deploy(net, None, heads="strip")
    assert stripped.list_outputs() == ["multibox_cls_pred_output", "detection_output"]
    assert deployed.infer_shape(data=(1, 3, 256, 256))[1] == [(1, 2, 1536), (1, 1536, 6)]
