"""Makes the built-in textures: JPEG 2000 codestreams, the form in which clients want textures.

Run here with Pillow installed (`python3 make.py`); the files are committed, so nobody has to.
The patterns come from a seeded generator and tile without seams.
"""

import math
import random

from PIL import Image


def waves(seed, size, octaves):
    """A seamless pattern with values from -1 to 1."""
    random.seed(seed)
    terms = []
    for octave in range(octaves):
        for _ in range(6):
            fx, fy = (random.randint(-(2 << octave), 2 << octave) for _ in range(2))
            terms.append((fx, fy, random.random() * math.tau, 0.6**octave))
    total = sum(weight for *_, weight in terms) / 3
    return [
        max(-1, min(1, sum(
            weight * math.sin(math.tau * (fx * x + fy * y) / size + phase)
            for fx, fy, phase, weight in terms
        ) / total))
        for y in range(size) for x in range(size)
    ]


def save(name, size, pixels):
    image = Image.new("RGB", (size, size))
    image.putdata([tuple(max(0, min(255, round(v))) for v in pixel) for pixel in pixels])
    image.save(
        f"{name}.j2c", format="JPEG2000", no_jp2=True, irreversible=True, mct=1,
        quality_mode="rates", quality_layers=[60, 24], num_resolutions=5,
    )


def plain(name, colour, size=32):
    save(name, size, [colour] * (size * size))


def mottled(name, colour, contrast, seed, size=128, octaves=4):
    save(name, size, [[c * (1 + contrast * v) for c in colour] for v in waves(seed, size, octaves)])


def plywood(size=128):
    pattern = waves(7, size, 2)
    pixels = []
    for index, value in enumerate(pattern):
        y = index // size
        grain = math.sin(math.tau * 8 * y / size + 2.5 * value)
        pixels.append([c * (1 + 0.12 * grain) for c in (196, 154, 102)])
    save("plywood", size, pixels)


def iris(size=64):
    pixels = []
    for index in range(size * size):
        x, y = index % size - size / 2 + 0.5, index // size - size / 2 + 0.5
        radius = math.hypot(x, y) / (size / 2)
        pixels.append((12, 12, 14) if radius < 0.25 else
                      (84, 108, 92) if radius < 0.62 else (236, 234, 230))
    save("eyes", size, pixels)


plain("white", (255, 255, 255))
plain("avatar", (208, 170, 142))
iris()
plywood()
mottled("hair", (92, 64, 44), 0.25, 5, size=64)
mottled("terrain_dirt", (118, 96, 70), 0.18, 1)
mottled("terrain_grass", (86, 118, 58), 0.20, 2)
mottled("terrain_mountain", (122, 116, 104), 0.18, 3)
mottled("terrain_rock", (136, 134, 132), 0.22, 4)
