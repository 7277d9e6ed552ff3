"""Web push: the example of RFC 8291, the signature of RFC 8292, and what push services answer."""

from __future__ import annotations

import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from apps.incidents.models import Call, PushKeys, PushSubscription
from apps.incidents.oncall import contacts, push, sending
from apps.incidents.oncall.contacts import Told
from tests.core.loopback import Loopback, Script, always, answer, in_turn, loopback
from tests.integrations.base import ConnectionTestCase

# RFC 8291, section 5 and appendix A.
RECEIVER_PRIVATE = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
RECEIVER_PUBLIC = (
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
)
SENDER_PRIVATE = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SECRET = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
TEXT = b"When I grow up, I want to be a watermelon"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
    "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
    "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


class VectorTests(ConnectionTestCase):
    def test_the_example_of_the_standard(self) -> None:
        body = push.encrypt(
            TEXT,
            push.decoded(RECEIVER_PUBLIC),
            push.decoded(SECRET),
            salt=push.decoded(SALT),
            sender=push.private_key(SENDER_PRIVATE),
        )
        self.assertEqual(push.encoded(body), BODY)
        receiver = push.private_key(RECEIVER_PRIVATE)
        self.assertEqual(push.decrypt(body, receiver, push.decoded(SECRET)), TEXT)

    def test_the_key_pair_is_made_once_and_kept_closed(self) -> None:
        first, second = push.keys(), push.keys()
        self.assertEqual(first.public, second.public)
        stored = PushKeys.objects.values_list("private", flat=True).get()
        self.assertEqual(repr(stored), "Secret(***)")
        private = push.private_key(str(stored.reveal()))
        self.assertEqual(push.encoded(push.raw(private.public_key())), first.public)

    def test_the_signature_names_the_push_service_alone(self) -> None:
        own = push.keys()
        header = push.authorization("https://push.example/send/abc?x=1", own)
        token, key = header.removeprefix("vapid t=").split(", k=")
        head, claims, signature = token.split(".")
        self.assertEqual(key, own.public)
        self.assertEqual(json.loads(push.decoded(head)), {"typ": "JWT", "alg": "ES256"})
        said = json.loads(push.decoded(claims))
        self.assertEqual(said["aud"], "https://push.example")
        self.assertTrue(said["sub"].startswith(("mailto:", "https://")))
        octets = push.decoded(signature)
        numbers = (int.from_bytes(octets[:32], "big"), int.from_bytes(octets[32:], "big"))
        public = push.point(push.decoded(own.public))
        public.verify(
            encode_dss_signature(*numbers), f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256())
        )


class SendingTests(ConnectionTestCase):
    server: Loopback

    def subscribed(self, script: Script) -> None:
        """Rita's browser, whose push service stands on loopback."""
        self.server = self.enterContext(loopback(script))
        self.enterContext(self.settings(HTTP_ALLOW=["127.0.0.1"]))
        made = contacts.subscribe(
            user=self.rita, endpoint="https://push.example/a", key=RECEIVER_PUBLIC, auth=SECRET
        )
        PushSubscription.objects.filter(pk=made.pk).update(endpoint=f"{self.server.url}/send/abc")

    def sent(self) -> Call:
        """One message to her, as far as it came."""
        told = Told("#1 Scores are odd", "Acknowledge it.", "http://x/1", urgent=True)
        contacts.tell(user=self.rita, told=told, key="one")
        sending.send(call_id=Call.objects.get().pk)
        return Call.objects.get()

    def test_the_browser_reads_what_was_sent_and_nobody_else(self) -> None:
        self.subscribed(always(201, b""))
        self.assertEqual(self.sent().state, "sent")
        [asked] = self.server.asked
        self.assertEqual((asked.method, asked.target), ("POST", "/send/abc"))
        self.assertEqual(asked.headers["content-encoding"], "aes128gcm")
        self.assertEqual(asked.headers["urgency"], "high")
        self.assertRegex(asked.headers["authorization"], r"^vapid t=[\w.-]+, k=[\w-]+$")
        self.assertNotIn(b"Scores", asked.body)
        opened = push.decrypt(asked.body, push.private_key(RECEIVER_PRIVATE), push.decoded(SECRET))
        self.assertEqual(json.loads(opened)["title"], "#1 Scores are odd")

    def test_a_browser_that_is_gone_is_removed(self) -> None:
        for status in (404, 410):
            Call.objects.all().delete()
            self.subscribed(always(status, b""))
            self.assertEqual(self.sent().state, "dead")
            self.assertFalse(PushSubscription.objects.living().exists())

    def test_one_that_is_busy_is_tried_again(self) -> None:
        self.subscribed(in_turn(answer(503, Retry_After="1"), answer(201)))
        call = self.sent()
        self.assertEqual((call.state, call.attempts), ("waiting", 1))
        Call.objects.update(due_at=call.created_at)
        sending.send(call_id=call.pk)
        self.assertEqual(Call.objects.get().state, "sent")

    def test_a_push_service_inside_the_network_is_refused(self) -> None:
        self.subscribed(always(201))
        with self.settings(HTTP_ALLOW=[]):
            call = self.sent()
        self.assertEqual((call.state, self.server.asked), ("waiting", []))
        self.assertIn("loopback", call.trouble)

    def test_ntfy_gets_priority_tags_and_a_way_back(self) -> None:
        server = self.enterContext(loopback(always()))
        self.enterContext(self.settings(HTTP_ALLOW=["127.0.0.1"]))
        connection = self.connect(
            "ntfy", {"server": server.url}, secrets={"topic": "pages-7", "token": "tk_secret"}
        )
        rule = contacts.add_rule(user=self.max, way="connection", connection=connection)
        contacts.tell(
            user=self.max, told=Told("#1 Odd", "Text", "http://x/1", urgent=True), key="n"
        )
        sending.send(call_id=Call.objects.get().pk)
        [asked] = server.asked
        body = json.loads(asked.body)
        self.assertEqual(asked.headers["authorization"], "Bearer tk_secret")
        self.assertEqual((body["topic"], body["title"], body["priority"]), ("pages-7", "#1 Odd", 5))
        self.assertEqual((body["click"], body["actions"][0]["action"]), ("http://x/1", "view"))
        self.assertEqual(str(rule), connection.name)
