"""``edit``: hair, gender, age, skin or expression of the faces in a picture or video."""
from pathlib import Path

from dflib.commands.arguments import add_which, output, say_remarks
from dflib.media import IMAGES_WRITTEN, VIDEOS_READ, VIDEOS_WRITTEN

SUMMARY = "Edit hair, gender, age, skin or expression of the faces in a picture or video; the result is labelled."


def add_arguments(parser) -> None:
    """What to edit, how, and where to."""
    parser.add_argument("input", type=Path, nargs="?", help="picture or video")
    parser.add_argument("out", type=output(*IMAGES_WRITTEN, *VIDEOS_WRITTEN), nargs="?",
                        help="picture or video to write, as the input is one")
    parser.add_argument("--set", nargs="+", default=[], metavar="WHAT=VALUE", help="edits, for example hair=blond age=old")
    add_which(parser, "all")
    parser.add_argument("--list", action="store_true", help="name the edits there are, and do nothing else")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE.safetensors", help="a StarGAN (default: the shipped one)")
    parser.add_argument("--backend", choices=("auto", "dflib", "face-alignment"), default="dflib",
                        help="landmark network (default: dflib)")


def run(arguments) -> None:
    """Edit and write. Raises ValueError for unknown or contradictory edits and for a picture without a face."""
    from dflib.synthesis.stargan import edit
    if arguments.list:
        print(edit.domains_in_words())
        return
    if arguments.input is None or arguments.out is None:
        raise ValueError("An edit needs a picture or video and a name for the result; --list names the edits there are.")
    edits = edit.parse(arguments.set)
    video = arguments.input.suffix.lower() in VIDEOS_READ
    if (arguments.out.suffix.lower() in VIDEOS_WRITTEN) != video:
        raise ValueError(f"{arguments.input} is a {'video' if video else 'picture'}, so {arguments.out} must be one too.")
    if arguments.out.resolve() == arguments.input.resolve():
        raise ValueError(f"{arguments.out} is the input, which would be overwritten.")
    model, _ = edit.load(arguments.checkpoint)
    (_video if video else _picture)(arguments, edit.Edit(model, edits))


def _picture(arguments, method) -> None:
    from dflib import faces, media
    from dflib.synthesis.stargan.edit import edit_faces
    image = media.read_image(arguments.input)
    media.check_writing_image(arguments.out, image)
    found = faces.landmarks(image, backend=arguments.backend)
    if not len(found):
        raise ValueError(f"No face was found in {arguments.input}.")
    found = found[:1] if arguments.which == "largest" else found        # the largest comes first
    label = media.read_label(arguments.input)
    nobody = label is not None and label.kind in ("rendered", "neutral")
    media.write_image(arguments.out, edit_faces(method.model, image, found, method.edits), kind=method.kind,
                      note=method.note, visible_mark=not nobody)
    print(f"{arguments.out}: {len(found)} face{'s' if len(found) != 1 else ''} edited")


def _video(arguments, method) -> None:
    from dflib.manipulate import manipulate_video
    done = manipulate_video(method, arguments.input, arguments.out, backend=arguments.backend, which=arguments.which)
    say_remarks(arguments.prog, done.remarks)
    print(f"{arguments.out}: {done.frames} frames, {done.without_face} of them without a face and left as they were")
