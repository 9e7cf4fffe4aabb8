"""``swap``: the face of a picture or clip put onto a video."""
from pathlib import Path

from dflib.commands.arguments import add_which, output, say_remarks
from dflib.media import VIDEOS_WRITTEN

SUMMARY = "Put the face of a picture or clip onto every frame of a video; sound is kept, the result is labelled."


def add_arguments(parser) -> None:
    """Whose face, onto which video, how."""
    parser.add_argument("source", type=Path, help="picture or video of the face to put in")
    parser.add_argument("target", type=Path, help="video whose face is replaced")
    parser.add_argument("out", type=output(*VIDEOS_WRITTEN), metavar="out.mp4", help="video to write: .mp4, .mov or .mkv")
    parser.add_argument("--method", choices=("faceswap", "autoencoder"), default="faceswap",
                        help="faceswap: a 3-D model and the source's skin (lesson 04; default). autoencoder: a network that "
                             "knows both people (lesson 05); the shipped one, or else one that is trained first on the two "
                             "videos, at the current scale")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE.safetensors",
                        help="a network for --method autoencoder, trained on the source first and on the target second")
    parser.add_argument("--blend", choices=("feather", "poisson"), default="feather",
                        help="how the edge is hidden (default: feather)")
    add_which(parser, "largest")
    parser.add_argument("--mask", type=output(*VIDEOS_WRITTEN), metavar="mask.mp4",
                        help="second video to write: how much each pixel was changed, without loss")
    parser.add_argument("--backend", choices=("auto", "dflib", "face-alignment"), default="dflib",
                        help="landmark network (default: dflib, whose jaw line suits the model)")


def run(arguments) -> None:
    """Swap and write; says how many frames had no face."""
    from dflib.manipulate import manipulate_video
    done = manipulate_video(method_of(arguments), arguments.target, arguments.out, arguments.source, arguments.backend,
                            arguments.mask, arguments.which)
    say_remarks(arguments.prog, done.remarks)
    print(f"{arguments.out}: {done.frames} frames, {done.without_face} of them without a face and left as they were")


def method_of(arguments):
    """The method that the arguments ask for; ValueError when they contradict each other or the checkpoint is none."""
    if arguments.method == "faceswap":
        if arguments.checkpoint:
            raise ValueError("A checkpoint belongs to --method autoencoder.")
        from dflib.swap.faceswap import FaceSwap
        return FaceSwap(arguments.blend)
    from dflib.swap import autoencoder
    from dflib.swap.deepfake import DeepFake
    from dflib.swap.train import taught
    model = autoencoder.load(arguments.checkpoint)[0] if arguments.checkpoint else None
    return DeepFake(model, blend_by=arguments.blend, teach=taught)
