"""Readers of data sets on tiny trees with real pictures and videos, and the shipped set."""
import json
import pickle
import time
import zipfile

import cv2
import numpy as np
import pytest
from dflib.datasets import CelebA, CelebDF, DFDC, FaceForensics, ImageFolder, safe
from dflib.media import write_video


def picture(path, height=40, width=30, value=90):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.full((height, width, 3), value, np.uint8)
    image[..., 0] = np.linspace(0, 255, width).astype(np.uint8)     # red grows to the right
    assert cv2.imwrite(str(path), image[..., ::-1])
    return image


@pytest.fixture(scope="module")
def video_file(tmp_path_factory):
    """Ten frames of 32 px whose brightness is 20 * number."""
    path = tmp_path_factory.mktemp("video") / "v.mp4"
    write_video(path, [np.full((32, 32, 3), 20 * i, np.uint8) for i in range(10)], crf=1, progress=False)
    return path


def tree(root, names, video_file):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(video_file.read_bytes())


# names from lists

@pytest.mark.parametrize("name", ["../a.mp4", "/etc/passwd", "a/../../b", "", "c:\\a", "..\\a", "a\0b", None, 3])
def test_names_never_leave_their_folder(tmp_path, name):
    with pytest.raises(ValueError, match="not a file inside its folder"):
        safe.inside(tmp_path, name, "list")


def test_names_below_the_folder_are_allowed(tmp_path):
    assert safe.inside(tmp_path, "a/b..c.mp4", "list") == tmp_path / "a" / "b..c.mp4"


def test_missing_folder_and_file_instead_of_folder(tmp_path):
    (tmp_path / "file").write_text("x")
    for reader in (ImageFolder, CelebA, FaceForensics, DFDC, CelebDF):
        with pytest.raises(FileNotFoundError, match="There is no folder"):
            reader(tmp_path / "nothing")
        with pytest.raises(NotADirectoryError, match="is a file"):
            reader(tmp_path / "file")
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(FileNotFoundError):
            reader(tmp_path / "empty")


# photographs

def test_image_folder_sorts_crops_and_resizes(tmp_path):
    picture(tmp_path / "00001" / "b.png", 40, 60)
    first = picture(tmp_path / "00000" / "a.png", 40, 30)
    picture(tmp_path / ".trash" / "c.png")
    (tmp_path / "note.txt").write_text("not a picture")
    whole = ImageFolder(tmp_path)
    assert [photo.name for photo in whole] == ["00000/a.png", "00001/b.png"]
    assert np.array_equal(whole[0].image, first)
    small = ImageFolder(tmp_path, size=16)
    assert small.images().shape == (2, 16, 16, 3)
    # the central 40 of 60 columns hold red 43..212; a stretched picture would hold 0..255
    assert 40 < small.image(1)[0, 0, 0] < 60 and 195 < small.image(-1)[0, -1, 0] < 215
    tensors = small.tensors([0])
    assert tensors.shape == (1, 3, 16, 16) and np.allclose((tensors[0, 1].numpy() + 1) * 127.5, small.image(0)[..., 1])
    with pytest.raises(IndexError):
        small.image(2)


def test_image_folder_says_which_picture_is_damaged(tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG nothing")
    with pytest.raises(ValueError, match="a.png"):
        ImageFolder(tmp_path)[0]


def celeba(root, lists="", separator=" "):
    for i in (1, 2, 3):
        picture(root / "img_align_celeba" / f"{i:06d}.jpg", 218, 178)
    where = root / lists
    where.mkdir(exist_ok=True)
    (where / "list_attr_celeba.txt").write_text(
        "3\nMale Smiling\n000001.jpg -1  1\n000002.jpg  1 -1\n000003.jpg  1  1\n")
    (where / "list_eval_partition.txt").write_text("000001.jpg 0\n000002.jpg 0\n000003.jpg 2\n")
    (where / "identity_CelebA.txt").write_text("000001.jpg 7\n000002.jpg 8\n000003.jpg 9\n")
    rows = "".join(f"{i:06d}.jpg 69 109 106 113 77 142 73 152 108 154\n" for i in (1, 2, 3))
    (where / "list_landmarks_align_celeba.txt").write_text(f"3\nlefteye_x lefteye_y\n{rows}")
    return root


@pytest.mark.parametrize("lists", ["", "Anno"])
def test_celeba(tmp_path, lists):
    data = CelebA(celeba(tmp_path, lists), size=89)
    assert len(data) == 3 and data.attribute_names == ("Male", "Smiling")
    assert data.attributes.tolist() == [[False, True], [True, False], [True, True]]
    assert data.attribute("Smiling").tolist() == [True, False, True] and data.identities.tolist() == [7, 8, 9]
    photo = data[0]
    assert photo.image.shape == (89, 89, 3) and photo.attributes == {"Male": False, "Smiling": True}
    # the central square starts at row 20; half the size, pixel centres at integers: (69.5 / 2 - .5, 89.5 / 2 - .5)
    assert np.allclose(photo.landmarks[0], [34.25, 44.25])
    assert CelebA(tmp_path, "train").names == ["000001.jpg", "000002.jpg"]
    assert CelebA(tmp_path, "test").identities.tolist() == [9]
    with pytest.raises(ValueError, match="Unknown split 'dev'"):
        CelebA(tmp_path, "dev")
    with pytest.raises(ValueError, match="no attribute 'Hat'"):
        data.attribute("Hat")


def test_celeba_from_comma_separated_lists(tmp_path):
    picture(tmp_path / "img_align_celeba" / "img_align_celeba" / "000001.jpg", 218, 178)
    (tmp_path / "list_attr_celeba.csv").write_text("image_id,Male,Smiling\n000001.jpg,1,-1\n")
    assert CelebA(tmp_path)[0].attributes == {"Male": True, "Smiling": False}


@pytest.mark.parametrize("text, sentence", [
    ("1\nMale Smiling\n000001.jpg 1\n", "row 1 is not a name and 2 whole numbers"),
    ("1\nMale\n000001.jpg yes\n", "row 1 is not a name and 1 whole numbers"),
    ("1\nMale\n../../000001.jpg 1\n", "not a file inside its folder"),
])
def test_malformed_celeba_list(tmp_path, text, sentence):
    (tmp_path / "img_align_celeba").mkdir()
    (tmp_path / "list_attr_celeba.txt").write_text(text)
    with pytest.raises(ValueError, match=sentence):
        CelebA(tmp_path)


# forensic sets

@pytest.fixture
def face_forensics(tmp_path, video_file):
    names = [f"original_sequences/youtube/c23/videos/{one}.mp4" for one in ("000", "003", "111", "222")]
    names += [f"manipulated_sequences/{method}/c23/videos/{pair}.mp4" for method in FaceForensics.METHODS
              for pair in ("000_003", "003_000", "111_222")]
    tree(tmp_path, [*names, "manipulated_sequences/Deepfakes/masks/videos/000_003.mp4"], video_file)
    (tmp_path / "splits").mkdir()
    for split, pairs in {"train": [["000", "003"]], "val": [], "test": [["111", "222"]]}.items():
        (tmp_path / "splits" / f"{split}.json").write_text(json.dumps(pairs))
    return tmp_path


def test_face_forensics_pairs_people_and_masks(face_forensics):
    train = FaceForensics(face_forensics, "train")
    assert len(train) == 2 + 4 * 2 and train.labels.sum() == 8 and train.missing == []
    clip = next(clip for clip in train if clip.path.name == "003_000.mp4" and clip.method == "FaceSwap")
    assert clip.fake and clip.target == "003" and clip.source == "000" and clip.original.name == "003.mp4"
    masked = [clip for clip in train if clip.mask]
    assert [(clip.method, clip.path.name) for clip in masked] == [("Deepfakes", "000_003.mp4")]
    assert [mask.all() for mask in masked[0].masks()] == [False] * 7 + [True] * 3     # brightness above 127
    with pytest.raises(ValueError, match="without a mask"):
        clip.masks()
    test = FaceForensics(face_forensics, "test", methods=("Face2Face",))
    assert [clip.path.name for clip in test] == ["111.mp4", "222.mp4", "111_222.mp4"]
    assert [path.name for path in test.missing] == ["222_111.mp4"]
    people = [{person for clip in data for person in (clip.target, clip.source)} - {None} for data in (train, test)]
    assert not people[0] & people[1]
    assert len(FaceForensics(face_forensics)) == 4 + 4 * 3


def test_frames_are_spread_over_the_whole_video(face_forensics):
    clip = FaceForensics(face_forensics)[0]
    assert len(clip.frames()) == 10
    assert [round(frame.mean() / 20) for frame in clip.frames(5)] == [1, 3, 5, 7, 9]
    assert [round(frame.mean() / 20) for frame in clip.frames(1)] == [5] and len(clip.frames(99)) == 10
    with pytest.raises(ValueError, match="At least one frame"):
        clip.frames(0)


def test_face_forensics_refuses_leaks_and_malformed_lists(face_forensics):
    test = face_forensics / "splits" / "test.json"
    for text, sentence in (('[["000", "222"]]', "names 000, who is in the train split already"),
                           ('[["111"]]', "is not a pair of ids"), ('[["../111", "222"]]', "not a file inside"),
                           ("{}", "holds a dict, not a list"), ("[", "is not valid JSON")):
        test.write_text(text)
        with pytest.raises(ValueError, match=sentence):
            FaceForensics(face_forensics, "train")
    test.unlink()
    with pytest.raises(FileNotFoundError, match="There is no file .*test.json"):
        FaceForensics(face_forensics, "train")
    for wrong, sentence in ({"split": "dev"}, "Unknown split"), ({"compression": "c99"}, "Unknown compression"), (
            {"methods": ("../x",)}, "Unknown method"):
        with pytest.raises(ValueError, match=sentence):
            FaceForensics(face_forensics, **wrong)
    with pytest.raises(FileNotFoundError, match="c40"):
        FaceForensics(face_forensics, compression="c40")


def test_face_forensics_raw_under_its_older_name(tmp_path, video_file):
    tree(tmp_path, ["original_sequences/youtube/c0/videos/000.mp4",
                    "manipulated_sequences/FaceSwap/raw/videos/000_003.mp4"], video_file)
    assert FaceForensics(tmp_path, compression="raw", methods=("FaceSwap",)).labels.tolist() == [0, 1]


def test_dfdc(tmp_path, video_file):
    part = tmp_path / "dfdc_train_part_0"
    tree(part, ["a.mp4", "b.mp4", "c.mp4"], video_file)
    entries = {"a.mp4": {"label": "REAL", "split": "train"},
               "b.mp4": {"label": "FAKE", "split": "train", "original": "a.mp4"},
               "c.mp4": {"label": "FAKE", "split": "train", "original": "gone.mp4"},
               "d.mp4": {"label": "FAKE", "split": "train", "original": "a.mp4"}}
    (part / "metadata.json").write_text(json.dumps(entries))
    for root in (tmp_path, part):
        data = DFDC(root)
        assert data.labels.tolist() == [0, 1, 1] and data.groups.tolist() == ["a.mp4", "a.mp4", "gone.mp4"]
        assert data[1].original == part / "a.mp4" and [path.name for path in data.missing] == ["d.mp4"]
    for entries, sentence in (({"a.mp4": {"label": "MAYBE"}}, "labelled 'MAYBE'"), ({"a.mp4": 1}, "labelled None"),
                              ({"../../a.mp4": {"label": "REAL"}}, "not a file inside"),
                              ({"a.mp4": {"label": "FAKE", "original": "/a.mp4"}}, "not a file inside")):
        (part / "metadata.json").write_text(json.dumps(entries))
        with pytest.raises(ValueError, match=sentence):
            DFDC(tmp_path)


@pytest.mark.parametrize("youtube", ["YouTube-real", "Youtube-real"])
def test_celeb_df(tmp_path, video_file, youtube):
    tree(tmp_path, ["Celeb-real/id0_0000.mp4", "Celeb-real/id1_0003.mp4", f"{youtube}/00000.mp4",
                    "Celeb-synthesis/id0_id1_0000.mp4", "Celeb-synthesis/id1_id0_0003.mp4"], video_file)
    tests = tmp_path / "List_of_testing_videos.txt"
    tests.write_text("1 YouTube-real/00000.mp4\n0 Celeb-synthesis/id1_id0_0003.mp4\n")
    assert CelebDF(tmp_path).labels.sum() == 2 and len(CelebDF(tmp_path)) == 5
    test = CelebDF(tmp_path, "test")
    assert test.labels.tolist() == [0, 1]       # the list's 1 is real, ours is fake
    assert (test[1].target, test[1].source, test[1].original.name) == ("id1", "id0", "id1_0003.mp4")
    train = {clip.path.name for clip in CelebDF(tmp_path, "train")}
    assert train == {"id0_0000.mp4", "id1_0003.mp4", "id0_id1_0000.mp4"}
    for line, sentence in (("0 Celeb-real/id0_0000.mp4", "contradicts the folders"), ("2 Celeb-real/a.mp4", "malformed"),
                           ("1 Elsewhere/a.mp4", "malformed"), ("1 Celeb-real/../../a.mp4", "not a file inside")):
        tests.write_text(line)
        with pytest.raises(ValueError, match=sentence):
            CelebDF(tmp_path, "test")
