"""Speed of the forensic networks on one thread, printed: co-occurrences against their plain form (to be five times as fast,
1,000 crops a second), Xception at 128 px against the plain formulation (1.3 times), and crops a second of all."""
import numpy as np
import pytest
import torch
from skimage import data
from timing import fastest

from dflib.forensics import NETWORKS, build_detector, cooccurrences
from dflib.forensics.histogram import features
from dflib.forensics.detector import gray

PICTURE = data.astronaut()
CROPS = np.stack([PICTURE[y:y + 128, x:x + 128] for y in range(0, 384, 64) for x in range(0, 384, 64)][:32])


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_cooccurrences(capsys):
    grays = np.repeat(gray(CROPS), 8, axis=0)
    features(grays[:1])                                         # compiled
    fast, plain = fastest(lambda: features(grays), lambda: [cooccurrences(picture) for picture in grays])
    with capsys.disabled():
        print(f"\nco-occurrences of 128 px: {len(grays) / fast:.0f} crops/s, plain numpy {len(grays) / plain:.0f}, "
              f"{plain / fast:.1f} x", end="")
    assert len(grays) / fast > 1000 and plain > 5 * fast


def test_xception(capsys):
    """Plain: as it is usually written, float32, (N, C, H, W) in memory. Ours: channels innermost, half precision."""
    network = build_detector("xception", size=128).eval()
    x = network.prepare(CROPS).contiguous()

    def plain():
        with torch.no_grad():
            network(x)

    exact, half, usual = fastest(lambda: network.logits(CROPS), lambda: network.logits(CROPS, bfloat16=True), plain,
                                 rounds=3)
    with capsys.disabled():
        print(f"\nXception at 128 px: {32 / half:.0f} crops/s in bfloat16, {32 / exact:.0f} in float32, "
              f"plain {32 / usual:.0f}, {usual / half:.2f} x and {usual / exact:.2f} x", end="")
    assert usual > 1.3 * min(half, exact)           # processors without bfloat16 are slower with it


def test_crops_a_second(capsys):
    networks = {name: build_detector(name, **({"size": 128} if name in ("xception", "efficientnet-lite0") else {}))
                for name in NETWORKS}
    rates = {name: 32 / fastest(lambda: network.probability(CROPS), rounds=3)[0] for name, network in networks.items()}
    with capsys.disabled():
        print("\ncrops a second: " + ", ".join(f"{name} {rate:.0f}" for name, rate in rates.items()), end="")
    assert rates["mesoinception4"] > 50

