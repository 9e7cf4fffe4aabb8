"""FaceSwap on videos, through the command line: what is changed, what is not, sound, label, bad input."""
import os
from dataclasses import replace

import av
import numpy as np
import pytest
from scipy.ndimage import binary_dilation, binary_erosion

from dflib import __main__ as cli
from dflib import cast, faces, media
from dflib.swap import video
from dflib.swap.video import Follower, blended, faceswap_video

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


@pytest.mark.parametrize("how", video.BLENDS)
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
    from dflib.swap import fit, texture
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
            done = faceswap_video(tmp_path / f"{source}.png", tmp_path / f"{target}.mp4", tmp_path / "out.mp4", progress=False)
            assert (done.frames, done.without_face) == (2, 0)
            corner = next(iter(media.read_video(tmp_path / "out.mp4")))[-8:, :16].astype(float)
            marked = np.abs(corner - media.mark(clip[0])[-8:, :16]).mean() < np.abs(corner - clip[0][-8:, :16]).mean()
            assert marked == ("unknown" in (source, target))


def test_following_one_face(monkeypatch):
    """The largest at first, then the same one; a bystander never takes its place; after a cut the new one."""
    a, b, elsewhere = [10, 10, 50, 60], [60, 10, 90, 45], [0, 60, 40, 110]
    at = {name: np.float32(boxes).reshape(-1, 4) for name, boxes in {
        "both": [a, b], "grown": [np.add(b, [-8, -8, 12, 12]), a], "bystander": [b], "nobody": [], "cut": [elsewhere]}.items()}
    monkeypatch.setattr(faces, "detect", lambda image: at[image])
    monkeypatch.setattr(faces, "landmarks", lambda image, backend, boxes: boxes)
    follow = Follower()
    expected = [("both", a, False), ("grown", a, True), ("bystander", None, False), ("both", a, True),
                ("nobody", None, False), ("cut", elsewhere, False), ("cut", elsewhere, True)]
    for name, box, same in expected:
        found = follow(name)
        assert found[1] == same and (found[0] is None if box is None else found[0].tolist() == box), name


BAD = {
    "missing source": ("nothing.png", "clip.mp4", "out.mp4"), "missing target": ("flat.png", "nothing.mp4", "out.mp4"),
    "picture as target": ("flat.png", "flat.png", "out.mp4"), "text as target": ("flat.png", "text.mp4", "out.mp4"),
    "no face in the source": ("flat.png", "clip.mp4", "out.mp4"), "no face in a clip": ("clip.mp4", "clip.mp4", "out.mp4"),
    "text as source": ("text.png", "clip.mp4", "out.mp4"), "missing folder": ("flat.png", "clip.mp4", "no/out.mp4"),
    "extension": ("flat.png", "clip.mp4", "out.gif"), "onto an input": ("flat.png", "clip.mp4", "clip.mp4"),
    "a folder": ("flat.png", "clip.mp4", "folder.mp4"), "too few": ("flat.png", "clip.mp4"),
    "unknown blend": ("flat.png", "clip.mp4", "out.mp4", "--blend", "glue"),
    "a method of lesson 05": ("flat.png", "clip.mp4", "out.mp4", "--method", "autoencoder"),
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


def test_an_interruption_leaves_the_old_file(footage, tmp_path, monkeypatch):
    folder, _ = footage
    out = tmp_path / "out.mp4"
    out.write_bytes(b"old")
    monkeypatch.setattr(video, "_fit_target", lambda *_: ([None] * 20, [None] * 20))
    monkeypatch.setattr(video, "_Skin", lambda *_: None)
    read, calls = media.read_video, []

    class Interrupted:
        def __init__(self, path):
            self.info = read(path).info
            self.frames = iter(read(path))

        def __iter__(self):
            calls.append(1)
            yield next(self.frames)
            raise KeyboardInterrupt
    monkeypatch.setattr(media, "read_video", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        faceswap_video(folder / "source.mp4", folder / "target.mp4", out, progress=False)
    assert calls and out.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1
