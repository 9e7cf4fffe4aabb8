"""FaceSwap on videos, through the command line: what is changed, what is not, sound, label, bad input."""
import os
from dataclasses import replace

import av
import numpy as np
import pytest
import torch
from scipy.ndimage import binary_dilation, binary_erosion

from dflib import __main__ as cli
from dflib import cast, checkpoints, media
from dflib.swap import faceswap, fit, texture
from dflib.swap.autoencoder import SwapAutoencoder
from dflib.swap.faceswap import FaceSwap, blended
from dflib.faces.follow import Follower
from dflib.manipulate import follow_face, manipulate_video

SIZE, BLANK = 112, slice(8, 12)         # frames 8 to 11 of the target show nobody


def run(capsys, *arguments):
    """(exit code, standard output, standard error) of `dflib swap`, in this process."""
    try:
        code = cli.main(["swap", *map(str, arguments)])
    except SystemExit as end:
        code = end.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def sound(path):
    """The packets of a file's sound."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def make_sound(path, seconds):
    with av.open(str(path), "w") as output:
        stream = output.add_stream("aac", rate=44100)
        tone = (0.3 * np.sin(0.06 * np.arange(int(seconds * 44100)))).astype(np.float32)
        for start in range(0, len(tone), 1024):
            frame = av.AudioFrame.from_ndarray(tone[None, start:start + 1024], format="fltp", layout="mono")
            frame.rate, frame.pts = 44100, start
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    """Folder with source.mp4 and target.mp4, which has sound and a gap; and the target's face masks (T, H, W)."""
    folder = tmp_path_factory.mktemp("footage")
    take = cast.perform(5, 0.8)
    shown = list(cast.render_clip(cast.sample_person(320), take, SIZE))
    pictures = np.array([frame.image for frame in shown])
    pictures[BLANK] = 120
    make_sound(folder / "sound.m4a", 0.8)
    media.write_video(folder / "target.mp4", pictures, crf=12, audio_from=folder / "sound.m4a", kind="rendered", progress=False)
    source = cast.render_clip(cast.sample_person(311), replace(take, shots=take.shots[:4]), SIZE)
    media.write_video(folder / "source.mp4", (frame.image for frame in source), crf=12, kind="rendered", progress=False)
    return folder, np.array([frame.mask for frame in shown])


@pytest.mark.parametrize("how", faceswap.BLENDS)
def test_a_clip_is_swapped_and_all_else_kept(capsys, footage, tmp_path, how):
    folder, masks = footage
    out = tmp_path / "out.mp4"
    code, text, err = run(capsys, "--method", "faceswap", folder / "source.mp4", folder / "target.mp4", out, "--blend", how)
    assert code == 0 and text == f"{out}: 20 frames, 4 of them without a face and left as they were\n"
    assert "Traceback" not in err and [path.name for path in tmp_path.iterdir()] == ["out.mp4"]
    before, after = (np.array(list(media.read_video(path)), float) for path in (folder / "target.mp4", out))
    change = np.abs(after - before).mean(-1)
    assert change.shape == masks.shape
    assert change[BLANK].max() < 6
    shown = np.ones(len(masks), bool)
    shown[BLANK] = False
    for moved, mask in zip(change[shown], masks[shown]):
        far = ~binary_dilation(mask, iterations=9)
        assert moved[binary_erosion(mask, iterations=8)].mean() > 8 > 3 > moved[far].mean()
        assert np.quantile(moved[far], 0.99) < 12
    assert sound(out) == sound(folder / "target.mp4")[:len(sound(out))] and len(sound(out)) > 30
    label = media.read_label(out)
    assert label.kind == "composite" and how in label.note


def test_the_skin_is_the_sources(footage):
    """Against the true swap without matched colours: texture and fit, through landmarks that are found."""
    folder, _ = footage
    person, other = cast.sample_person(320), cast.sample_person(311)
    shot = cast.neutral_shot(2, yaw=10)
    target, truth = (cast.render(who, shot, SIZE) for who in (person, other))
    model = fit.as_face_model(cast.head_model())
    source = cast.render(other, cast.neutral_shot(2), SIZE)
    placed = [fit.place(model, fit.fit_landmarks(model, Follower()(frame.image)[0][None], prior=1.5))[0]
              for frame in (source, target)]
    face, mask = texture.transfer(model, source.image, *placed, target.image.shape)
    inner = mask & truth.mask & target.mask
    error = [np.abs(image[inner].astype(float) - truth.image[inner]).mean() for image in (face, target.image)]
    assert inner.sum() > 1500 and error[0] < 0.6 * error[1], error
    assert (blended(face, target.image, np.zeros_like(mask)) == target.image).all()


def test_mark_unless_both_inputs_are_rendered(footage, tmp_path):
    folder, _ = footage
    clip = list(media.read_video(folder / "target.mp4"))[:2]
    media.write_video(tmp_path / "rendered.mp4", clip, crf=1, kind="rendered", progress=False)
    media.write_video(tmp_path / "unknown.mp4", clip, crf=1, kind="generated", progress=False)
    face = next(iter(media.read_video(folder / "source.mp4")))
    media.write_image(tmp_path / "rendered.png", face, kind="rendered")
    media.write_image(tmp_path / "unknown.png", face, kind="edited")
    for source in ("rendered", "unknown"):
        for target in ("rendered", "unknown"):
            done = manipulate_video(FaceSwap(), tmp_path / f"{target}.mp4", tmp_path / "out.mp4", tmp_path / f"{source}.png",
                              progress=False)
            assert (done.frames, done.without_face) == (2, 0)
            corner = next(iter(media.read_video(tmp_path / "out.mp4")))[-8:, :16].astype(float)
            marked = np.abs(corner - media.mark(clip[0])[-8:, :16]).mean() < np.abs(corner - clip[0][-8:, :16]).mean()
            assert marked == ("unknown" in (source, target))


BAD = {
    "missing source": ("nothing.png", "clip.mp4", "out.mp4"), "missing target": ("flat.png", "nothing.mp4", "out.mp4"),
    "picture as target": ("flat.png", "flat.png", "out.mp4"), "text as target": ("flat.png", "text.mp4", "out.mp4"),
    "no face in the source": ("flat.png", "clip.mp4", "out.mp4"), "no face in a clip": ("clip.mp4", "clip.mp4", "out.mp4"),
    "text as source": ("text.png", "clip.mp4", "out.mp4"), "missing folder": ("flat.png", "clip.mp4", "no/out.mp4"),
    "extension": ("flat.png", "clip.mp4", "out.gif"), "onto an input": ("flat.png", "clip.mp4", "clip.mp4"),
    "a folder": ("flat.png", "clip.mp4", "folder.mp4"), "too few": ("flat.png", "clip.mp4"),
    "unknown blend": ("flat.png", "clip.mp4", "out.mp4", "--blend", "glue"),
    "a method of no lesson": ("flat.png", "clip.mp4", "out.mp4", "--method", "glue"),
    "no checkpoint": ("face.png", "clip.mp4", "out.mp4", "--method", "autoencoder", "--checkpoint", "no.safetensors"),
    "not a checkpoint": ("face.png", "clip.mp4", "out.mp4", "--method", "autoencoder", "--checkpoint", "text.mp4"),
    "checkpoint without use": ("face.png", "clip.mp4", "out.mp4", "--checkpoint", "text.mp4"),
    "mask of another kind": ("face.png", "clip.mp4", "out.mp4", "--mask", "mask.png"),
    "no face in the target": ("face.png", "clip.mp4", "out.mp4"), "no right to write": ("flat.png", "clip.mp4", "locked/out.mp4"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_and_leaves_nothing(capsys, footage, tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    flat = np.full((64, 64, 3), 120, np.uint8)
    media.write_image("flat.png", flat)
    media.write_image("face.png", next(iter(media.read_video(footage[0] / "source.mp4"))))
    media.write_video("clip.mp4", [flat] * 3, progress=False)
    for name in ("text.png", "text.mp4"):
        (tmp_path / name).write_text("not a picture")
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "locked").mkdir()
    may = os.access         # the superuser may write anywhere, so the answer is made up
    monkeypatch.setattr(os, "access", lambda path, mode: may(path, mode) and not (mode == os.W_OK and str(path) == "locked"))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    code, out, err = run(capsys, *BAD[case])
    err = err.split("\r")[-1].lstrip()          # progress bars wipe themselves with carriage returns
    assert code == 2 and out == "" and err.startswith("python -m dflib swap: "), err
    assert err.count("\n") == 1 and "Traceback" not in err and len(err) < 300, err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


class Paint:
    """A method that paints the face's number of the frame on it."""
    kind, note = "composite", "painted"

    def __init__(self):
        self.runs, self.asked = None, []

    def learn(self, source, target, follow, progress):
        self.source, self.target = source, target

    def prepare(self, runs, progress):
        self.runs = runs

    def changed(self, number, image):
        self.asked.append(number)
        result = image.copy()
        result[:8, :8] = 10 * number
        return result


def test_one_loop_for_every_method(footage, tmp_path):
    """Which frames a method is asked to change, what it hears before, and |output - original| beside the result."""
    folder, _ = footage
    out, mask, paint = tmp_path / "out.mp4", tmp_path / "mask.mp4", Paint()
    done = manipulate_video(paint, folder / "target.mp4", out, folder / "source.mp4", mask=mask, progress=False)
    shown = [number for number in range(20) if number not in range(BLANK.start, BLANK.stop)]
    assert paint.asked == shown and (done.frames, done.without_face) == (20, 4)
    assert [(start, len(points)) for start, points in paint.runs] == [(0, 8), (12, 8)]
    assert paint.source.path == folder / "source.mp4" and paint.target.path == folder / "target.mp4"
    before, changes = (np.array(list(media.read_video(path))) for path in (folder / "target.mp4", mask))
    expected = np.zeros_like(before)
    for number in shown:
        expected[number, :8, :8] = np.abs(before[number, :8, :8].astype(int) - 10 * number)
    assert (changes == expected.max(-1, keepdims=True)).all()       # without loss
    assert media.read_label(mask).note == "change by: painted"
    assert {path.name for path in tmp_path.iterdir()} == {"out.mp4", "mask.mp4"}


def test_the_mask_of_a_feathered_swap_is_the_face(footage, tmp_path, capsys):
    folder, masks = footage
    code, _, _ = run(capsys, folder / "source.mp4", folder / "target.mp4", tmp_path / "out.mp4", "--mask", tmp_path / "mask.mkv")
    changed = np.array([frame[..., 0] for frame in media.read_video(tmp_path / "mask.mkv")]) > 0
    assert code == 0 and changed.shape == masks.shape and not changed[BLANK].any()
    for number in (0, 5, 15):
        assert changed[number][binary_erosion(masks[number], iterations=8)].mean() > .8
        assert not changed[number][~binary_dilation(masks[number], iterations=9)].any()


@pytest.fixture(scope="module")
def turning():
    """A head that turns from left to right and moves across the picture, (12, 112, 112, 3), and its landmarks."""
    person, shown = cast.sample_person(320), []
    for i in range(12):
        frame = cast.render(person, cast.neutral_shot(2, yaw=-24 + 4.4 * i), SIZE)
        shift = 2 * (i - 6)
        shown.append((np.roll(frame.image, shift, 1), frame.landmarks + (shift, 0)))
    return tuple(map(np.array, zip(*shown)))


def test_each_frame_is_given_its_own_face(turning):
    """Landmarks, fits and skins belong to their frames: a face of another frame lies pixels away."""
    pictures, marks = turning
    apart = np.linalg.norm(marks[1:] - marks[:-1], axis=2).mean(1).min()
    runs, count = follow_face(media.Recording("turning", list(pictures), 25), progress=False)
    assert count == 12 and len(runs) == 1 and runs[0][0] == 0 and apart > 1.5
    assert np.linalg.norm(runs[0][1] - marks, axis=2).mean(1).max() < apart
    method = FaceSwap()
    numbered = iter(marks)
    method.learn(media.Recording("turning", list(pictures), 25), None, lambda image: (next(numbered), True), progress=False)
    method.prepare([(5, marks[:7]), (30, marks[7:])], progress=False)
    assert sorted(method.fits) == [*range(5, 12), *range(30, 35)]
    vertices = method.model.landmark_vertices
    for number, mark, picture in zip(sorted(method.fits), marks, pictures):
        fitted, skin = method.fits[number]
        assert np.linalg.norm(fit.place(method.model, fitted)[0][vertices, :2] - mark, axis=1).mean() < 0.5 * apart
        assert (method.pictures[skin] == picture).all()             # the skin of the same pose
        placed = fit.place(method.model, method.skins[skin:skin + 1])[0]
        assert np.linalg.norm(placed[vertices, :2] - mark, axis=1).mean() < 0.5 * apart
        # the face put onto itself changes nothing but the second of two roundings
        assert np.abs(method.changed(number, picture).astype(int) - picture).max() <= 24, number
        assert np.abs(method.changed(number, picture).astype(int) - picture).mean() < 0.5


def test_paths_that_mean_the_same_file(footage, tmp_path, monkeypatch):
    """An input is recognised under another spelling, and result and mask may not be one file."""
    folder, _ = footage
    monkeypatch.chdir(folder)
    (tmp_path / "link.mp4").symlink_to(folder / "target.mp4")
    before = (folder / "target.mp4").read_bytes()
    for out in ("target.mp4", f"../{folder.name}/source.mp4", tmp_path / "link.mp4"):
        with pytest.raises(ValueError, match="would overwrite"):
            manipulate_video(Paint(), folder / "target.mp4", out, folder / "source.mp4", progress=False)
    for spelling in ("out.mp4", f"../{tmp_path.name}/out.mp4"):
        with pytest.raises(ValueError, match="would overwrite"):
            manipulate_video(Paint(), folder / "target.mp4", tmp_path / "out.mp4", folder / "source.mp4", mask=tmp_path / spelling)
    for wrong, error in (("out.gif", ValueError), ("no/out.mp4", FileNotFoundError)):
        with pytest.raises(error):
            manipulate_video(Paint(), folder / "target.mp4", tmp_path / "out.mp4", folder / "source.mp4", mask=tmp_path / wrong)
    assert (folder / "target.mp4").read_bytes() == before and [path.name for path in tmp_path.iterdir()] == ["link.mp4"]


def test_the_autoencoder_takes_a_checkpoint_or_trains_one(footage, tmp_path, capsys, monkeypatch):
    """A network that is given is used; strangers' videos are trained on first, once, and the result is kept."""
    folder, masks = footage
    monkeypatch.setenv("DFLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DFLIB_SCALE", "smoke")
    torch.manual_seed(0)
    card = {"recipe": "none", "steps": 0, "seed": 0, "data": "none", "wall_time": 0, "scores": {}}
    checkpoints.save(tmp_path / "net.safetensors", SwapAutoencoder(32, 8, 2), card)
    videos = "--method", "autoencoder", folder / "source.mp4", folder / "target.mp4"
    before = np.array(list(media.read_video(folder / "target.mp4")), float)
    trained = []
    for name, more in (("given.mp4", ("--checkpoint", tmp_path / "net.safetensors")), ("first.mp4", ()), ("again.mp4", ())):
        code, text, err = run(capsys, *videos, tmp_path / name, *more)
        assert code == 0 and "20 frames, 4 of them without a face" in text, err
        label = media.read_label(tmp_path / name)
        assert label.kind == "edited" and "autoencoder" in label.note
        change = np.abs(np.array(list(media.read_video(tmp_path / name)), float) - before).mean(-1)
        assert change[BLANK].max() < 6
        for number in (0, 15):
            assert change[number][binary_erosion(masks[number], iterations=10)].mean() > 8
            assert change[number][~binary_dilation(masks[number], iterations=12)].mean() < 3
        trained.append({path: path.read_bytes() for path in (tmp_path / "cache").rglob("state.safetensors")})
    assert trained[0] == {} and len(trained[1]) == 1 and trained[2] == trained[1]
    assert (tmp_path / "first.mp4").read_bytes() == (tmp_path / "again.mp4").read_bytes() != (tmp_path / "given.mp4").read_bytes()


def test_frames_from_a_camera_are_marked(footage, tmp_path):
    folder, _ = footage
    face, target = (media.record(60, str(folder / f"{name}.mp4")) for name in ("source", "target"))    # files for a camera
    done = manipulate_video(FaceSwap(), target, tmp_path / "out.mp4", face, progress=False)
    assert (done.frames, done.without_face) == (20, 4)
    corner = list(media.read_video(tmp_path / "out.mp4"))[9][-8:, :16].astype(float)
    blank = np.full((SIZE, SIZE, 3), 120, np.uint8)
    assert np.abs(corner - media.mark(blank)[-8:, :16]).mean() < 0.5 * np.abs(corner - 120).mean()


def test_an_interruption_leaves_the_old_file(footage, tmp_path):
    folder, _ = footage
    out = tmp_path / "out.mp4"
    out.write_bytes(b"old")

    class Interrupted(Paint):
        def changed(self, number, image):
            if number == 6:
                raise KeyboardInterrupt
            return super().changed(number, image)

    method = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        manipulate_video(method, folder / "target.mp4", out, folder / "source.mp4", progress=False)
    assert method.asked == [*range(6)] and out.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1
