"""The servers of a test run: they are there, and the portal's own settings point at them."""

from __future__ import annotations

from django.core.cache import cache
from django.db import connection
from django.test import TestCase


class ServersOfARunTests(TestCase):
    def test_the_database_answers_and_knows_vectors(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT '[1,2]'::vector <-> '[1,4]'::vector")
            self.assertEqual(cursor.fetchone(), (2.0,))

    def test_the_cache_keeps_a_value(self) -> None:
        cache.set("kept", 7, timeout=3600)
        self.assertEqual(cache.get("kept"), 7)
