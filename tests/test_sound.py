"""Sound beside pictures: copied unchanged, or refused before any work, with advice that works."""

import av
import pytest
from clips import STEADY, error_of, frames, make_sound, make_video, numbered, packets

from dflib import media


@pytest.mark.parametrize("seconds", [0.5, 2.0])  # shorter and longer than the pictures
def test_sound_is_copied(tmp_path, seconds):
    make_sound(tmp_path / "sound.m4a", seconds)
    media.write_video(tmp_path / "a.mp4", frames(25), audio_from=tmp_path / "sound.m4a", progress=False)
    media.write_video(tmp_path / "b.mkv", frames(25), audio_from=tmp_path / "a.mp4", progress=False)
    original, copied = packets(tmp_path / "sound.m4a"), packets(tmp_path / "a.mp4")
    assert copied == original[: len(copied)]
    assert (len(copied) - 1) * 1024 / 44100 == pytest.approx(min(seconds, 1.0), abs=0.04)
    assert packets(tmp_path / "b.mkv") == copied[1:]  # without the packet before the first picture
    assert media.read_video(tmp_path / "b.mkv").info.has_audio


def test_a_video_without_sound_gives_none(tmp_path):
    media.write_video(tmp_path / "silent.mp4", frames(3), progress=False)
    media.write_video(tmp_path / "copy.mp4", frames(3), audio_from=tmp_path / "silent.mp4", progress=False)
    assert not media.read_video(tmp_path / "copy.mp4").info.has_audio


def untouched():
    pytest.fail("a frame was asked for")
    yield


# what holds the sound, its codec, the name asked for, and the endings that the advice should name
SOUNDS = [("a.mkv", "pcm_u8", ".mp4", [".mov", ".mkv"]), ("a.asf", "wmav2", ".mp4", []),
          ("a.mov", "pcm_mulaw", ".mkv", [".mov"]), ("a.mkv", "flac", ".mov", [".mp4", ".mkv"]),
          ("a.avi", "adpcm_ms", ".mkv", []), ("a.mkv", "tta", ".mov", [".mkv"])]


@pytest.mark.parametrize("name, codec, suffix, better", SOUNDS)
def test_sound_that_does_not_fit_is_refused_before_any_work(tmp_path, name, codec, suffix, better):
    source, out = make_sound(tmp_path / name, 0.3, codec), (tmp_path / "out").with_suffix(suffix)
    message = error_of(media.write_video, out, untouched(), audio_from=source, progress=False)
    advice = f"choose a name that ends in {' or '.join(better)}" if better else \
        "convert the sound of that file to AAC first, or take it out"
    assert message == f"The sound of {source} ({codec}) cannot be kept in a file like {out}: {advice}."
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]
    for ending in better:
        media.write_video(out.with_suffix(ending), frames(3), audio_from=source, progress=False)
        assert packets(out.with_suffix(ending))


def test_sound_of_a_transport_stream_fits_everywhere(tmp_path):
    """AAC in MPEG-TS has headers of its own, which other containers do not take."""
    source = make_video(tmp_path / "a.ts", [numbered(i) for i in range(10)], STEADY, (0, 0.4))
    for suffix in (".mp4", ".mov", ".mkv"):
        out = (tmp_path / "out").with_suffix(suffix)
        media.write_video(out, frames(10), audio_from=source, progress=False)
        assert len(packets(out)) >= 15


def test_damaged_sound_is_left_out_and_said(tmp_path):
    """The container refuses a packet whose header is broken, in the middle of the work."""
    source = make_video(tmp_path / "a.ts", [numbered(i) for i in range(10)], STEADY, (0, 0.4))
    data = bytearray(source.read_bytes())
    heads = [place for place in range(len(data)) if data[place:place + 4] == b"\xff\xf1\x50\x40"]
    for head in heads[4:6]:
        data[head + 2] = 0xFF
    source.write_bytes(data)
    video = media.read_video(source)
    with media.video_writer(tmp_path / "out.mp4", audio_from=video) as write:
        for time, image in video.timed():
            write(image, time)
    assert len(heads) - 4 <= len(packets(tmp_path / "out.mp4")) < len(heads)
    assert video.remarks == ["Its sound is damaged: 1 packet left out."]


def test_of_several_sound_tracks_the_first_is_kept_and_it_is_said(tmp_path):
    make_video(tmp_path / "a.mp4", [numbered(i) for i in range(10)], STEADY, (0, 0.4))
    make_sound(tmp_path / "b.m4a", 0.4)
    with av.open(str(tmp_path / "both.mkv"), "w") as output:
        sources = [av.open(str(tmp_path / name)) for name in ("a.mp4", "b.m4a")]
        copies = [(source, stream, output.add_stream_from_template(stream)) for source in sources for stream in source.streams]
        for source, stream, target in copies:
            for packet in source.demux(stream):
                if packet.dts is not None:
                    packet.stream = target
                    output.mux(packet)
            source.seek(0)
        for source in sources:
            source.close()
    video = media.read_video(tmp_path / "both.mkv")
    with media.video_writer(tmp_path / "out.mp4", audio_from=video) as write:
        for time, image in video.timed():
            write(image, time)
    assert video.remarks == ["Of its 2 sound tracks the first is kept."]
    assert packets(tmp_path / "out.mp4") == packets(tmp_path / "a.mp4")
