"""`isoframe compare`: videos are read as FFmpeg reads them, frames as they are stored, and what that leaves open is said."""

import json
import shutil
import struct
import subprocess
import unittest

from compare_sides import CompareTest, ffmpeg, write_png

LOSSLESS = ("-c:v", "libx264", "-qp", "0")
# FFmpeg's own conversions, rounded as ours.
EXACT = ("-sws_flags", "bicubic+accurate_rnd")


class Videos(CompareTest):
    def lossless(self, name, size="64x48", seconds=0.5, source="testsrc2", rate=10, extra=()):
        file = self.folder / name
        ffmpeg("-f", "lavfi", "-i", f"{source}=s={size}:r={rate}:d={seconds}", "-pix_fmt", "yuv420p", *LOSSLESS, *extra, file)
        return file

    def images(self, name, video):
        folder = self.folder / name
        folder.mkdir()
        ffmpeg("-i", video, *EXACT, "-vsync", "passthrough", folder / "%d.png")
        return folder

    def test_are_turned_as_the_container_says(self):
        plain = self.lossless("plain.mp4")
        unit, seen = 0x10000, set()
        for a, b, c, d in ((1, 0, 0, 1), (-1, 0, 0, 1), (1, 0, 0, -1), (-1, 0, 0, -1),
                           (0, 1, 1, 0), (0, 1, -1, 0), (0, -1, 1, 0), (0, -1, -1, 0)):
            turned = self.folder / "turned.mp4"
            data = bytearray(plain.read_bytes())
            at = data.index(b"tkhd") + 44
            data[at : at + 36] = struct.pack(">9l", a * unit, b * unit, 0, c * unit, d * unit, 0, 0, 0, 1 << 30)
            turned.write_bytes(data)
            upright = self.folder / "upright.mp4"
            ffmpeg("-i", turned, *LOSSLESS, "-metadata:s:v", "rotate=0", upright)
            self.assert_equal(self.compare(turned, upright))
            seen.add(upright.read_bytes())
            if (a, b, c, d) != (1, 0, 0, 1):
                self.assertIn(self.compare(plain, turned).returncode, (1, 2))
        self.assertEqual(len(seen), 8)
        data[at : at + 8] = struct.pack(">2l", 56756, 32768)  # by 30 degrees
        data[at + 12 : at + 20] = struct.pack(">2l", -32768, 56756)
        turned.write_bytes(data)
        self.assert_refused(self.compare(turned, turned), "frame 0", "no multiple of 90 degrees")

    def test_keep_their_colour_matrix_and_range(self):
        for matrix in ("bt709", "fcc", "bt470bg", "smpte170m", "smpte240m", "bt2020nc"):
            for limits in ("tv", "pc"):
                video = self.lossless("v.mkv", seconds=0.2, extra=("-colorspace", matrix, "-color_range", limits))
                images = self.images(f"{matrix}-{limits}", video)
                self.assert_equal(self.compare(video, images), 
                                  f"compared as 8-bit RGB: yuv{'j' if limits == 'pc' else ''}420p against rgb24")
        self.assert_different(self.compare(self.folder / "bt709-tv", self.folder / "bt470bg-tv"))

    def test_colours_that_a_video_leaves_open_are_said_where_they_matter(self):
        video = self.lossless("v.mkv")
        result = self.compare(video, self.images("images", video))
        self.assert_equal(result, "in the reference the colour matrix is not given, taken for BT.601")
        self.assertNotIn("not given", self.compare(video, video).stdout)
        unknown = self.lossless("ycgco.mkv", extra=("-colorspace", "ycgco"))
        self.assertIn("the colour matrix is ycgco, which libswscale does not know", self.compare(video, unknown).stdout)

    def test_are_compared_in_all_that_was_decoded(self):
        def grey(name, luma, pixels):
            file = self.folder / name
            ffmpeg("-f", "lavfi", "-i", f"color=black:s=64x48:d=0.3:r=10,format={pixels},lutyuv=y={luma}", "-c:v", "ffv1", file)
            return file

        # Both are black as RGB.
        result = self.compare(grey("16.mkv", 16, "yuv420p"), grey("2.mkv", 2, "yuv420p"))
        self.assert_different(result, "PSNR dB, RGB", "inf")
        self.assertEqual(result.stdout.splitlines()[-1], "different: 9216 values of yuv420p differ, by 14 at most, first "
                         "different frame 0; as 8-bit RGB all frames are equal")
        self.assert_different(self.compare(grey("a.mkv", 512, "yuv420p10le"), grey("b.mkv", 513, "yuv420p10le")),
                              "values of yuv420p10 differ, by 1 at most")
        self.assert_equal(self.compare(self.folder / "a.mkv", self.folder / "a.mkv"), "equal in every 10-bit value")

    def test_that_hold_alpha_which_their_decoder_leaves_out_say_so(self):
        webm = self.folder / "alpha.webm"
        ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=0.3,format=yuva420p", "-c:v", "libvpx-vp9", webm)
        done = self.compare(webm, webm)
        self.assert_equal(done, "equal in every 8-bit value")
        for side in ("reference", "candidate"):
            self.assertIn(f"the {side}'s alpha is not compared: FFmpeg's decoder leaves it out", done.stdout)

    def test_may_change_their_format_on_the_way(self):
        parts = [self.lossless("limited.h264", extra=("-color_range", "tv", "-colorspace", "bt709")),
                 self.lossless("full.h264", extra=("-color_range", "pc", "-colorspace", "bt470bg", "-bf", "0"))]
        both, images = self.folder / "both.h264", self.folder / "images"
        both.write_bytes(b"".join(part.read_bytes() for part in parts))
        images.mkdir()
        for k, part in enumerate(parts):
            ffmpeg("-i", part, *EXACT, "-start_number", 5 * k, images / "%d.png")
        self.assert_equal(self.compare(both, images))
        self.lossless("large.h264", size="96x48")
        both.write_bytes(parts[0].read_bytes() + (self.folder / "large.h264").read_bytes())
        self.assert_refused(self.compare(both, both), "frame 5 has 48 x 96 pixels, but those before it have 48 x 64")

    def test_have_the_frames_that_are_decoded_and_not_those_of_the_container(self):
        whole, cut, again = self.lossless("whole.mp4", seconds=3), self.folder / "cut.mp4", self.folder / "again.mkv"
        ffmpeg("-ss", 1.55, "-i", whole, "-c", "copy", cut)
        ffmpeg("-i", cut, "-vsync", "passthrough", *LOSSLESS, again)
        self.assert_equal(self.compare(cut, again))
        self.assertLess(json.loads(self.compare(cut, again, "--json").stdout)["frames"], 16)

    def test_may_round_their_rate(self):
        reference = self.lossless("24.mp4", rate=24)
        gif = self.folder / "24.gif"
        ffmpeg("-i", reference, gif)
        result = self.compare(reference, gif)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("the reference has 24 frames a second, the candidate 23.91, which is no more than containers round",
                      result.stdout)
        film = self.lossless("film.mp4", rate="24000/1001", extra=("-bf", "0"))
        for name in ("film.avi", "film.mkv", "film.ts"):
            ffmpeg("-i", film, "-c", "copy", self.folder / name)
            self.assert_equal(self.compare(film, self.folder / name))
        copied = self.folder / "copied.mp4"
        ffmpeg("-i", self.folder / "film.mkv", "-c", "copy", copied)
        self.assert_equal(self.compare(film, copied))

    def test_of_other_rates_are_compared_only_where_that_is_asked(self):
        reference, slow = self.lossless("24.mp4", rate=24), self.folder / "12.mp4"
        ffmpeg("-r", 12, "-i", reference, *LOSSLESS, slow)
        self.assert_refused(self.compare(reference, slow), "24 frames a second, the candidate 12", "--any-rate")
        self.assert_equal(self.compare(reference, slow, "--any-rate"), "compared all the same, as --any-rate asks")

    def test_may_have_any_name(self):
        plain = self.lossless("plain.mp4")
        for name in ("a:b.mp4", "http:x.mp4", "a%03d.mp4", "-dash.mp4", "file:x.mp4", "a b'ü.mp4"):
            shutil.copy(plain, self.folder / name)
            self.assert_equal(self.compare("--", name, plain, cwd=self.folder))

    def test_that_are_damaged_are_refused_with_the_frame(self):
        video = self.lossless("v.mp4", extra=("-g", "1"))
        raw = self.folder / "raw.y4m"
        ffmpeg("-i", video, raw)
        self.assert_equal(self.compare(raw, video))
        raw.write_bytes(raw.read_bytes()[:-7])
        self.assert_refused(self.compare(raw, raw), "raw.y4m: damaged at frame 4")
        for suffix in ("mp4", "mkv", "avi"):
            file = self.folder / f"damaged.{suffix}"
            ffmpeg("-i", video, "-c", "copy", "-movflags", "faststart", file)
            whole = file.read_bytes()
            position, size = self.packets(file)[3]
            spoilt = bytearray(whole)
            spoilt[position + size // 2 : position + size // 2 + 40] = bytes(40)
            file.write_bytes(spoilt)
            self.assert_refused(self.compare(file, file), f"damaged.{suffix}: damaged at frame 3")
            for kept in (position + size // 2, position + 2):
                file.write_bytes(whole[:kept])
                self.assert_refused(self.compare(file, file), f"damaged.{suffix}")

    def test_that_a_decoder_hands_out_with_a_complaint_are_refused(self):
        video = self.folder / "v.mkv"
        ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=1", "-c:v", "ffv1", "-level", "3", "-slicecrc", "1", video)
        self.assert_equal(self.compare(video, video))
        data = bytearray(video.read_bytes())
        middle = len(data) // 2
        for at in range(middle, middle + 12):
            data[at] ^= 0xFF
        spoilt = self.folder / "spoilt.mkv"
        spoilt.write_bytes(data)
        self.assert_refused(self.compare(spoilt, spoilt), "spoilt.mkv: damaged at frame ")

    def packets(self, file):
        """The position and size of each packet."""
        printed = subprocess.run(["ffprobe", "-v", "error", "-show_packets", "-of", "json", file], capture_output=True,
                                 check=True).stdout
        return [(int(packet["pos"]), int(packet["size"])) for packet in json.loads(printed)["packets"]]


class Folders(CompareTest):
    def images(self, name, numbers=range(1, 5), values=lambda number, at: (7 * at + 31 * number) % 251, pattern="f_{}.png",
               **form):
        folder = self.folder / name
        folder.mkdir()
        for number in numbers:
            count = 20 * 12 * form.get("channels", 3)
            write_png(folder / pattern.format(number), [values(number, at) for at in range(count)], 20, **form)
        return folder

    def test_hold_images_only(self):
        reference, candidate = self.images("a"), self.images("b")
        (candidate / "._f_1.png").write_bytes(b"\0\5\26\7")
        (candidate / ".hidden.png").write_bytes(b"x")
        (candidate / "old.png").mkdir()
        (candidate / "Thumbs.db").write_bytes(b"x")
        self.assert_equal(self.compare(reference, candidate))

    def test_are_paired_by_number(self):
        ten = self.images("ten", range(1, 11))
        self.assert_refused(self.compare(self.images("nine", range(1, 10)), ten), "no partner for frame 10 of the candidate")
        self.assert_refused(self.compare(self.images("gap", [1, 2, 3, *range(5, 11)]), ten), "frame 4 of the candidate")
        self.assert_refused(self.compare(self.images("later", range(2, 12)), ten),
                            "frame 11 of the reference and for frame 1 of the candidate")
        padded = self.images("padded", range(1, 11), pattern="other name-{:04}.png")
        self.assert_equal(self.compare(ten, padded))
        also = self.images("also", [1, 2, 3, *range(5, 11)])
        self.assert_equal(self.compare(self.folder / "gap", also), "frame 4 missing on both sides")
        far = self.images("far", [1, 500])
        self.assert_equal(self.compare(far, far), "frames 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 488 more missing on both sides")
        zero = self.images("zero", range(10), values=lambda number, at: (7 * at + 31 * (number + 1)) % 251)
        self.assert_equal(self.compare(zero, ten), "numbered from 0, the candidate's from 1: paired in order")
        shutil.copy(ten / "f_3.png", ten / "f_03.png")
        self.assert_refused(self.compare(ten, padded), "are both frame 3")

    def test_count_every_bit_and_alpha(self):
        deep = {"bits": 16}
        a, b = (self.images(name, values=lambda number, at, low=low: 256 * (at % 200) + low, **deep)
                for name, low in (("a", 0), ("b", 250)))
        self.assert_different(self.compare(a, b), "values of rgb48 differ, by 250 at most")
        self.assert_equal(self.compare(a, a), "equal in every 16-bit value")
        shallow = self.images("shallow", values=lambda number, at: at % 200)
        self.assert_equal(self.compare(a, shallow),
                          "(compared as 8-bit RGB: rgb48 against rgb24; 16-bit values not compared)")
        clear, opaque = (self.images(f"alpha {alpha}", channels=4,
                                     values=lambda number, at, alpha=alpha: alpha if at % 4 == 3 else at % 200)
                         for alpha in (51, 255))
        self.assert_different(self.compare(clear, opaque), "values of rgba differ, by 204 at most")
        flat = self.images("flat", values=lambda number, at: (at // 3 * 4 + at % 3) % 200)
        self.assert_equal(self.compare(clear, flat), "(compared as 8-bit RGB: rgba against rgb24; alpha not compared)")

    def test_that_are_damaged_are_refused(self):
        folder = self.folder / "jpegs"
        folder.mkdir()
        ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=0.5", folder / "%d.jpg")
        self.assert_equal(self.compare(folder, folder))
        for suffix, coder in (("png", "png"), ("bmp", "bmp"), ("tiff", "tiff"), ("webp", "libwebp")):
            other = self.folder / suffix
            other.mkdir()
            ffmpeg("-i", folder / "%d.jpg", "-c:v", coder, other / f"%d.{suffix}")
            self.assert_equal(self.compare(other, other))
            file = other / f"4.{suffix}"
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
            self.assert_refused(self.compare(other, other), f"4.{suffix}")
        file = folder / "4.jpg"
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2])
        self.assert_refused(self.compare(folder, folder), "4.jpg: damaged (Premature end of JPEG file)")
        self.assert_refused(self.compare(file, file), "4.jpg", "damaged")
        file.write_bytes(whole[:-2])
        self.assert_refused(self.compare(folder, folder), "4.jpg: damaged")
        # What a file is its bytes say, not its name.
        named = file.with_suffix(".png")
        named.write_bytes(whole[: len(whole) // 2])
        self.assert_refused(self.compare(named, named), "4.png: damaged (Premature end of JPEG file)")

    def test_of_several_pictures_in_one_file_are_refused(self):
        animation = self.folder / "animation.png"
        ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=0.3", "-f", "apng", animation)
        self.assert_refused(self.compare(animation, animation), "animation.png: holds more than one picture")


if __name__ == "__main__":
    unittest.main()
