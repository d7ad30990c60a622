"""Finds faces with the pretrained MTCNN (Zhang et al. 2016, https://arxiv.org/abs/1604.02878) in MXNet's own files.

    python examples/face_detection.py FOLDER [--image photo.jpg] [--out faces.png]

FOLDER holds `det1` to `det4` (`*det1-symbol.json`, `*det1-0001.params` ...; the JSON may be gzipped), as many public
repositories of face recognition carry them, deepinsight/insightface in `deploy/mtcnn-model` for one. Without `--image`
the photograph is scikit-image's astronaut. The result is a picture with the boxes and five landmarks of each face.

Three networks look at ever fewer windows: P-Net runs over whole pictures of falling size and proposes, R-Net and O-Net
judge crops of 24 and 48 pixels and correct the boxes; O-Net gives the landmarks, which L-Net (det4) moves once more.
"""

import argparse
import gzip
import math
import time
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from PIL import Image, ImageDraw

import declax as dx

CELL, STRIDE = 12, 2  # P-Net is a 12 pixel detector, moved by 2 pixels
STEP = 0.709  # each picture of the pyramid has about half of the area of the one before


class Net:
    """One of the networks, compiled once for every shape it meets; sizes are rounded up so that these are few."""

    def __init__(self, folder: Path, stem: str):
        symbol = read_symbol(only(folder, f"*{stem}-symbol.json", f"*{stem}-symbol.json.gz"))
        params = dx.nd.load(str(only(folder, f"*{stem}-0001.params", f"*{stem}.params")))
        symbol, params = dx.edit.deploy(symbol, params)  # no labels, no loss heads
        symbol, params = dx.edit.prune(symbol, params)
        weights = {name.removeprefix("arg:"): array.data for name, array in params.items()}
        net = dx.lower(symbol)
        self.outputs = net.outputs
        self._run = jax.jit(lambda data: net({**weights, "data": data})[0])

    def __call__(self, pixels: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs by name for pixels (N, height, width, channels) with values of 0 to 255."""
        data = (pixels.transpose(0, 3, 1, 2) - 127.5) / 128
        return dict(zip(self.outputs, (np.asarray(y) for y in self._run(data.astype("float32"))), strict=True))

    def batched(self, crops: np.ndarray) -> dict[str, np.ndarray]:
        """The same for any number of crops, which are filled up to the next power of two."""
        count = max(8, 2 ** math.ceil(math.log2(len(crops))))
        filled = np.concatenate([crops, np.zeros((count - len(crops), *crops.shape[1:]), crops.dtype)])
        return {name: y[: len(crops)] for name, y in self(filled).items()}


def read_symbol(path: Path) -> dx.Symbol:
    """A symbol file, gzipped or not."""
    return dx.sym.load_json(gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text())


def only(folder: Path, *patterns: str) -> Path:
    """The first file of a folder, by name, that fits one of the patterns."""
    for pattern in patterns:
        for path in sorted(folder.glob(pattern)):
            return path
    raise SystemExit(f"{folder} has no file {' or '.join(patterns)}; see the top of this program for where to get them")


class Faces(NamedTuple):
    """What was found: boxes (N, 4) as left, top, right, bottom; scores (N,); landmarks (N, 5, 2) as x, y."""

    boxes: np.ndarray
    scores: np.ndarray
    landmarks: np.ndarray


# -- boxes: (N, 4), left, top, right, bottom, both ends inside ------------------------------------------------------


def sizes(boxes: np.ndarray) -> np.ndarray:
    """Widths and heights (N, 2)."""
    return boxes[:, 2:] - boxes[:, :2] + 1


def suppress(boxes: np.ndarray, scores: np.ndarray, limit: float, *, of_smaller: bool = False) -> np.ndarray:
    """Indices of the boxes that stay: the best, then each that overlaps no better one by more than `limit`.

    The overlap is the intersection over the union, or over the smaller of the two.
    """
    area = sizes(boxes).prod(1)
    order, kept = scores.argsort()[::-1], []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        corners = np.maximum(boxes[best, :2], boxes[rest, :2]), np.minimum(boxes[best, 2:], boxes[rest, 2:])
        common = np.maximum(0, corners[1] - corners[0] + 1).prod(1)
        whole = np.minimum(area[best], area[rest]) if of_smaller else area[best] + area[rest] - common
        order = rest[common / whole <= limit]
    return np.array(kept, int)


def corrected(boxes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Boxes with each edge moved by its offset, which is in widths and heights of the box."""
    return boxes + np.tile(sizes(boxes), 2) * offsets


def squares(boxes: np.ndarray) -> np.ndarray:
    """Boxes grown to squares around their centres, in whole pixels."""
    side = sizes(boxes).max(1, keepdims=True)
    start = boxes[:, :2] + (sizes(boxes) - side) / 2
    return np.round(np.hstack([start, start + side - 1]))


def crops(image: Image.Image, boxes: np.ndarray, size: int) -> np.ndarray:
    """The boxes' contents resized to (N, size, size, 3); what lies outside of the image is black."""
    found = [
        image.crop((x1, y1, x2 + 1, y2 + 1)).resize((size, size), Image.BILINEAR)
        for x1, y1, x2, y2 in boxes.astype(int)
    ]
    return np.stack([bgr(c) for c in found])


def bgr(image: Image.Image) -> np.ndarray:
    """Pixels (height, width, 3) in the order in which the networks were trained."""
    return np.asarray(image.convert("RGB"))[..., ::-1]


# -- the cascade ----------------------------------------------------------------------------------------------------


class Detector:
    """MTCNN with the networks of a folder.

    Args:
        folder: where the files are.
        smallest: side in pixels of the smallest face to look for.
        thresholds: scores that windows need to pass P-Net, R-Net and O-Net.
    """

    def __init__(self, folder: Path, smallest: int = 40, thresholds: tuple[float, float, float] = (0.6, 0.7, 0.8)):
        self.propose, self.refine, self.decide, self.place = (Net(folder, f"det{i}") for i in (1, 2, 3, 4))
        self.smallest, self.thresholds = smallest, thresholds

    def __call__(self, image: Image.Image) -> Faces:
        """The faces in an image."""
        boxes = self.proposals(image)
        boxes = self.refined(image, boxes) if len(boxes) else boxes
        return self.decided(image, boxes) if len(boxes) else Faces(boxes, np.zeros(0), np.zeros((0, 5, 2)))

    def scales(self, image: Image.Image) -> list[float]:
        """Factors by which the image is made smaller, down to where it is as large as P-Net's window."""
        largest = CELL / self.smallest
        count = math.log(CELL / (min(image.size) * largest)) / math.log(STEP)
        return [largest * STEP**i for i in range(math.ceil(count))]

    def proposals(self, image: Image.Image) -> np.ndarray:
        """Square boxes that P-Net takes for faces, at every scale."""
        found = [
            (np.zeros((0, 4)), np.zeros(0), np.zeros((0, 4))),
            *(self.at_scale(image, s) for s in self.scales(image)),
        ]
        boxes, scores, offsets = (np.concatenate(parts) for parts in zip(*found, strict=True))
        kept = suppress(boxes, scores, 0.7)
        return squares(corrected(boxes[kept], offsets[kept]))

    def at_scale(self, image: Image.Image, scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Boxes, scores and offsets of P-Net on the image at one scale."""
        width, height = (math.ceil(side * scale) for side in image.size)
        small = bgr(image.resize((width, height), Image.BILINEAR))
        room = np.full((1, -height % 32 + height, -width % 32 + width, 3), 128, np.uint8)  # few sizes, few compilations
        room[0, :height, :width] = small
        out = self.propose(room)
        rows, columns = ((side - CELL) // STRIDE + 1 for side in (height, width))
        score, offset = out["prob1_output"][0, 1, :rows, :columns], out["conv4_2_output"][0, :, :rows, :columns]
        y, x = np.nonzero(score > self.thresholds[0])
        corner = np.stack([x, y], 1) * STRIDE + 1
        boxes = np.round(np.hstack([corner, corner + CELL]) / scale)
        kept = suppress(boxes, score[y, x], 0.5)
        return boxes[kept], score[y, x][kept], offset[:, y, x].T[kept]

    def refined(self, image: Image.Image, boxes: np.ndarray) -> np.ndarray:
        """Those of the boxes that R-Net takes for faces, corrected and square."""
        out = self.refine.batched(crops(image, boxes, 24))
        scores = out["prob1_output"][:, 1]
        passed = scores > self.thresholds[1]
        boxes, scores, offsets = boxes[passed], scores[passed], out["conv5_2_output"][passed]
        kept = suppress(boxes, scores, 0.7)
        return squares(corrected(boxes[kept], offsets[kept]))

    def decided(self, image: Image.Image, boxes: np.ndarray) -> Faces:
        """The faces among the boxes according to O-Net, with landmarks."""
        out = self.decide.batched(crops(image, boxes, 48))
        scores = out["prob1_output"][:, 1]
        passed = scores > self.thresholds[2]
        boxes, scores = boxes[passed], scores[passed]
        if not len(boxes):
            return Faces(boxes, scores, np.zeros((0, 5, 2)))
        points = out["conv6_3_output"][passed].reshape(-1, 2, 5).transpose(0, 2, 1)
        landmarks = boxes[:, None, :2] + points * sizes(boxes)[:, None]
        boxes = corrected(boxes, out["conv6_2_output"][passed])
        kept = suppress(boxes, scores, 0.7, of_smaller=True)
        return Faces(boxes[kept], scores[kept], self.placed(image, boxes[kept], landmarks[kept]))

    def placed(self, image: Image.Image, boxes: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """Landmarks moved by L-Net, which sees a patch around each of the five."""
        side = np.round(sizes(boxes).max(1) * 0.25)
        side = side + side % 2
        start = np.round(landmarks - side[:, None, None] / 2)
        patches = [crops(image, np.hstack([s, s + side[:, None] - 1]), 24) for s in start.transpose(1, 0, 2)]
        out = self.place.batched(np.concatenate(patches, -1))
        within = np.stack([out[f"fc5_{i}_output"] for i in range(1, 6)], 1)
        seen = np.abs(within - 0.5).max(2, keepdims=True) <= 0.35  # not so near to the edge of its patch
        return np.where(seen, start + within * side[:, None, None], landmarks)


# -- the program ----------------------------------------------------------------------------------------------------


def drawn(image: Image.Image, faces: Faces) -> Image.Image:
    """The picture with boxes, scores and landmarks."""
    picture = image.convert("RGB")
    draw = ImageDraw.Draw(picture)
    line = max(2, round(min(picture.size) / 200))
    for box, score, points in zip(faces.boxes, faces.scores, faces.landmarks, strict=True):
        draw.rectangle(tuple(box), outline=(60, 220, 90), width=line)
        text, place = f" {score:.3f} ", (box[0], box[1] - 8 * line)
        draw.rectangle(draw.textbbox(place, text, font_size=7 * line), fill=(60, 220, 90))
        draw.text(place, text, fill="black", font_size=7 * line)
        for x, y in points:
            draw.ellipse((x - line, y - line, x + line, y + line), fill=(255, 70, 70))
    return picture


def photograph(path: Path | None) -> Image.Image:
    """The image of a file; scikit-image's astronaut when none is given."""
    if path is not None:
        return Image.open(path).convert("RGB")
    try:
        from skimage.data import astronaut
    except ImportError:
        raise SystemExit("the astronaut needs scikit-image: pip install 'declax[examples]', or give --image") from None
    return Image.fromarray(astronaut())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="folder with det1 to det4, symbols and params")
    parser.add_argument("--image", type=Path, help="a photograph; the astronaut when left out")
    parser.add_argument("--smallest", type=int, default=40, help="side of the smallest face in pixels (default 40)")
    parser.add_argument("--out", type=Path, default=Path("faces.png"), help="the picture to write (default faces.png)")
    options = parser.parse_args()
    image = photograph(options.image)
    detect = Detector(options.folder, options.smallest)
    start = time.perf_counter()
    faces = detect(image)
    first = time.perf_counter() - start
    start = time.perf_counter()
    detect(image)
    again = time.perf_counter() - start
    for box, score in zip(faces.boxes, faces.scores, strict=True):
        print("face at {:.0f}, {:.0f} to {:.0f}, {:.0f}".format(*box), f"with score {score:.4f}")
    drawn(image, faces).save(options.out)
    print(f"{len(faces.boxes)} face(s) in {options.out}; {first:.1f} s with compiling, {again:.2f} s without")


if __name__ == "__main__":
    main()
