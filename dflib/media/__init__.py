"""Images and video in and out, compression, and the label that says: this is synthetic."""

from ..files import check_readable
from .cameras import Recording, camera, record
from .images import PIXEL_LIMIT, difference, jpeg, open_checked, read_image, write_image
from .labels import KINDS, Label, mark, parse_xmp
from .video import Video, VideoInfo, compress, read_video, read_xmp, write_video

__all__ = ["KINDS", "PIXEL_LIMIT", "Label", "Recording", "Video", "VideoInfo", "camera", "compress", "difference", "jpeg",
           "mark", "read_image", "read_label", "read_video", "record", "write_image", "write_video"]

_VIDEOS = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi")


def read_label(path) -> "Label | None":
    """The synthetic label of the image or video at ``path``, by dflib or other software that writes IPTC in XMP.

    None when there is no label, which proves nothing: labels are lost whenever a file is re-encoded.
    Raises what ``read_image`` and ``read_video`` raise for files that are neither.
    """
    path = check_readable(path, "file")
    if path.suffix.lower() in _VIDEOS:
        packet = read_xmp(path)
    else:
        with open_checked(path) as picture:
            packet = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp")
    return parse_xmp(packet) if packet else None
