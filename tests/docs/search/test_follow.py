"""The index in memory follows what other transactions commit, and nothing that they take back."""

from __future__ import annotations

import threading

from django.db import connection, transaction

from apps.docs import search, services
from apps.docs.models import Document
from apps.docs.search import Query, store
from tests.base import PortalTransactionTestCase


class FollowTests(PortalTransactionTestCase):
    def written(self, words: str) -> Document:
        body = f"# Page {words.split()[-1]}\n\nIt says {words}."
        return services.write(project=self.fraud, kind="guide", body=body, by=self.ada)

    def found(self, words: str) -> list[int | None]:
        return [hit.document for hit in search.search(Query(self.ada, words), {"passage"})]

    def test_what_is_taken_back_is_found_by_nobody_and_leaves_no_trace(self) -> None:
        kept = self.written("alpha")
        with transaction.atomic():
            mine = self.written("alpha bravo")
            self.assertEqual(set(self.found("alpha")), {kept.pk, mine.pk})
            transaction.set_rollback(True)
        self.assertEqual(self.found("alpha"), [kept.pk])
        self.assertEqual(self.found("bravo"), [])
        self.assertEqual(
            sum(len(part.ids) for part in store.index().segments), len(store.index().known)
        )

    def test_a_transaction_that_commits_late_is_not_missed(self) -> None:
        wrote, looked = threading.Event(), threading.Event()

        def late() -> None:
            with transaction.atomic():
                self.written("charlie")
                wrote.set()
                looked.wait()
            connection.close()

        thread = threading.Thread(target=late)
        thread.start()
        self.assertTrue(wrote.wait(120))
        self.written("delta")  # a later transaction, committed and read before the earlier one
        self.assertEqual(len(self.found("delta")), 1)
        self.assertEqual(self.found("charlie"), [])
        looked.set()
        thread.join(120)
        self.assertEqual(len(self.found("charlie")), 1)

    def test_many_small_changes_end_in_few_segments(self) -> None:
        for number in range(30):
            self.written(f"echo {number}")
            self.found("echo")
        self.assertLessEqual(len(store.index().segments), 5)
        self.assertEqual(len(search.search(Query(self.ada, "echo", most=50), {"passage"})), 30)
