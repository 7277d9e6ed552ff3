"""Pictures in notes: what is one, who sees it, and what is refused."""

from __future__ import annotations

from typing import Any
from unittest import mock

from django.core.files.uploadedfile import SimpleUploadedFile

from apps.core.errors import Invalid
from apps.incidents import services
from apps.incidents.models import Incident, Note, Picture
from apps.incidents.services import File, pictures
from apps.ledger.models import Entry
from tests.base import PortalTestCase

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
KINDS = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0" + b"\0" * 40,
    "image/webp": b"RIFF\x0a\0\0\0WEBPVP8 ",
    "image/gif": b"GIF89a\1\0\1\0",
}
NO_PICTURES = {
    "chart.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "chart.png": b"<html><script>alert(1)</script></html>",
    "sound.webp": b"RIFF\x0a\0\0\0WAVEfmt ",
    "late.png": b" " + PNG,
    "empty.png": b"",
}


class PictureTests(PortalTestCase):
    def setUp(self) -> None:
        self.row = services.open_by_hand(
            project=self.fraud, title="Odd scores", severity="high", by=self.rita
        )
        self.page = self.row.get_absolute_url()
        self.client.force_login(self.rita)

    def note(self, *files: File) -> Note:
        return services.add_note(incident=self.row, text="See.", by=self.rita, pictures=files)

    def test_each_kind_is_known_by_its_content(self) -> None:
        for media_type, content in KINDS.items():
            self.assertEqual(
                self.note(File("x.svg", content)).pictures.get().media_type, media_type
            )

    def test_whatever_is_no_picture_is_refused_and_nothing_is_written(self) -> None:
        for name, content in NO_PICTURES.items():
            with self.assertRaises(Invalid):
                self.note(File("good.png", PNG), File(name, content))
        self.assertFalse(Note.objects.exists())
        self.assertFalse(Picture.objects.exists())

    def test_too_large_and_too_many_are_refused(self) -> None:
        with self.assertRaises(Invalid):
            self.note(File("a.png", PNG + b"\0" * services.LARGEST_PICTURE))
        with self.assertRaises(Invalid):
            self.note(*[File("a.png", PNG)] * (pictures.MOST_OF_NOTE + 1))
        with mock.patch.object(pictures, "MOST_OF_INCIDENT", 2):
            self.note(File("a.png", PNG), File("b.png", PNG))
            with self.assertRaises(Invalid):
                self.note(File("c.png", PNG))
        self.assertEqual(Picture.objects.count(), 2)

    def test_the_page_takes_several_and_shows_them(self) -> None:
        files = [SimpleUploadedFile(f"<b>{n}.png", PNG, "image/svg+xml") for n in range(2)]
        self.client.post(f"{self.page}notes/", {"text": "See.", "pictures": files})
        answer = self.client.get(self.page)
        for row in Picture.objects.all():
            self.assertContains(answer, f'<img src="/incidents/pictures/{row.pk}/"')
        self.assertNotContains(answer, "<b>0")
        self.assertEqual(Picture.objects.count(), 2)

    def test_the_page_says_why_a_file_is_refused(self) -> None:
        file = SimpleUploadedFile("chart.svg", NO_PICTURES["chart.svg"], "image/png")
        answer = self.client.post(f"{self.page}notes/", {"text": "See.", "pictures": [file]})
        self.assertContains(answer, "Only PNG, JPEG, WebP and GIF", status_code=422)
        self.assertFalse(Note.objects.exists())

    def test_it_is_served_as_what_it_is_to_who_sees_the_incident(self) -> None:
        picture = self.note(File('"\r\nx.html', PNG)).pictures.get()
        for user, status in ((self.rita, 200), (self.carol, 200), (self.bob, 404)):
            self.client.force_login(user)
            answer = self.client.get(picture.get_absolute_url())
            self.assertEqual(answer.status_code, status)
        self.client.force_login(self.carol)
        answer = self.client.get(picture.get_absolute_url())
        self.assertEqual((answer.content, answer["Content-Type"]), (PNG, "image/png"))
        self.assertEqual(answer["X-Content-Type-Options"], "nosniff")
        self.assertEqual(answer["Content-Security-Policy"], "default-src 'none'; sandbox")
        self.client.logout()
        self.assertEqual(self.client.get(picture.get_absolute_url()).status_code, 302)

    def edit(self, note: Note, **sent: object) -> Any:
        return self.client.post(f"/incidents/notes/{note.pk}/edit/", {"text": note.text, **sent})

    def test_its_writer_alone_takes_it_out_and_the_digest_stays_on_record(self) -> None:
        note = self.note(File("a.png", PNG), File("b.png", PNG))
        first, second = note.pictures.all()
        self.client.force_login(self.ada)
        self.assertEqual(self.edit(note, without=[first.pk]).status_code, 404)
        self.client.force_login(self.rita)
        self.assertContains(self.client.get(f"/incidents/notes/{note.pk}/edit/"), "a.png, 48")
        self.assertRedirects(self.edit(note, without=[first.pk]), self.page)
        self.assertEqual(Picture.objects.get(), second)
        entry = Entry.objects.get(verb="incidents.note_edited")
        self.assertEqual(entry.data["without"], [first.sha256])
        self.assertEqual(self.client.get(first.get_absolute_url()).status_code, 404)
        self.assertFalse(note.revisions.exists())

    def test_an_edit_keeps_adds_and_takes_out_at_once_and_is_one_record(self) -> None:
        note = self.note(File("old.png", PNG), File("kept.png", PNG))
        old = note.pictures.get(name="old.png")
        new = SimpleUploadedFile("new.png", PNG)
        self.edit(note, text="Look.", pictures=[new], without=[old.pk])
        names = list(note.pictures.values_list("name", flat=True))
        self.assertEqual(names, ["kept.png", "new.png"])
        self.assertEqual(note.revisions.get().text, "See.")
        entry = Entry.objects.get(verb="incidents.note_edited")
        self.assertEqual((entry.data["pictures"], entry.data["without"]), (1, [old.sha256]))
        self.edit(Note.objects.get())
        self.assertEqual(Entry.objects.filter(verb="incidents.note_edited").count(), 1)

    def test_an_edit_that_is_refused_changes_nothing(self) -> None:
        note = self.note(*[File("a.png", PNG)] * pictures.MOST_OF_NOTE)
        more = SimpleUploadedFile("more.png", PNG)
        answer = self.edit(note, text="Other.", pictures=[more])
        self.assertContains(answer, "A note holds at most 6", status_code=422)
        bad = SimpleUploadedFile("bad.svg", NO_PICTURES["chart.svg"])
        keys = [each.pk for each in note.pictures.all()]
        answer = self.edit(note, text="Other.", pictures=[bad], without=keys)
        self.assertContains(answer, "Only PNG, JPEG, WebP and GIF", status_code=422)
        self.assertEqual(note.pictures.count(), pictures.MOST_OF_NOTE)
        self.assertEqual(Note.objects.get().text, "See.")

    def test_an_edit_takes_no_picture_out_of_another_note(self) -> None:
        note, other = self.note(File("a.png", PNG)), self.note(File("b.png", PNG))
        self.assertEqual(self.edit(note, without=[other.pictures.get().pk]).status_code, 422)
        services.edit_note(note=note, text="See.", by=self.rita, without=[other.pictures.get().pk])
        self.assertEqual(Picture.objects.count(), 2)
        self.assertFalse(Entry.objects.filter(verb="incidents.note_edited").exists())

    def test_the_api_edits_a_note_that_nobody_changed_meanwhile(self) -> None:
        note = self.note(File("a.png", PNG))
        client, address = self.api(self.rita), f"/api/v1/incident-notes/{note.pk}/"
        tag = client.get(address)["ETag"]
        sent = {"pictures": [SimpleUploadedFile("b.png", PNG)], "without": [note.pictures.get().pk]}
        answer = client.patch(address, sent, format="multipart", headers={"If-Match": tag})
        self.assertEqual(answer.status_code, 200, answer.content)
        told = answer.json()
        self.assertEqual([each["name"] for each in told["pictures"]], ["b.png"])
        self.assertEqual((told["text"], told["incident"]), ("See.", self.row.pk))
        stale = client.patch(address, {"text": "x"}, format="json", headers={"If-Match": tag})
        self.assertEqual(stale.status_code, 412)
        tag = answer["ETag"]
        plain = client.patch(address, {"text": "Look."}, format="json", headers={"If-Match": tag})
        self.assertEqual((plain.json()["text"], len(plain.json()["pictures"])), ("Look.", 1))

    def test_the_api_lets_members_read_notes_and_their_writer_edit_them(self) -> None:
        note = self.note(File("a.png", PNG))
        address = "/api/v1/incident-notes/"
        listed = self.api(self.carol).get(f"{address}?incident={self.row.pk}").json()["results"]
        self.assertEqual([each["id"] for each in listed], [note.pk])
        self.assertEqual(self.api(self.bob).get(address).json()["results"], [])
        for user in (self.ada, self.carol, self.bob):
            answer = self.api(user).patch(f"{address}{note.pk}/", {"text": "x"}, format="json")
            self.assertEqual((answer.status_code, answer.json()["code"]), (404, "not_found"))

    def test_the_api_takes_a_note_with_pictures(self) -> None:
        client, address = self.api(self.rita), f"/api/v1/incidents/{self.row.pk}"
        files = [SimpleUploadedFile(f"{n}.png", PNG) for n in range(2)]
        sent = {"text": "See.", "pictures": files}
        answer = client.post(f"{address}/notes/", sent, "multipart")
        self.assertEqual(answer.status_code, 201)
        told = answer.json()["pictures"]
        self.assertEqual([each["name"] for each in told], ["0.png", "1.png"])
        [note] = client.get(f"{address}/timeline/", {"kind": "note"}).json()
        self.assertEqual(note["pictures"], [each["url"] for each in told])
        plain = client.post(f"{address}/notes/", {"text": "No picture."}, "json")
        self.assertEqual((plain.status_code, plain.json()["pictures"]), (201, []))
        sent = {"text": "x", "pictures": [SimpleUploadedFile("a.png", b"no")]}
        self.assertEqual(client.post(f"{address}/notes/", sent, "multipart").status_code, 400)
        self.assertEqual(Incident.objects.get().notes.count(), 2)
