"""The pretrained MTCNN of examples/face_detection.py against MXNet's numbers (tests/make_faces.py recorded them)."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL", reason="the example draws with Pillow")
from PIL import Image

ROOT = Path(__file__).parent.parent
FOLDER = ROOT.parent / "shared" / "oracle" / "corpus" / "legacy"
RECORDED = np.load(Path(__file__).parent / "data" / "faces.npz")


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("face_detection", ROOT / "examples" / "face_detection.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def detector(example):
    if not list(FOLDER.glob("*det1*.params")):
        pytest.skip(f"the pretrained det1 to det4 are not at {FOLDER}")
    return example.Detector(FOLDER)


NETS = {"det1": "propose", "det2": "refine", "det3": "decide", "det4": "place"}


@pytest.mark.parametrize("stem", NETS)
def test_networks_give_mxnets_numbers(detector, stem: str):
    net = getattr(detector, NETS[stem])
    found = net(RECORDED[f"{stem}/pixels"])
    assert found
    for name, y in found.items():
        np.testing.assert_allclose(y, RECORDED[f"{stem}/{name}"], rtol=1e-4, atol=2e-5, err_msg=name)


def test_the_one_face_is_found(example, detector):
    pytest.importorskip("skimage", reason="the photograph is scikit-image's")
    image = example.photograph(None)
    faces = detector(image)
    np.testing.assert_allclose(faces.boxes, RECORDED["faces/boxes"], atol=0.5)
    np.testing.assert_allclose(faces.scores, RECORDED["faces/scores"], atol=1e-3)
    np.testing.assert_allclose(faces.landmarks, RECORDED["faces/landmarks"], atol=0.5)
    left, top, right, bottom = faces.boxes[0]
    assert ((faces.landmarks[0] > (left, top)) & (faces.landmarks[0] < (right, bottom))).all()
    picture = np.asarray(example.drawn(image, faces))
    assert tuple(picture[round((top + bottom) / 2), round(left)]) == (60, 220, 90)


def test_no_face_on_an_empty_picture(example, detector):
    for size in ((200, 120), (30, 20)):
        faces = detector(Image.new("RGB", size, (90, 120, 150)))
        assert (faces.boxes.shape, faces.scores.shape, faces.landmarks.shape) == ((0, 4), (0,), (0, 5, 2))


def test_suppression_keeps_the_best(example):
    boxes = np.array([[0, 0, 9, 9], [1, 1, 10, 10], [20, 20, 29, 29], [2, 2, 5, 5]], float)
    scores = np.array([0.8, 0.9, 0.7, 0.6])
    assert example.suppress(boxes, scores, 0.5).tolist() == [1, 2, 3]
    assert example.suppress(boxes, scores, 0.5, of_smaller=True).tolist() == [1, 2]


def test_crops_reach_beyond_the_picture(example):
    white = Image.new("RGB", (10, 10), "white")
    crop = example.crops(white, np.array([[-5, 0, 4, 9]]), 10)[0]
    assert (crop[:, 7].min(), crop[:, 2].max()) == (255, 0)


def test_absent_files_are_named(example, tmp_path: Path):
    with pytest.raises(SystemExit, match=r"has no file \*det1-symbol.json or \*det1-symbol.json.gz; see the top"):
        example.Detector(tmp_path)
