"""Edits by a trained StarGAN: what is asked for, what is put back into a picture, the command."""
import numpy as np
import pytest
import torch

from dflib import __main__ as cli
from dflib import cast, checkpoints, faces, media
from dflib.datasets.domains import DOMAINS, EDITS, INDEX
from dflib.synthesis.stargan import edit
from dflib.synthesis.stargan.stargan import Discriminator, StarGAN

CARD = {"recipe": "none", "steps": 0, "seed": 0, "data": "none", "wall_time": 0, "scores": {}}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("stargan") / "tiny.safetensors"
    model = StarGAN(32, 4, 2)
    with torch.no_grad():
        model.generator.main[0].weight[:, 3:] *= 30         # a network that learned nothing hardly listens to its label
    checkpoints.save(path, model, CARD)
    return path


@pytest.fixture(scope="module")
def frame():
    return cast.render(cast.sample_person(3), cast.sample_shot(3, yaw=15), size=128)


class Painter:
    """A model that paints crops: brighter for the old and black hair, redder for the sad; all are dark-skinned, blond and happy."""

    size = 32

    def __init__(self):
        self.asked = []

    def generator(self, pictures, labels):
        self.asked.append([{DOMAINS[k] for k in np.flatnonzero(row)} for row in labels.numpy()])
        red = torch.tensor([.2, 0, 0])[:, None, None]
        painted = .1 * labels[:, [INDEX["black hair"], INDEX["old"]]].any(1).float()
        return .9 * pictures + painted[:, None, None, None] + red * labels[:, INDEX["sad"]][:, None, None, None]

    def critic(self, pictures):
        logits = torch.full((len(pictures), 12), -1.)
        logits[:, [INDEX["dark skin"], INDEX["blond hair"]]] = 1.
        logits[:, INDEX["grey hair"]] = .5
        logits[:, INDEX["happy"]], logits[:, INDEX["angry"]] = -.5, -.7
        return None, logits


def test_wishes_are_read():
    assert edit.parse(["hair=blond", "age=old", "hair=blond"]) == [("hair", "blond"), ("age", "old")]
    for wishes, words in ((["hair=green"], "hair can be black"), (["nose=long"], "Nothing is called 'nose'"),
                          (["hair"], "hair can be"), ([], "Nothing is to be edited"),
                          (["hair=blond", "hair=black"], "hair cannot be blond and black at once")):
        with pytest.raises(ValueError, match=words) as error:
            edit.parse(wishes)
        assert "\n" not in str(error.value)
    listed = edit.domains_in_words()
    assert len(listed.splitlines()) == 5 and all(value in listed for _, value in EDITS)


def test_attributes_and_expressions_are_asked_for_one_after_the_other():
    model, crops = Painter(), np.full((2, 32, 32, 3), 100, np.uint8)
    made = edit.edit_crops(model, crops, [("expression", "sad"), ("hair", "black"), ("age", "old")])
    first, before = {"black hair", "old", "dark skin"}, {"blond hair", "dark skin"}
    assert model.asked == [[first] * 2, [before] * 2, [{"sad"}] * 2, [{"happy"}] * 2]        # c' is of the set that c is of
    assert np.array_equal(made[0, 0, 0].astype(int) - 100, [round(.3 * 127.5), round(.1 * 127.5), round(.1 * 127.5)])


def test_the_change_alone_leaves_what_the_generator_does_to_every_picture():
    crops = np.random.default_rng(0).integers(30, 200, (2, 32, 32, 3)).astype(np.uint8)
    made = edit.edit_crops(Painter(), crops, [("age", "old")]).astype(int)
    assert np.abs(made - crops - 12.75).max() <= 1                  # and not a tenth less contrast


def test_who_seems_to_be_so_already_is_edited_all_the_same():
    crops = np.full((2, 32, 32, 3), 100, np.uint8)
    for asked, after, before in ((("hair", "blond"), {"blond hair", "dark skin"}, {"dark skin"}),
                                 (("skin", "dark"), {"blond hair", "dark skin"}, {"blond hair"}),
                                 (("skin", "light"), {"blond hair"}, {"blond hair", "dark skin"}),
                                 (("expression", "happy"), {"happy"}, {"angry"})):     # the next that the critic sees
        model = Painter()
        edit.edit_crops(model, crops, [asked])
        assert model.asked == [[after] * 2, [before] * 2]


def test_an_expression_is_changed_from_another_one():
    """Each row by itself: the likeliest that is not wanted; rows that want none keep their labels."""
    labels = torch.eye(12)[[0, INDEX["female"], 2]]
    wanted = torch.eye(12)[[INDEX["happy"], 1, INDEX["angry"]]]
    own = edit.own_labels(Painter().critic, torch.zeros(3, 3, 32, 32), labels, wanted)
    assert torch.equal(own, torch.eye(12)[[INDEX["angry"], INDEX["female"], INDEX["happy"]]])


def test_pictures_are_the_same_a_few_at_a_time():
    torch.manual_seed(0)
    model = StarGAN(32, 4, 2).to(memory_format=torch.channels_last)
    x, c = torch.rand(10, 3, 32, 32) * 2 - 1, torch.eye(12)[:10]
    with torch.no_grad():
        assert torch.allclose(edit.edited_pictures(model.generator, x, c), model.generator(x, c), atol=1e-5)


def test_the_change_is_put_back_and_nothing_else(frame):
    """A painted crop changes the face by as much, fades out towards the crop's border and leaves the rest alone."""
    wide = np.pad(frame.image, ((60, 60), (60, 60), (0, 0)), mode="reflect")
    points = frame.landmarks + 60
    made = edit.edit_faces(Painter(), wide, points[None], [("hair", "black")]).astype(int) - wide
    nose = points[30].round().astype(int)
    unclipped = wide[nose[1], nose[0]] < 235
    assert (np.abs(made[nose[1], nose[0]] - 12.75) < 1.5)[unclipped].all()
    back = faces.alignment.inverse(faces.alignment.portrait_matrix(points, 32))
    edge = faces.alignment.transform([[16, .5]], back)[0].round().astype(int)
    assert made[edge[1], edge[0]].max() < 8         # of 12.75: the crop's border fades
    corners = made[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert not corners.any() and (made >= 0).all() and (made == 0).mean() > .3
    untouched = edit.edit_faces(Painter(), wide, points[:0].reshape(0, 68, 2), [("hair", "blond")])
    assert np.array_equal(untouched, wide)


def test_a_checkpoint_tells_its_sizes(checkpoint, tmp_path):
    model, _ = edit.load(checkpoint)
    assert (model.size, len(model.critic.layers)) == (32, 4) and not model.training
    other = tmp_path / "other.safetensors"
    checkpoints.save(other, Discriminator(16, 5, 4), CARD)
    with pytest.raises(ValueError, match="holds no StarGAN"):
        edit.load(other)


def run(capsys, *arguments):
    try:
        code = cli.main(["edit", *map(str, arguments)])
    except SystemExit as end:
        code = end.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_command_edits_labels_and_marks(capsys, tmp_path, checkpoint, frame):
    large = np.kron(frame.image, np.ones((2, 2, 1), np.uint8))
    media.write_image(tmp_path / "rendered.png", large, kind="rendered")
    media.write_image(tmp_path / "plain.png", large, kind="generated")
    for name in ("rendered", "plain"):
        code, text, err = run(capsys, tmp_path / f"{name}.png", tmp_path / f"{name}-old.png", "--set", "age=old", "hair=grey",
                              "--checkpoint", checkpoint)
        assert (code, err) == (0, "") and "1 face edited" in text
    label = media.read_label(tmp_path / "plain-old.png")
    assert label.kind == "edited" and label.note == "StarGAN: age=old, hair=grey"
    marked, unmarked = (media.read_image(tmp_path / f"{name}-old.png") for name in ("plain", "rendered"))
    assert np.array_equal(marked, media.labels.mark(unmarked)) and not np.array_equal(unmarked, large)


@pytest.mark.parametrize("suffix", [".png", ".mp4"])
def test_the_command_edits_everybody_or_the_largest(capsys, tmp_path, checkpoint, frame, suffix):
    """Two people side by side, the one on the right smaller: with --which largest that face stays as it was."""
    small = cast.render(cast.sample_person(8), cast.sample_shot(3, yaw=15), size=96).image
    both = np.full((128, 256, 3), 110, np.uint8)
    both[:, :128], both[16:112, 144:240] = frame.image, small
    write = {".png": lambda path: media.write_image(path, both, kind="rendered"),
             ".mp4": lambda path: media.write_video(path, [both] * 2, fps=10, crf=1, kind="rendered", progress=False)}[suffix]
    write(tmp_path / f"in{suffix}")
    changed = {}
    for which in ("all", "largest"):
        code, *_ = run(capsys, tmp_path / f"in{suffix}", tmp_path / f"{which}{suffix}", "--set", "hair=grey", "expression=surprised",
                       "--which", which, "--checkpoint", checkpoint)
        assert code == 0
        read = media.read_image if suffix == ".png" else lambda path: next(iter(media.read_video(path)))
        change = np.abs(read(tmp_path / f"{which}{suffix}").astype(int) - both).max(axis=2) > 40
        changed[which] = bool(change[40:90, 45:85].any()), bool(change[50:80, 185:205].any())
    assert changed == {"all": (True, True), "largest": (True, False)}


def test_the_command_edits_videos(capsys, tmp_path, checkpoint, frame):
    large = np.kron(frame.image, np.ones((2, 2, 1), np.uint8))
    media.write_video(tmp_path / "in.mp4", [large] * 3, fps=10, kind="rendered", progress=False)
    code, text, err = run(capsys, tmp_path / "in.mp4", tmp_path / "out.mp4", "--set", "skin=dark", "--checkpoint", checkpoint)
    assert code == 0 and "3 frames, 0 of them without a face" in text
    assert media.read_label(tmp_path / "out.mp4").kind == "edited"


def test_the_command_s_bad_input_is_one_sentence(capsys, tmp_path, checkpoint):
    blank, out = tmp_path / "blank.png", tmp_path / "out.png"
    media.write_image(blank, np.full((64, 64, 3), 128, np.uint8))
    for arguments, words in (([blank, out, "--set", "hair=pink"], "hair can be"), ([blank, out], "Nothing is to be edited"),
                             ([blank, out, "--set", "age=old", "age=young"], "at once"), ([], "needs a picture or video"),
                             ([blank, out, "--set", "age=old", "--checkpoint", checkpoint], "No face was found"),
                             ([blank, tmp_path / "out.mp4", "--set", "age=old"], "is a picture, so"),
                             ([blank, blank, "--set", "age=old"], "overwritten")):
        code, _, err = run(capsys, *arguments)
        assert code == 2 and words in err and err.count("\n") == 1 and "Traceback" not in err
        assert not out.exists()
    code, text, _ = run(capsys, "--list")
    assert code == 0 and "expression = neutral, happy, sad, angry, surprised" in text


def test_faces_are_framed_alike_in_training_and_use(frame):
    """The landmark network's portrait of a render lies where the truth's does, to a few pixels of 64."""
    large = np.kron(frame.image, np.ones((2, 2, 1), np.uint8))
    found = faces.landmarks(large, "dflib")[0]
    corners = np.array([[0, 0], [255, 0], [0, 255], [255, 255]], float)
    truth = faces.alignment.transform(corners, faces.alignment.portrait_matrix(frame.landmarks * 2 + .5, 64))
    assert np.abs(faces.alignment.transform(corners, faces.alignment.portrait_matrix(found, 64)) - truth).max() < 6
