"""``examine``: whether pictures or videos look manipulated, by detectors."""
from pathlib import Path

from dflib.commands.arguments import output, say_remarks
from dflib.media import IMAGES_WRITTEN, VIDEOS_READ, VIDEOS_WRITTEN

SUMMARY = "Ask detectors whether pictures or videos look manipulated: a score for every face, and what it is worth."
PICTURES_READ = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")     # taken from a folder


def add_arguments(parser) -> None:
    """Which files, which detectors, and where to write."""
    parser.add_argument("inputs", type=Path, nargs="*", metavar="FILE", help="picture, video, or folder of them")
    parser.add_argument("--data", type=Path, metavar="ROOT",
                        help="instead of files: score detectors on a set in FaceForensics++'s layout, whose labels are known")
    parser.add_argument("--split", choices=("train", "val", "test"), default="test", help="of the set (default: test)")
    parser.add_argument("--compression", choices=("raw", "c23", "c40"), default="c23", help="of the set (default: c23)")
    parser.add_argument("--with", dest="judges", nargs="+", default=["all"], metavar="WHO",
                        help="detectors: names of shipped ones, checkpoints (.safetensors), or NAME=FILE for published "
                             "weights, for example mesoinception4=MesoInception_DF.h5 (default: all shipped ones)")
    parser.add_argument("--json", type=output(".json"), metavar="REPORT", help="file for scores by face and frame")
    parser.add_argument("--map", type=output(*IMAGES_WRITTEN, *VIDEOS_WRITTEN), metavar="DRAWN",
                        help="picture or video to write with a map over every face: where it looks changed, by lesson 09's "
                             "network or the first of --with that has maps")
    parser.add_argument("--plot", type=output(".png"), metavar="PLOT", help="picture of a video's scores over time")


def run(arguments) -> None:
    """Examine and report. No face is an answer; a file that cannot be read is an error, within a folder a remark."""
    import json

    from tqdm import tqdm

    from dflib.files import write_bytes
    from dflib.forensics.examine import examine, followed, in_words
    from dflib.forensics.overlay import check_drawing, draw_maps
    if bool(arguments.inputs) == bool(arguments.data):
        raise ValueError("Give files to examine, or a set with --data: one of the two.")
    if arguments.data:
        _examine_set(arguments)
        return
    files = [file for path in arguments.inputs for file in _files(path)]
    if arguments.plot and (len(files) != 1 or files[0].suffix.lower() not in VIDEOS_READ):
        raise ValueError("A plot over time is of one video.")
    if arguments.map:
        if len(files) != 1:
            raise ValueError("A map is drawn on one picture or video.")
        check_drawing(files[0], arguments.map)
    judges, reports = _all_judges(arguments), []
    for file in tqdm(files, desc="examining", unit="file", disable=None if len(files) > 1 else True):
        try:
            seen = followed(file)
            reports.append(examine(file, judges, seen=seen))
        except (ValueError, OSError) as error:
            if file in arguments.inputs:
                raise
            say_remarks(arguments.prog, [(file, str(error))])
            continue
        say_remarks(arguments.prog, [(file, remark) for remark in reports[-1]["remarks"]])
        print(in_words(reports[-1]))
    if arguments.json:
        write_bytes(arguments.json, json.dumps(reports, indent=1).encode())
    if arguments.plot:
        from dflib import media
        from dflib.forensics.examine import plot
        media.write_figure(arguments.plot, plot(reports[0]), note="scores of detectors over time")
    if arguments.map:
        draw_maps(files[0], arguments.map, next(judge for judge in judges if judge.has_maps), seen)


def _examine_set(arguments) -> None:
    """Accuracy and AUC of each detector on a labelled set, pictures and videos, with intervals over pairs of people."""
    import json

    from dflib.files import write_bytes
    from dflib.studies.detectors.card import percent, table
    from dflib.studies.detectors.results import scores_of
    if arguments.plot or arguments.map:
        raise ValueError("A plot over time is of one video, and a map of one file.")
    judges = [judge for who in arguments.judges for judge in _judges(who)]
    found = {judge.name: scores_of(arguments.data, arguments.split, arguments.compression, judge) for judge in judges}
    print(table(["detector", "accuracy of pictures, %", "of videos", "AUC of pictures, %", "of videos"],
                [[name, *(percent(scores[unit][score]) for score in ("accuracy", "auc") for unit in ("frame", "video"))]
                 for name, scores in found.items()]))
    if arguments.json:
        write_bytes(arguments.json, json.dumps(found, indent=1).encode())


def _files(path: Path) -> list:
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() in (*VIDEOS_READ, *PICTURES_READ))
    if not files:
        raise ValueError(f"The folder {path} holds no pictures and no videos.")
    return files


def _judges(who: str) -> list:
    from dflib import checkpoints
    from dflib.forensics import NETWORKS
    from dflib.forensics.examine import Judge, judge_from
    from dflib.paths import CHECKPOINTS
    if "=" in who:
        from dflib.published import load_published
        name, path = who.split("=", 1)
        network = load_published(name, path)
        if not hasattr(network, "probability"):
            raise ValueError(f"{name} is no detector.")
        return [Judge(name, network)]
    if who.endswith(".safetensors"):
        return [judge_from(who)]
    if who != "all":
        return [judge_from(checkpoints.shipped(f"detector-{who}"))]
    paths = [CHECKPOINTS / f"detector-{name}.safetensors" for name in NETWORKS]
    found = [judge_from(path) for path in paths if path.is_file()]
    if not found:
        raise ValueError("No detectors are shipped: name a checkpoint, or published weights as NAME=FILE, with --with.")
    return found


def _all_judges(arguments) -> list:
    """Those of --with; where a map is asked for, by default lesson 09's network. ValueError when none of them has maps."""
    from dflib.forensics.examine import judge_from
    from dflib.paths import CHECKPOINTS
    if not arguments.map:
        return [judge for who in arguments.judges for judge in _judges(who)]
    if arguments.judges == ["all"]:
        paths = [CHECKPOINTS / f"attention-{kind}.safetensors" for kind in ("regression", "appearance")]
        judges = [judge_from(path) for path in paths if path.is_file()][:1]
    else:
        judges = [judge for who in arguments.judges for judge in _judges(who)]
    if not any(judge.has_maps for judge in judges):
        raise ValueError("No network with a map is here: train one with python -m dflib.studies.localisation, and name its "
                         "checkpoint with --with." if not judges else "None of the detectors of --with has a map.")
    return judges
