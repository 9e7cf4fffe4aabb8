"""The label of everything that dflib writes: IPTC's published addresses, read back by other code."""

import numpy as np
import pytest
from clips import RAMP, error_of, frames
from PIL import Image

from dflib import media


# As published at https://cv.iptc.org/newscodes/digitalsourcetype/: a wrong address says nothing to anybody.
ADDRESSES = {
    "rendered": "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia",
    "generated": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
    "composite": "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic",
    "edited": "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia",
    "neutral": "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic",
}


@pytest.mark.parametrize("kind, address", ADDRESSES.items())
@pytest.mark.parametrize("suffix, tolerance", [(".png", 0), (".JPG", 3), (".webp", 3)])
def test_written_image_reads_back_with_its_label(tmp_path, suffix, tolerance, kind, address):
    path, note = tmp_path / f"face{suffix}", "" if kind == "neutral" else 'person <7> & "shot" 3'
    media.write_image(path, RAMP, kind, note=note)
    assert np.abs(media.read_image(path).astype(int) - RAMP).mean() <= tolerance
    label = media.read_label(path)
    assert label.kind == kind and (label.note == note or kind == "neutral")
    assert label.source_type == address
    assert label.source_type.encode() in path.read_bytes()  # uncompressed, so that any tool finds it


def test_label_is_sound_xml(tmp_path):
    from xml.etree import ElementTree

    media.write_image(tmp_path / "a.png", RAMP, "edited", note="<&>")
    packet = Image.open(tmp_path / "a.png").info["XML:com.adobe.xmp"]
    node = ElementTree.fromstring(packet.strip()).find(".//{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    term = node.get("{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType")
    assert term.endswith("/compositeWithTrainedAlgorithmicMedia")


@pytest.mark.parametrize("packet, kind", [
    (b'<a I:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture">', "digitalCapture"),
    (b"<I:DigitalSourceType>http://cv.iptc.org/x/trainedAlgorithmicMedia</I:DigitalSourceType>", "generated"),
    (b'<I:DigitalSourceType rdf:resource="http://cv.iptc.org/x/compositeSynthetic"/>', "composite"),
])
def test_labels_of_other_software(packet, kind):
    assert media.parse_xmp(packet).kind == kind


def test_no_label(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "plain.jpg")
    assert media.read_label(tmp_path / "plain.jpg") is None


def test_every_kind_has_a_published_address():
    assert {kind: "http://cv.iptc.org/newscodes/digitalsourcetype/" + term for kind, term in media.KINDS.items()} == ADDRESSES


@pytest.mark.parametrize("term, kind", [
    ("digitalCreation", "digitalCreation"), ("digitalCapture", "digitalCapture"), ("algorithmicMedia", "rendered"),
    ("trainedAlgorithmicMedia", "generated"), ("compositeWithTrainedAlgorithmicMedia", "edited"),
    ("compositeSynthetic", "composite")])
def test_published_addresses_are_understood(term, kind):
    address = f"http://cv.iptc.org/newscodes/digitalsourcetype/{term}"
    label = media.parse_xmp(f'<a I:DigitalSourceType="{address}">')
    assert (label.kind, label.source_type) == (kind, address)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".mp4", ".mkv"])
def test_a_neutral_label_does_not_give_the_answer_away(tmp_path, suffix):
    """Real and fake carry the same bytes besides their pictures, and no other note can slip in."""
    write = media.write_image if suffix in (".png", ".jpg") else media.write_video
    real, fake = RAMP, RAMP[::-1].copy()
    labels, texts = [], []
    for name, picture in (("real", real), ("fake", fake)):
        path = tmp_path / f"{name}{suffix}"
        write(path, picture if write is media.write_image else [picture] * 3, kind="neutral")
        labels.append(media.read_label(path))
        data = path.read_bytes()
        place = data.index(b"<?xpacket begin")
        texts.append(data[place:data.index(b"<?xpacket end", place)])
    assert labels[0] == labels[1] and labels[0].kind == "neutral" and texts[0] == texts[1]
    assert error_of(lambda: write(tmp_path / f"told{suffix}", picture, kind="neutral", note="FaceSwap")) == (
        "A neutral label has the same note in every file, so it takes no other.")


def test_a_note_may_hold_what_xml_cannot(tmp_path):
    from xml.etree import ElementTree

    note = "net\x00\x1b\udce4 & <ü> 😀"
    media.write_image(tmp_path / "a.png", RAMP, note=note)
    media.write_video(tmp_path / "a.mp4", frames(2), note=note, progress=False)
    for name in ("a.png", "a.mp4"):
        assert media.read_label(tmp_path / name).note == "net\ufffd\ufffd\ufffd & <ü> 😀"
    ElementTree.fromstring(Image.open(tmp_path / "a.png").info["XML:com.adobe.xmp"].strip())
