"""Readers of data sets on tiny trees with real pictures and videos, and the shipped set."""
import hashlib
import json
import pickle
import shutil
import time
import zipfile

import cv2
import numpy as np
import pytest

from dflib import cast
from dflib.datasets import (DFDC, ActorClips, CelebA, CelebDF, Clip, FaceForensics, ImageFolder, RenderedFaces, make, safe,
                            split_of)
from dflib.pictures import resized
from dflib.cast.people.splits import SPLITS
from dflib.cast.version import VERSION, version_of
from dflib.media import read_label, read_video, write_video
from dflib.metrics import psnr, ssim


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


def test_celeba_with_some_of_its_pictures(tmp_path):
    celeba(tmp_path)
    (tmp_path / "img_align_celeba" / "000002.jpg").unlink()
    with pytest.warns(UserWarning, match=r"is a partial copy: it lacks 1 of its pictures, such as .*000002.jpg"):
        data = CelebA(tmp_path)
    assert data.names == ["000001.jpg", "000003.jpg"] and [path.name for path in data.missing] == ["000002.jpg"]
    assert data.attributes.tolist() == [[False, True], [True, True]] and data.identities.tolist() == [7, 9]
    assert data[1].identity == 9 and data[1].landmarks.shape == (5, 2) and len(data.images()) == 2
    with pytest.warns(UserWarning):
        assert CelebA(tmp_path, "train").names == ["000001.jpg"]
    (tmp_path / "img_align_celeba" / "000003.jpg").unlink()
    with pytest.raises(FileNotFoundError, match="holds none of the pictures that the lists name, such as 000003.jpg"):
        CelebA(tmp_path, "test")


@pytest.mark.parametrize("folder", ["img_align_celeba_png", "Img/img_align_celeba_png", "img_align_celeba"])
def test_celeba_as_png(tmp_path, folder):
    celeba(tmp_path)
    for path in (tmp_path / "img_align_celeba").iterdir():
        picture(tmp_path / "png" / f"{path.stem}.png", 218, 178)
        path.unlink()
    (tmp_path / "img_align_celeba").rmdir()
    (tmp_path / folder).parent.mkdir(exist_ok=True)
    (tmp_path / "png").rename(tmp_path / folder)
    data = CelebA(tmp_path)
    assert len(data) == 3 and data.missing == [] and data[2].identity == 9 and data.image(0).shape == (218, 178, 3)


LISTS = {       # the same list as people have it
    "official": "3\nMale Smiling\n000001.jpg -1  1\n000002.jpg  1 -1\n000003.jpg  1  1\n",
    "without its count": "Male Smiling\n000001.jpg -1  1\n000002.jpg  1 -1\n000003.jpg  1  1\n",
    "with a byte order mark": "\ufeff3\r\nMale Smiling\r\n000001.jpg -1  1\r\n000002.jpg  1 -1\r\n000003.jpg  1  1\r\n",
    "commas": "image_id,Male,Smiling\n000001.jpg,-1,1\n000002.jpg,1,-1\n000003.jpg,1,1\n",
    "quoted": '"image_id","Male","Smiling"\n"000001.jpg","-1","1"\n"000002.jpg","1","-1"\n"000003.jpg","1","1"\n',
    "quoted names": 'image_id,"Male","Smiling"\n"000001.jpg",-1,1\n"000002.jpg",1,-1\n"000003.jpg",1,1\n',
    "no name of the first column": ",Male,Smiling\n000001.jpg,-1,1\n000002.jpg,1,-1\n000003.jpg,1,1\n",
}


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
def test_celeba_lists_of_every_origin(tmp_path, text):
    celeba(tmp_path)
    (tmp_path / "list_attr_celeba.txt").write_text(text, encoding="utf-8", newline="")
    data = CelebA(tmp_path)
    assert data.attribute_names == ("Male", "Smiling") and data.attributes.tolist() == [[False, True], [True, False], [True, True]]


def test_celeba_partition_from_kaggle(tmp_path):
    celeba(tmp_path)
    (tmp_path / "list_eval_partition.txt").unlink()
    (tmp_path / "list_eval_partition.csv").write_text('"image_id","partition"\n"000001.jpg","0"\n"000002.jpg","0"\n"000003.jpg","2"\n')
    assert CelebA(tmp_path, "test").names == ["000003.jpg"] and len(CelebA(tmp_path, "train")) == 2


def test_linked_folders_are_entered_once(tmp_path):
    picture(tmp_path / "elsewhere" / "deep" / "a.png")
    picture(tmp_path / "set" / "b.png")
    (tmp_path / "set" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "deep" / "round").symlink_to(tmp_path / "set")       # in a circle
    (tmp_path / "set" / "again").symlink_to(tmp_path / "elsewhere" / "deep")
    assert [photo.name for photo in ImageFolder(tmp_path / "set")] == ["again/a.png", "b.png"]


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
    with pytest.warns(UserWarning, match="is a partial copy: it lacks 1 of its files, such as .*222_111.mp4"):
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
    for wrong, sentence in (({"split": "dev"}, "Unknown split"), ({"compression": "c99"}, "Unknown compression"),
                            ({"methods": ("../x",)}, "Unknown method"), ({"methods": ("",)}, "Unknown method")):
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
        with pytest.warns(UserWarning, match="it lacks 1 of its files, such as .*d.mp4"):
            data = DFDC(root)
        assert data.labels.tolist() == [0, 1, 1] and data.groups.tolist() == ["a.mp4", "a.mp4", "gone.mp4"]
        assert data[1].original == part / "a.mp4" and [path.name for path in data.missing] == ["d.mp4"]
    for entries, sentence in (({"a.mp4": {"label": "MAYBE"}}, "labelled 'MAYBE'"), ({"a.mp4": 1}, "labelled None"),
                              ({"../../a.mp4": {"label": "REAL"}}, "not a file inside"),
                              ({"a.mp4": {"label": "FAKE", "original": "/a.mp4"}}, "not a file inside")):
        (part / "metadata.json").write_text(json.dumps(entries))
        with pytest.raises(ValueError, match=sentence):
            DFDC(tmp_path)


def test_face_forensics_with_some_of_its_methods(face_forensics, video_file):
    for method in ("Face2Face", "NeuralTextures"):
        shutil.rmtree(face_forensics / "manipulated_sequences" / method)
    tree(face_forensics, ["manipulated_sequences/OwnMethod/c23/videos/000_003.mp4"], video_file)
    with pytest.warns(UserWarning, match="it lacks 2 of its files, such as .*Face2Face.c23.videos"):
        whole = FaceForensics(face_forensics)
    assert {clip.method for clip in whole} == {"real", "Deepfakes", "FaceSwap"} and len(whole) == 4 + 2 * 3
    assert [path.parts[-3] for path in whole.missing] == ["Face2Face", "NeuralTextures"]
    with pytest.warns(UserWarning, match="it lacks 4 of its files"):
        train = FaceForensics(face_forensics, "train")
    assert len(train) == 2 + 2 * 2 and {path.name for path in train.missing} == {"000_003.mp4", "003_000.mp4"}
    own = FaceForensics(face_forensics, methods=("OwnMethod",))         # any folder that is there may be named
    assert own.missing == [] and [clip.source for clip in own] == [None] * 4 + ["003"] and own[-1].original.name == "000.mp4"
    with pytest.raises(ValueError, match="Unknown method 'FaceSwop': there are Deepfakes, .*DeepFakeDetection, OwnMethod"):
        FaceForensics(face_forensics, methods=("FaceSwop",))
    shutil.rmtree(face_forensics / "original_sequences")
    with pytest.warns(UserWarning, match="original_sequences"):
        fakes = FaceForensics(face_forensics, methods=("FaceSwap",))
    assert fakes.labels.tolist() == [1, 1, 1]
    with pytest.raises(FileNotFoundError, match="The original|There is no video"):
        fakes[0].original_frames()


def test_face_shifter_and_deepfake_detections_actors(face_forensics, video_file):
    actors = "manipulated_sequences/DeepFakeDetection"
    tree(face_forensics, ["manipulated_sequences/FaceShifter/c23/videos/000_003.mp4",
                          "original_sequences/actors/c23/videos/01__exit_phone_room.mp4",
                          "original_sequences/actors/c23/videos/02__exit_phone_room.mp4",
                          f"{actors}/c23/videos/01_02__exit_phone_room__YVGY8LOK.mp4",
                          f"{actors}/masks/videos/01_02__exit_phone_room__YVGY8LOK.mp4"], video_file)
    data = FaceForensics(face_forensics, methods=("FaceShifter", "DeepFakeDetection"))
    assert data.missing == [] and data.labels.sum() == 2 and len(data) == 4 + 2 + 2
    shifted, acted = (next(clip for clip in data if clip.method == method) for method in ("FaceShifter", "DeepFakeDetection"))
    assert (shifted.target, shifted.source, shifted.original.parts[-4], shifted.mask) == ("000", "003", "youtube", None)
    assert (acted.target, acted.source) == ("01", "02") and acted.mask.is_file()
    assert acted.original == face_forensics / "original_sequences/actors/c23/videos/01__exit_phone_room.mp4"
    assert len(acted.original_frames(3)) == 3
    assert {clip.target for clip in data if not clip.fake} == {"000", "003", "111", "222", "01", "02"}
    with pytest.raises(ValueError, match="do not split the actors of DeepFakeDetection"):
        FaceForensics(face_forensics, "train", methods=("DeepFakeDetection",))


def test_sizes_rates_and_lengths_that_differ(tmp_path):
    """As in FaceForensics++: a fake of another size and rate than its original, a mask that ends before its video."""
    def video(name, count, size, fps, level=lambda i: 20 * i):
        write_video(tmp_path / name, [np.full((*size, 3), level(i), np.uint8) for i in range(count)], fps=fps, crf=1, progress=False)
        return tmp_path / name
    original = video("original.mp4", 12, (48, 64), 30)
    fake = video("fake.mp4", 10, (32, 48), 25)
    mask = video("mask.mp4", 6, (16, 24), 25, level=lambda i: 255 * (i % 2))
    clip = Clip(fake, True, "x", original=original, mask=mask)

    def numbers(frames):
        return [round(frame.mean() / 20) for frame in frames]
    assert numbers(clip.frames(5)) == numbers(clip.original_frames(5)) == [1, 3, 5, 7, 9]    # by number, not by time
    assert clip.original_frames(1)[0].shape == (48, 64, 3)
    frames, masks = clip.masked_frames(3)
    assert numbers(frames) == [1, 3, 5] and [found.shape for found in masks] == [(32, 48)] * 3
    assert [found.all() for found in masks] == [True] * 3
    frames, masks = clip.masked_frames()
    assert numbers(frames) == [0, 1, 2, 3, 4, 5] and [found.any() for found in masks] == [False, True] * 3
    with pytest.raises(ValueError, match="has 6 frames, but .* has 10"):
        clip.masks(5)
    longer = Clip(mask, True, "x", original=fake, mask=fake)
    assert len(longer.masks()) == 6 and longer.masks(1)[0].shape == (16, 24)
    real = Clip(original, False, "real")
    frames, masks = real.masked_frames(2)
    assert len(frames) == 2 and all(found.shape == (48, 64) and not found.any() for found in masks)
    for broken, sentence in ((Clip(original, True, "x", original=fake), "ends before frame 11 of"),
                             (Clip(fake, True, "x"), "is not known"), (Clip(fake, True, "x"), "comes without a mask")):
        with pytest.raises(ValueError, match=sentence):
            broken.masked_frames() if "mask" in sentence else broken.original_frames()


def test_dfdc_parts_without_their_list(tmp_path, video_file):
    tree(tmp_path, ["dfdc_train_part_0/a.mp4", "dfdc_train_part_1/b.mp4"], video_file)
    (tmp_path / "notes").mkdir()
    (tmp_path / "dfdc_train_part_0" / "metadata.json").write_text('{"a.mp4": {"label": "REAL", "split": "train"}}')
    with pytest.warns(UserWarning, match="it lacks 1 of its files, such as .*dfdc_train_part_1.metadata.json"):
        data = DFDC(tmp_path)
    assert len(data) == 1 and data.missing == [tmp_path / "dfdc_train_part_1" / "metadata.json"]


def test_celeb_df_without_one_of_its_folders(tmp_path, video_file):
    tree(tmp_path, ["Celeb-real/id0_0000.mp4", "Celeb-synthesis/id0_id1_0000.mp4"], video_file)
    with pytest.warns(UserWarning, match="such as .*YouTube-real"):
        data = CelebDF(tmp_path)
    assert data.labels.tolist() == [0, 1] and data.missing == [tmp_path / "YouTube-real"]


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
    for line, sentence in (("0 Celeb-real/id0_0000.mp4", "contradicts the folders"),
                           ("2 Celeb-real/a.mp4", "malformed"), ("1 Elsewhere/a.mp4", "malformed"),
                           ("1 Celeb-real/../../a.mp4", "not a file inside")):
        tests.write_text(line)
        with pytest.raises(ValueError, match=sentence):
            CelebDF(tmp_path, "test")


# rendered faces

@pytest.fixture(scope="module")
def little(tmp_path_factory):
    """Three people, two shots each, rendered into a cache of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DFLIB_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield RenderedFaces.render(3, shots=2, size=48, first=7, workers=1)


def test_rendered_on_demand_equals_the_cast(little):
    assert len(little) == 6 and little.people.tolist() == [7, 7, 8, 8, 9, 9] and len(set(little.shots)) == 6
    for i in (1, 4):
        face, frame = little[i], little.rerender(i)
        assert np.array_equal(face.mask, frame.mask) and np.array_equal(face.labels, frame.labels)
        assert np.array_equal(face.visible, frame.visible)
        assert np.abs(face.landmarks - frame.landmarks).max() <= 1 / 128 + 1e-4    # fixed point of 1/64 px
        assert np.abs(face.contour - frame.contour).max() <= 1 / 128 + 1e-4
        assert psnr(face.image, frame.image) > 28                                   # WebP
        for name, value in frame.attributes.items():
            assert face.attributes[name] == (pytest.approx(value, rel=1e-6) if isinstance(value, float) else value)
        assert little.attribute("yaw")[i] == np.float32(frame.attributes["yaw"])
    assert frame.depth.shape == (48, 48)
    with pytest.raises(ValueError, match="Unknown attribute 'hat'"):
        little.attribute("hat")


def test_rendering_goes_on_after_an_interruption_and_makes_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(make, "SHARD_FACES", 2)
    recipe = make.Recipe(people=5, size=16)
    first = [path.read_bytes() for path in make.render_shards(tmp_path / "a", recipe, workers=1)]
    assert len(first) == 3
    rendered, original = [], make._render_shard

    def interrupted(task, tick=None):
        if len(rendered) == 1:
            raise KeyboardInterrupt
        rendered.append(task[0])
        return original(task, tick)

    monkeypatch.setattr(make, "_render_shard", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make.render_shards(tmp_path / "b", recipe, workers=1)
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["faces-00000000-0002.zip"]
    monkeypatch.setattr(make, "_render_shard", original)
    before = (tmp_path / "b" / "faces-00000000-0002.zip").stat().st_mtime_ns
    assert [path.read_bytes() for path in make.render_shards(tmp_path / "b", recipe, workers=1)] == first
    assert (tmp_path / "b" / "faces-00000000-0002.zip").stat().st_mtime_ns == before


def test_resized_faces_keep_their_truth(little):
    small = RenderedFaces(folder=little.shards[0].path.parent, size=24)
    whole, half = little[2], small[2]
    assert half.image.shape == (24, 24, 3) and half.mask.shape == half.labels.shape == (24, 24)
    assert np.allclose(half.landmarks, (whole.landmarks + .5) / 2 - .5, atol=1e-4)
    mean = whole.image.reshape(24, 2, 24, 2, 3).mean(axis=(1, 3))
    assert np.abs(half.image - mean).max() <= 1
    assert half.mask.sum() * 4 == pytest.approx(whole.mask.sum(), rel=.1)
    assert set(np.unique(half.labels)) <= set(np.unique(whole.labels))


def test_a_set_can_be_sent_to_another_process(little):
    little.image(0)         # opens the file, which cannot be sent
    assert np.array_equal(pickle.loads(pickle.dumps(little)).image(0), little.image(0))


def test_damaged_shards_and_wrong_arguments(tmp_path, little):
    whole = little.shards[0].path.read_bytes()
    broken = tmp_path / "faces-00000000-0001.zip"
    broken.write_bytes(whole[:len(whole) // 2])
    with pytest.raises(ValueError, match="not a whole shard"):
        RenderedFaces(folder=tmp_path)
    with zipfile.ZipFile(broken, "w") as file:
        file.writestr("readme.txt", "hello")
    with pytest.raises(ValueError, match="not a whole shard"):
        RenderedFaces(folder=tmp_path)
    broken.unlink()
    with pytest.raises(FileNotFoundError, match="no shards"):
        RenderedFaces(folder=tmp_path)
    with pytest.raises(ValueError, match="Unknown split"):
        RenderedFaces(split="dev")
    with pytest.raises(ValueError, match="at least one person"):
        make.Recipe(people=0)
    with pytest.raises(ValueError, match="16 to 512 px"):
        make.Recipe(people=1, size=4)


def test_nobody_is_in_two_splits_and_the_last_digit_says_which():
    parts = {split: [seed for seed in range(1000) if split_of(seed) == split] for split in SPLITS}
    assert parts["val"] == list(range(8, 1000, 10)) and parts["test"] == list(range(9, 1000, 10))
    assert sorted(sum(parts.values(), [])) == list(range(1000))
    assert cast.split_of is split_of


# the shipped set

@pytest.fixture(scope="module")
def shipped():
    return RenderedFaces()


def test_shipped_set_is_whole(shipped):
    assert len(shipped) == 4000 and np.array_equal(shipped.people, np.arange(4000)) and shipped.image(0).shape[0] == 128
    sums = dict(line.split()[::-1] for line in (make.DATA / "cast" / "SHA256SUMS").read_text().splitlines())
    assert sums == {shard.path.name: hashlib.sha256(shard.path.read_bytes()).hexdigest() for shard in shipped.shards}
    assert sum(shard.path.stat().st_size for shard in shipped.shards) < 16e6
    parts = [set(RenderedFaces(split).people.tolist()) for split in SPLITS]
    assert [len(part) for part in parts] == [3200, 400, 400] and len(set.union(*parts)) == 4000


def test_shipped_set_is_what_the_cast_renders_today(shipped):
    """If this fails, the cast was changed after the set was made: run `python -m dflib make faces`."""
    for i in range(17, 4000, 266):                  # one or two of each shard
        face, frame = shipped[i], shipped.rerender(i)
        assert psnr(face.image, frame.image) > 33 and ssim(face.image, frame.image) > .85
        assert np.mean(face.mask != frame.mask) < 1e-3 and np.mean(face.labels != frame.labels) < 1e-3
        assert np.abs(face.landmarks - frame.landmarks).max() < .01
        assert psnr(shipped.image((i + 1) % 4000), frame.image) < 20      # the check can tell two people apart


def test_all_shipped_renders_are_of_todays_cast(shipped):
    assert {version_of(shard.about["cast"]) for shard in shipped.shards} == {VERSION}
    for path in (make.DATA / "clips" / "actors.json", make.DATA / "swaps" / "scores.json"):
        assert json.loads(path.read_text(encoding="utf-8"))["cast"] == VERSION


def test_shipped_set_is_varied(shipped):
    assert .45 < shipped.attribute("female").mean() < .55
    tone, age = shipped.attribute("tone"), shipped.attribute("age")
    assert all(.2 < share < .5 for share in np.histogram(tone, (0, 1 / 3, 2 / 3, 1))[0] / 4000)
    assert age.min() < 20 and age.max() > 74 and len(set(shipped.attribute("hair_style"))) >= 16
    assert 12 < shipped.attribute("yaw").std() < 22 and np.abs(shipped.attribute("yaw")).max() <= 40


def test_one_picture_is_read_in_about_a_millisecond(shipped):
    rows = np.random.default_rng(0).permutation(4000)[:200]
    shipped.image(0)
    times = []
    for row in rows:
        start = time.perf_counter()
        shipped.image(row)
        times.append(time.perf_counter() - start)
    assert np.median(times) < 4e-3      # 0.4 ms on an idle core; other tests run beside this one


# actors

def test_actor_clips():
    clips = ActorClips()
    assert len(clips) == 6
    looks = [actor.person().attributes for actor in clips]
    assert len({look["female"] for look in looks}) == 2 and len({look["hair_style"] for look in looks}) >= 4
    assert max(look["tone"] for look in looks) - min(look["tone"] for look in looks) > .6
    assert max(look["age"] for look in looks) - min(look["age"] for look in looks) > 30
    assert sum(path.stat().st_size for path in (make.DATA / "clips").iterdir()) < 6e6
    for actor in clips:
        truth = actor.truth()
        count = len(truth["landmarks"])
        assert read_video(actor.path).info.frames == count == len(actor.performance())
        assert truth["attributes"] == actor.person().attributes and read_label(actor.path).kind == "rendered"
    with pytest.raises(ValueError, match="no actor 'nobody'"):
        clips["nobody"]


def test_true_swap_shares_everything_but_the_person():
    clips = ActorClips()
    target, source = clips.names[:2]
    swapped = next(iter(clips.true_swap(target, source, size=64)))
    real = next(iter(cast.render_clip(clips[target].person(), clips[target].performance(), size=64)))
    assert swapped.attributes["yaw"] == real.attributes["yaw"] and swapped.attributes["age"] != real.attributes["age"]
    assert psnr(swapped.image, real.image) < 25
    shipped_frame = resized(clips[target].frames()[0], 64)
    assert psnr(shipped_frame, real.image) > 26


def test_malformed_list_of_actors(tmp_path):
    with pytest.raises(FileNotFoundError):
        ActorClips(tmp_path)
    entry = '{"person": 1, "performance": 1, "seconds": 1}'
    for text, sentence in (("{}", "does not describe actors"),
                           ('{"actors": {"a": {"person": 1}}}', "does not describe"),
                           ('{"actors": {"../a": %s}}' % entry, "not a file inside")):
        (tmp_path / "actors.json").write_text(text)
        with pytest.raises(ValueError, match=sentence):
            ActorClips(tmp_path)
