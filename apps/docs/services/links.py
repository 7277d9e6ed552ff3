"""Whether the links of documents still lead somewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone

from apps.core.http import NEVER as NO_RETRY
from apps.core.http import (
    Absent,
    AddressRefused,
    BadAddress,
    BadAnswer,
    Busy,
    Denied,
    Http,
    Redirected,
    Refused,
    TimedOut,
    Timeout,
    TooLarge,
    Unreachable,
    Untrusted,
)
from apps.docs import inside, markdown
from apps.docs.models import Document, LinkCheck

AGAIN = timedelta(days=1)
LONGEST_WAIT = timedelta(days=7)
PER_HOST = 3  # of one host in one run
MOST_LINKS, MOST_DOCUMENTS = 100, 200  # in one run
BROKEN_AFTER = 3  # failures in a row of a host that does not answer
PATIENCE = Timeout(connect=5.0, read=5.0, total=10.0)
LARGEST = 200_000  # bytes; only whether it answers is asked
Found = tuple[str, str]  # state and reason


def check_links() -> dict[str, int]:
    """Look at the links that are due: a few of each host. Safe to repeat."""
    now = timezone.now()
    for document in Document.objects.in_force().filter(links_due_at__lte=now)[:MOST_DOCUMENTS]:
        note_links(document=document)
    outcome: dict[str, int] = defaultdict(int)
    due = LinkCheck.objects.filter(due_at__lte=timezone.now(), document__removed_at=None)
    for link in _turns(due):
        outcome[_check(link)] += 1
    return dict(outcome)


@transaction.atomic
def note_links(*, document: Document) -> None:
    """Keep a row for each link that the document has now; one that was known keeps what was found."""
    urls = {url[:2000] for url in markdown.links(markdown.read(document.body)) if _asks(url)}
    document.links.exclude(url__in=urls).delete()
    LinkCheck.objects.bulk_create(
        [LinkCheck(document=document, url=url) for url in sorted(urls)], ignore_conflicts=True
    )
    Document.objects.filter(pk=document.pk).update(links_due_at=timezone.now() + AGAIN)


def _asks(url: str) -> bool:
    return not url.startswith(("mailto:", "#"))


def _turns(due: Iterable[LinkCheck]) -> Iterable[LinkCheck]:
    """The links of this run: no host is asked more often than a few times."""
    asked: dict[str, int] = defaultdict(int)
    taken = 0
    for link in due.select_related("document").order_by("due_at", "pk")[: 20 * MOST_LINKS]:  # type: ignore[attr-defined]
        host = urlsplit(link.url).netloc if inside.leads_out(link.url) else ""
        asked[host] += 1
        if host and asked[host] > PER_HOST:
            continue
        taken += 1
        if taken > MOST_LINKS:
            return
        yield link


def _check(link: LinkCheck) -> str:
    if inside.leads_out(link.url):
        state, reason = _outside(link.url, link.failures)
    else:
        reason = inside.problem(link.document, link.url)
        state = LinkCheck.State.BROKEN if reason else LinkCheck.State.OK
    link.state, link.reason = state, reason[:300]
    link.failures = 0 if state == LinkCheck.State.OK else link.failures + 1
    link.checked_at = timezone.now()
    wait = min(timedelta(hours=1) * 2 ** min(link.failures, 10), LONGEST_WAIT)
    link.due_at = link.checked_at + (wait if link.failures else AGAIN)
    link.save(update_fields=["state", "reason", "failures", "checked_at", "due_at"])
    return str(state)


def _outside(url: str, failures: int) -> Found:
    try:
        with Http("a linked page", url, timeout=PATIENCE, retry=NO_RETRY) as http:
            http.request("GET", "", limit_bytes=LARGEST)
    except (TooLarge, Redirected, Denied, BadAnswer, Busy):
        return LinkCheck.State.OK, ""  # something answers there
    except (Absent, BadAddress) as error:
        return LinkCheck.State.BROKEN, str(error)
    except AddressRefused as error:
        return LinkCheck.State.UNKNOWN, f"not looked at: {error}"
    except (Refused, TimedOut, Unreachable, Untrusted) as error:
        over = failures + 1 >= BROKEN_AFTER
        return (LinkCheck.State.BROKEN if over else LinkCheck.State.UNKNOWN), str(error)
    return LinkCheck.State.OK, ""
