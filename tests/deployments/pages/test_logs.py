"""The logs of model servers: bounded, harmless, without secrets, and followed to their end."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from apps.deployments import logs
from tests.deployments.pages.base import Served

KEY = "-----BEGIN PRIVATE KEY-----\n" + "abcdefgh\n" * 3 + "-----END PRIVATE KEY-----\n"


class LogTests(Served):
    def setUp(self) -> None:
        super().setUp()
        data = TemporaryDirectory()
        self.addCleanup(data.cleanup)
        self.enterContext(self.settings(DATA_DIR=Path(data.name)))
        [self.replica] = self.replicas()
        self.file = logs.path(self.replica.pk)
        self.file.parent.mkdir(parents=True)
        self.address = f"{self.page}replicas/{self.replica.pk}/log/"

    def write(self, text: str | bytes, *, mode: str = "ab", settled: bool = False) -> None:
        with self.file.open(mode) as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        if settled:
            os.utime(self.file, (1_000_000_000, 1_000_000_000))

    def lines(self) -> list[str]:
        return logs.tail(self.replica).lines

    def test_the_page_shows_the_end_and_where_to_go_on(self) -> None:
        self.write("first\nsecond\n")
        page = self.client.get(self.address)
        self.assertContains(page, "first\nsecond\n")
        self.assertContains(page, "lines/?after=13")
        self.write("third\n")
        more = self.client.get(f"{self.address}lines/?after=13")
        self.assertContains(more, "third")
        self.assertNotContains(more, "second")
        self.assertContains(more, "lines/?after=19")

    def test_a_log_that_is_not_there_yet_is_waited_for(self) -> None:
        page = self.client.get(self.address)
        self.assertContains(page, "It has not written anything yet")
        self.assertContains(page, "lines/?after=0")
        self.assertEqual(self.client.get(f"{self.address}file/").content, b"")

    def test_one_that_lives_elsewhere_is_told(self) -> None:
        self.replica.node = "another-machine"
        self.assertIn("another-machine, which keeps the log", logs.tail(self.replica).away)

    def test_a_server_that_was_started_again_begins_anew(self) -> None:
        self.write("x" * 100 + "\n")
        end = logs.tail(self.replica).end
        self.write("again\n", mode="wb")
        stretch = logs.after(self.replica, end)
        self.assertEqual((stretch.anew, stretch.lines), (True, ["again"]))

    def test_an_unfinished_line_waits_until_the_rest_has_come_or_nothing_does(self) -> None:
        self.write("whole\npart")
        self.assertEqual(self.lines(), ["whole"])
        self.write("", settled=True)
        self.assertEqual(self.lines(), ["whole", "part"])

    def test_it_is_bounded(self) -> None:
        self.write("".join(f"line {number}\n" for number in range(20_000)))
        stretch = logs.tail(self.replica)
        self.assertTrue(stretch.cut)
        self.assertEqual(stretch.lines[-1], "line 19999")
        self.assertLessEqual(sum(len(line) + 1 for line in stretch.lines), logs.MOST_BYTES)
        self.assertTrue(stretch.lines[0].startswith("line "))
        behind = logs.after(self.replica, 10)
        self.assertTrue(behind.cut)
        self.assertEqual(behind.lines, stretch.lines)
        self.write(b"y" * 300_000)
        self.assertEqual(max(len(line) for line in self.lines()), logs.LONGEST_LINE)

    def test_what_would_steer_a_terminal_or_a_reader_is_shown_as_text(self) -> None:
        self.write("\x1b[31mred\x1b[0m \x1b]0;title\x07bell\x07 \u202etxt.exe\x00\n\xff".encode())
        self.write("<script>alert(1)</script>\n10%\r50%\r100%\r\n")
        self.assertEqual(self.lines()[0], "red bell\\x07 \\x202etxt.exe\\x00")
        self.assertEqual(self.lines()[2], "100%")
        page = self.client.get(self.address)
        self.assertContains(page, "&lt;script&gt;alert(1)&lt;/script&gt;")
        self.assertNotContains(page, "<script>alert")

    def test_secrets_are_masked_everywhere(self) -> None:
        secret = "sbx_abcd1234_s3cr3tOfSomebody"
        self.write(f"token={secret}\nhttps://user:hunter2@host.example/x\n{KEY}after\n")
        for address in (self.address, f"{self.address}lines/?after=0", f"{self.address}file/"):
            text = self.client.get(address).content.decode()
            for word in (secret, "hunter2", "abcdefgh"):
                self.assertNotIn(word, text, address)
            self.assertIn("after", text)

    def test_a_key_that_is_cut_in_two_stays_masked(self) -> None:
        self.write("begin\n" + KEY[:40])
        end = logs.tail(self.replica).end
        self.assertGreater(end, len("begin\n"))
        self.write(KEY[40:] + "after\n")
        told = logs.after(self.replica, end).lines
        self.assertNotIn("abcdefgh", "\n".join(told))
        self.assertEqual(told[-1], "after")

    def test_it_is_downloaded_as_text(self) -> None:
        self.write("one\ntwo\n")
        answer = self.client.get(f"{self.address}file/")
        self.assertEqual(answer.content, b"one\ntwo\n")
        self.assertIn("attachment", answer["Content-Disposition"])
        self.assertTrue(answer["Content-Type"].startswith("text/plain"))

    def test_strangers_and_bad_offsets_get_nothing(self) -> None:
        for wrong in ("", "?after=x", "?after=-1"):
            answer = self.client.get(f"{self.address}lines/{wrong}")
            self.assertContains(answer, "after: send the offset", status_code=400)
        other = self.protected().get_absolute_url()
        misplaced = f"{other}replicas/{self.replica.pk}/log/"
        self.assertEqual(self.client.get(misplaced).status_code, 404)
        self.client.force_login(self.bob)
        for name in ("", "lines/?after=0", "file/"):
            self.assertEqual(self.client.get(f"{self.address}{name}").status_code, 404)
