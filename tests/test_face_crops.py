"""From a set of manipulated videos to crops: each fake beside its original, groups, masks."""
import json
from dataclasses import replace

import numpy as np
import pytest

from dflib import media
from dflib.datasets import Clip, FaceForensics, crops_of
from dflib.faces.crops import clip_boxes, cut
from dflib.paths import DATA

FRAMES, SIDE = 6, 128


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """FaceForensics++ with the pairs 000-001 and 002-003; a fake is its original with a bright square on the face."""
    root, rng = tmp_path_factory.mktemp("ff"), np.random.default_rng(0)
    originals = root / "original_sequences/youtube/c23/videos"
    originals.mkdir(parents=True)
    pictures = {}
    for number, name in enumerate(("ana", "ben", "cem", "eve")):
        clip = [picture for picture, _ in zip(media.read_video(DATA / "clips" / f"{name}.mp4"), range(FRAMES))]
        pictures[f"{number:03d}"] = np.stack(clip)
        write(originals / f"{number:03d}.mp4", pictures[f"{number:03d}"])
    for method in ("Deepfakes", "FaceSwap"):
        for target, source in (("000", "001"), ("001", "000"), ("002", "003"), ("003", "002")):
            x0, y0, x1, y1 = clip_boxes(originals / f"{target}.mp4")[0].round().astype(int)
            fake, mask = pictures[target].copy(), np.zeros(pictures[target].shape[:3], np.uint8)
            fake[:, y0:y1, x0:x1] = rng.integers(100, 256)
            mask[:, y0:y1, x0:x1] = 255
            folder = root / "manipulated_sequences" / method
            shown = slice(0, FRAMES - 2 if method == "FaceSwap" else FRAMES)            # FaceSwap's end before
            write(folder / "c23/videos" / f"{target}_{source}.mp4", fake[shown])
            write(folder / "masks/videos" / f"{target}_{source}.mp4", mask[shown])
    (root / "splits").mkdir()
    for split, pairs in (("train", [["000", "001"], ["002", "003"]]), ("val", []), ("test", [])):
        (root / "splits" / f"{split}.json").write_text(json.dumps(pairs))
    return root


def write(path, pictures):
    path.parent.mkdir(parents=True, exist_ok=True)
    media.write_video(path, pictures, crf=10, kind="neutral", progress=False)


def test_each_fake_stands_beside_its_original(root):
    clips = FaceForensics(root, "train", methods=("Deepfakes", "FaceSwap"))
    crops = crops_of(clips, SIDE, frames=4)
    assert crops.pictures.shape == (4 * 4 + 4 * 4 + 4 * 3, SIDE, SIDE, 3) and crops.pictures.dtype == np.uint8
    assert crops.methods() == ["Deepfakes", "FaceSwap"] and crops.labels.sum() == 28
    assert (crops.originals[crops.labels == 1] >= 0).all() and (crops.originals[crops.labels == 0] == -1).all()
    fakes = np.flatnonzero(crops.labels)
    for row in fakes:
        fake, real = crops.clips[row], crops.clips[crops.originals[row]]
        assert fake.rsplit("/", 1)[-1][:3] == real.rsplit("/", 1)[-1][:3]
        outside = ~crops.masks[row]
        difference = np.abs(crops.pictures[row].astype(int) - crops.pictures[crops.originals[row]]).max(axis=2)
        assert np.median(difference[outside]) < 8 < np.median(difference[crops.masks[row]])     # cut alike
        assert 0.3 < crops.masks[row].mean() < 0.8
    assert not crops.masks[crops.labels == 0].any()
    first = next(row for row in fakes if "000_001" in crops.clips[row])
    box = clip_boxes(root / "original_sequences/youtube/c23/videos/000.mp4")[0]
    picture = next(iter(media.read_video(crops.clips[first])))
    assert np.array_equal(crops.pictures[first], cut(picture, box, SIDE))
    assert len(set(crops.groups)) == 2                                  # pairs, reals among them
    for pair in (("000", "001"), ("002", "003")):
        assert len({g for g, clip in zip(crops.groups, crops.clips) if clip.rsplit("/", 1)[-1][:3] in pair}) == 1


def test_sets_without_masks_or_originals(root):
    clips = list(FaceForensics(root, "train", methods=("Deepfakes",)))
    lost = crops_of([replace(clip, mask=None, original=None) for clip in clips], 32, frames=1)
    assert lost.masks is None and lost.originals.max() == -1
    bare = crops_of([replace(clip, mask=None) for clip in clips], 32, frames=1)
    assert bare.masks is None and len(bare) == 8
    walk = replace(clips[0], fake=True, method="Synthesis", target=None)        # nobody's video
    made = crops_of([clip for clip in clips if not clip.fake] + [walk], 32, frames=2)
    assert made.kinds.tolist().count("Synthesis") == 2 and made.originals.max() == -1
    assert made.masks[made.labels == 1].all() and not made.masks[made.labels == 0].any()
    alone = crops_of([clip for clip in clips if clip.fake], 32, frames=1)
    assert (alone.originals == -1).all() and len(alone) == 4            # the originals are not among them


def test_nobody_to_cut_out(tmp_path):
    write(tmp_path / "wall.mp4", np.full((2, 64, 64, 3), 90, np.uint8))
    with pytest.raises(ValueError, match="No face was found"):
        crops_of([Clip(tmp_path / "wall.mp4", False, "real")], 32)
