"""The label that every picture and video written by dflib carries: it is synthetic, and how it was made.

The label is an XMP packet with the IPTC property *Digital Source Type*, the one that cameras, editors and
platforms read (IPTC Photo Metadata Standard 2023.1; vocabulary at
https://cv.iptc.org/newscodes/digitalsourcetype/). Metadata is easily lost, on purpose or not, so a picture
made from a face that somebody supplied gets a visible mark as well (:func:`mark`).
"""

import re
from dataclasses import dataclass
from html import escape, unescape

import cv2
import numpy as np

from dflib import __version__

VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"

#: What dflib calls a way of making pictures -> its term in the IPTC vocabulary.
KINDS = {
    "rendered": "algorithmicMedia",  # drawn by a program that learned from nobody's pictures: the cast
    "generated": "trainedAlgorithmicMedia",  # by a trained network: GAN, StyleGAN
    "composite": "compositeSynthetic",  # several pictures of which one at least is synthetic: FaceSwap
    "neutral": "compositeSynthetic",  # real and manipulated alike, where the label must not give the answer away
    "edited": "compositeWithTrainedAlgorithmicMedia",  # a picture changed by a trained network: DeepFakes, StarGAN
}

#: The note of every "neutral" file; it may have no other, so that nothing but its pictures tells how it was made.
NEUTRAL_NOTE = "A file of a set in which rendered people are shown as they are or manipulated: which of the two is not said."

# An attribute, an element or a resource: the three ways of writing a property in RDF. A pattern instead of an XML
# parser, because the packet comes from files of strangers and a parser would expand their entities.
_SOURCE_TYPE = re.compile(r"DigitalSourceType\s*(?:=\s*[\"']|>\s*|\s[^>]*?resource\s*=\s*[\"'])\s*([^\"'<>\s]+)")
_TOOL = re.compile(r"CreatorTool\s*(?:=\s*[\"']|>)([^\"'<>]*)")
_NOTE = re.compile(r"<dc:description>.*?<rdf:li[^>]*>(.*?)</rdf:li>", re.DOTALL)


_NO_TEXT = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML cannot hold, XML 1.0, 2.2


@dataclass(frozen=True)
class Label:
    """A label read from a file. ``kind`` is a key of KINDS, or the IPTC term itself where dflib has no name for it."""

    kind: str
    source_type: str  # URI in the IPTC vocabulary
    tool: str = ""
    note: str = ""

    def __str__(self):
        return f"{self.kind} ({self.source_type})" + (f", {self.note}" if self.note else "")


def make_xmp(kind: str, note: str = "") -> str:
    """The XMP packet for a picture of this ``kind``, with an optional ``note`` about how it was made.

    Raises ValueError for a kind that is not in KINDS, and for a note of a neutral picture, which has its own.
    """
    if kind not in KINDS:
        raise ValueError(f"Unknown kind of picture {kind!r}: it must be one of {', '.join(KINDS)}.")
    if kind == "neutral":
        if note:
            raise ValueError("A neutral label has the same note in every file, so it takes no other.")
        note = NEUTRAL_NOTE
    note = _NO_TEXT.sub("\ufffd", note)
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'  # the packet's fixed header, XMP part 1, 7.3.2
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        f' xmp:CreatorTool="dflib {__version__}" Iptc4xmpExt:DigitalSourceType="{VOCABULARY}{KINDS[kind]}">'
        f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{escape(note)}</rdf:li></rdf:Alt></dc:description>'
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    )


def parse_xmp(packet) -> "Label | None":
    """The label in an XMP ``packet`` (str or bytes, from any software), or None where it says nothing of its source."""
    text = packet.decode("utf-8", "replace") if isinstance(packet, bytes) else packet
    source = _SOURCE_TYPE.search(text)
    if not source:
        return None
    term = source[1].rsplit("/", 1)[-1]
    names = {term: kind for kind, term in KINDS.items() if kind != "neutral"}
    tool, note = _TOOL.search(text), _NOTE.search(text)
    note = unescape(note[1]) if note else ""
    kind = "neutral" if note == NEUTRAL_NOTE else names.get(term, term)
    return Label(kind, source[1], tool[1] if tool else "", note)


def mark(image: np.ndarray) -> np.ndarray:
    """A copy of ``image`` (H, W, 3) uint8 with a small visible mark in its lower left corner.

    The word SYNTHETIC, or AI where the picture is too small for that, white on black, about 1/14 of the height.
    """
    height, width = image.shape[:2]
    text, margin = ("SYNTHETIC", 3) if width >= 128 else ("AI", 1)
    font, unit_size = cv2.FONT_HERSHEY_SIMPLEX, 21.0  # cap height of this font in pixels at scale 1
    size = max(height / 14, 7.0) / unit_size
    (text_width, text_height), _ = cv2.getTextSize(text, font, size, 1)
    marked = image.copy()
    top, right = height - text_height - 2 * margin, text_width + 2 * margin
    cv2.rectangle(marked, (0, top), (right, height), (0, 0, 0), cv2.FILLED)
    cv2.putText(marked, text, (margin, height - margin - 1), font, size, (255, 255, 255), 1, cv2.LINE_AA)
    return marked
