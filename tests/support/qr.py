"""What a camera would read off a QR code on a page."""

from __future__ import annotations

import io
import json
import subprocess

import av
from playwright.sync_api import Locator

from tests.support.paths import ROOT

DECODE = """
import decode from "qr/decode.js";
const [width, height] = JSON.parse(process.argv[1]);
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
process.stdout.write(decode({ width, height, data: Uint8Array.from(Buffer.concat(chunks)) }));
"""


def read_qr(code: Locator) -> str:
    """The text of the QR code, read from a picture of the screen by the decoder of the library that drew it."""
    width, height, pixels = pixels_of(code.screenshot())
    margin = 4 * (3 * width + width // 2)
    if pixels[margin : margin + 3] != b"\xff\xff\xff":
        raise AssertionError("a camera needs white around the code")
    command = ["node", "--input-type=module", "--eval", DECODE, json.dumps([width, height])]
    return subprocess.run(command, cwd=ROOT, input=pixels, capture_output=True, check=True).stdout.decode()


def pixels_of(png: bytes) -> tuple[int, int, bytes]:
    """Width, height, and four bytes for each pixel."""
    with av.open(io.BytesIO(png), mode="r") as picture:
        frame = next(picture.decode(video=0)).reformat(format="rgba")
    line, row = frame.planes[0].line_size, 4 * frame.width
    packed = bytes(frame.planes[0])
    return frame.width, frame.height, b"".join(packed[y * line : y * line + row] for y in range(frame.height))
