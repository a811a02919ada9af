"""Detects the shapes of the first test images, with PyTorch and with ONNX, and draws the boxes.

    python detect.py [detections.png]

Reads exported/model.py and small_ssd.onnx; the README beside this file has the commands. Takes
onnxruntime: pip install 'caffetools[all,onnx]'.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from PIL import Image, ImageDraw

SCORE, COUNT, ZOOM = 0.5, 12, 3
"""Least score that is drawn, number of images, and how much larger they are drawn."""
CLASSES = ("", "circle", "square", "triangle")
COLOURS = ("", "orange", "deepskyblue", "lime")


def main() -> None:
    """Compare the detections of both, and draw those of PyTorch."""
    sys.path.insert(0, "exported")
    import model

    module = model.build("exported/weights.safetensors").eval()
    session = onnxruntime.InferenceSession("small_ssd.onnx")
    paths = sorted(Path("shapes").glob("test_*.png"))[:COUNT]
    sheet = Image.new("RGB", (4 * 64 * ZOOM, -(-len(paths) // 4) * 64 * ZOOM))
    largest, rows = 0.0, 0
    for number, path in enumerate(paths):
        image = Image.open(path).convert("RGB")
        pixels = np.asarray(image, np.float32)[:, :, ::-1]  # Caffe's order: blue, green, red
        data = ((pixels - 127) / 64).transpose(2, 0, 1)[None].copy()
        with torch.no_grad():
            found = module(torch.from_numpy(data)).reshape(-1, 7).numpy()
        other = session.run(None, {"data": data})[0].reshape(-1, 7)
        largest = max(largest, float(abs(found - other).max()))
        rows += len(found)
        sheet.paste(boxed(image, found), (number % 4 * 64 * ZOOM, number // 4 * 64 * ZOOM))
    sheet.save(sys.argv[1] if len(sys.argv) > 1 else "detections.png")
    print(f"{rows} detections; PyTorch and ONNX differ by {largest:.1e} at most")


def boxed(image: Image.Image, found: np.ndarray) -> Image.Image:
    """Draw detections, rows of (image, class, score, xmin, ymin, xmax, ymax)."""
    side = 64 * ZOOM
    large = image.resize((side, side), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(large)
    for _, label, score, *corners in found[found[:, 2] > SCORE]:
        box = [float(np.clip(corner, 0, 1)) * (side - 1) for corner in corners]
        pen.rectangle(box, outline=COLOURS[int(label)], width=2)
        text = f"{CLASSES[int(label)]} {score:.2f}"
        pen.text((box[0] + 3, box[1] + 2), text, fill="white", stroke_fill="black", stroke_width=1)
    return large


if __name__ == "__main__":
    main()
