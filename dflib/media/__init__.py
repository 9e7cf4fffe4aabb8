"""Images and video in and out, compression, and the label that says: this is synthetic.

Names are resolved on first use, so that pictures can be written where PyAV is not installed.
"""
from dflib.lazy import lazily

_HOME = {
    "Recording": "cameras", "camera": "cameras", "record": "cameras",
    "PIXEL_LIMIT": "images", "check_writing_image": "images", "difference": "images",
    "jpeg": "images", "read_image": "images", "write_figure": "images", "write_image": "images",
    "KINDS": "labels", "Label": "labels", "mark": "labels", "parse_xmp": "labels",
    "Video": "reading", "VideoInfo": "reading", "read_video": "reading",
    "check_writing": "writing", "compress": "writing", "write_video": "writing", "video_writer": "writing",
}
__all__ = sorted([*_HOME, "IMAGES_WRITTEN", "VIDEOS_READ", "VIDEOS_WRITTEN", "read_label"])

# Names of files, by their suffixes: videos that are read (of others a picture is expected), and what is written.
VIDEOS_READ = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".3gp", ".wmv", ".flv")
VIDEOS_WRITTEN = (".mp4", ".mov", ".mkv")
IMAGES_WRITTEN = (".png", ".jpg", ".jpeg", ".webp")


def read_label(path) -> "Label | None":  # noqa: F821
    """The synthetic label of the image or video at ``path``, by dflib or other software that writes IPTC in XMP.

    None when there is no label, which proves nothing: labels are lost whenever a file is re-encoded.
    Raises what ``read_image`` and ``read_video`` raise for files that are neither.
    """
    from dflib.files import check_readable
    from dflib.media.images import open_checked
    from dflib.media.labels import parse_xmp

    path = check_readable(path, "file")
    if path.suffix.lower() in VIDEOS_READ:
        from dflib.media.containers import read_xmp

        packet = read_xmp(path)
    else:
        with open_checked(path) as picture:
            packet = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp")
    return parse_xmp(packet) if packet else None


__getattr__, __dir__ = lazily(globals(), _HOME)
