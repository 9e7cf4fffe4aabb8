"""The cure, part by part: every variant takes out what it says, and the study is written down and not done twice."""
import json

import numpy as np
import pytest
import torch

from dflib import media
from dflib.studies import cure
from dflib.swap import autoencoder, train


def faces(seed, count=24):
    return torch.randint(0, 256, (count, 5, 48, 48), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def coded(network, pictures, masks):
    """Codes of person 0, as training makes them."""
    seen = autoencoder.masked(pictures, masks) if network.aligned else pictures
    return network.train().encode(seen, 0)


@pytest.fixture
def shown():
    """Pictures and hulls (8, C, 32, 32), and the same before another background and in another colour."""
    made = torch.Generator().manual_seed(0)
    pictures = torch.rand(8, 3, 32, 32, generator=made) * 2 - 1
    masks = torch.zeros(8, 1, 32, 32)
    masks[..., 8:24, 8:24] = 1
    return pictures, masks, torch.where(masks > 0.5, pictures, -pictures), 0.5 * pictures + 0.2


def network_of(name):
    torch.manual_seed(0)
    return cure.VARIANTS[name].settings.get("network", autoencoder.SwapAutoencoder)(32, 4, 2, aligned=True)


def test_each_network_lacks_one_part(shown):
    pictures, masks, elsewhere, recoloured = shown
    codes = {name: [coded(network_of(name), given, masks) for given in (pictures, elsewhere, recoloured)]
             for name in ("cured", "no mask", "own codes")}
    same = {name: torch.allclose(of[0], of[1], atol=1e-5) for name, of in codes.items()}
    assert same == {"cured": True, "no mask": False, "own codes": True}          # before another background
    aligned = {name: bool(of[0].mean(0).abs().max() < 1e-4) for name, of in codes.items()}
    assert aligned == {"cured": True, "no mask": True, "own codes": False}
    for name, changes in (("cured", False), ("own colours", True)):              # skin of another mean and spread, known as such
        network = network_of(name)
        network.colours[1] = torch.tensor([[0.2] * 3, [0.5] * 3])
        one, other = (network.standardised(autoencoder.masked(given, masks), person) for person, given in ((0, pictures), (1, recoloured)))
        assert torch.allclose(one, other, atol=1e-5) != changes, name


def test_losses_light_and_warp_of_the_variants():
    recipe, targets = train.RECIPES["cpu"], faces(1)[..., :32, :32].float()
    made = torch.rand(24, 3, 32, 32) * 2 - 1
    counted = train.weights(targets, recipe)
    structure = autoencoder.dssim(made, autoencoder.unpacked(targets)[0], counted) / 2
    left = cure.VARIANTS["no structure"].settings["loss"](made, targets, recipe)
    assert torch.allclose(train.reconstruction_loss(made, targets, recipe), left + structure) and structure > 0.1
    assert cure.VARIANTS["no light"].settings == {"light": 0.0}
    unbent = cure.VARIANTS["no warp"].settings["how"]
    assert (unbent.jitter, unbent.rotation, unbent.shift) == (0, train.GENTLE.rotation, train.GENTLE.shift)


def test_study_is_written_down_and_not_done_twice(tmp_path, monkeypatch):
    for name, value in (("DFLIB_CACHE", str(tmp_path / "cache")), ("DFLIB_SCALE", "smoke")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(cure, "FOLDER", tmp_path / "out")
    cure.main(["--only", "few faces"])
    written = json.loads((tmp_path / "out/scores.json").read_text())
    assert list(written["rows"]) == ["cured", "few faces"] and written["about"]["held"] == 10       # compared with the cured
    for row in written["rows"].values():
        assert [one["curve"][-1][0] for one in row["seeds"]] == [4, 4] and all(5 < one["swap"] < 40 for one in row["seeds"])
    assert written["rows"]["cured"]["difference"]["swap"]["value"] == 0
    page = (tmp_path / "out/README.md").read_text()
    assert "| few faces | all six, 20 faces of each person | " in page and "4 steps of 16 faces" in page
    assert media.read_image(tmp_path / "out/faces.png").shape == (2 * 32 * 4, 2 * 32 * 6, 3)
    monkeypatch.setattr(train, "reconstructed", lambda *_: pytest.fail("trained twice"))
    cure.main(["--only", "few faces"])
    again = json.loads((tmp_path / "out/scores.json").read_text())
    assert again["rows"] == written["rows"]


def test_a_code_that_says_whose_it_is_is_found_out():
    class Telling(autoencoder.SwapAutoencoder):
        def encode(self, faces, person):
            return torch.randn(len(faces), 8, generator=self.made) + 3 * person * self.tells

    truth = cure.Truth([np.zeros((40, 32, 32, 3), np.uint8)] * 2, [np.ones((40, 32, 32), bool)] * 2, np.arange(40))
    network = Telling(32, 1, 2)
    sets = [type("Faces", (), {"tensor": lambda self: faces(2, 160)})() for _ in range(2)]
    found = []
    for network.tells in (0, 1):
        network.made = torch.Generator().manual_seed(1)
        found.append(cure.leak(network, sets, truth))
    assert 0.3 < found[0] < 0.7 and found[1] > 0.98
