"""Documents in a browser: written, previewed, compared, restored, taken in; both themes, a phone's width."""

from __future__ import annotations

import io
import zipfile

import pytest

from apps.docs import services
from apps.docs.models import Document
from apps.monitoring.services import create_monitor
from apps.projects.services import create_project
from tests.deployments.test_pages import model_with_versions, served

pytestmark = pytest.mark.browser
LONG = "What-to-do-when-the-real-time-card-fraud-detection-for-the-whole-of-northern-europe-drifts"
BODY = f"""---
owner: nobody
review_by: 2020-01-01
tags: [{LONG}]
applies_to: {{models: [{LONG}]}}
---
# {LONG}

> [!WARNING]
> Take care.

| a | b |
|---|---|
| {LONG} | 1 |

- [ ] Look

```python
x = "{LONG}{LONG}"
```

```
{LONG}{LONG}
```

```query
monitor: none
```

[gone](/docs/999999/)
"""


@pytest.fixture
def fraud(ada):
    return create_project(name="Fraud", slug="fraud", by=ada)


def test_a_document_is_written_previewed_compared_and_restored(page, sign_in, ada, fraud):
    shown = sign_in(page(), ada).open("/docs/new/?kind=guide")
    shown.get_by_label("Body").fill("# Start\n\n> [!NOTE]\n> First *words*.\n")
    shown.get_by_role("button", name="Preview").click()
    shown.locator("#preview .notice em", has_text="words").wait_for()
    assert not Document.objects.exists()
    shown.get_by_role("button", name="Save the document").click()
    shown.get_by_role("link", name="Edit").click()
    shown.get_by_label("Body").fill("# Start\n\nSecond words.\n")
    shown.get_by_role("button", name="Save the revision").click()
    shown.get_by_role("link", name="Revisions").click()
    shown.get_by_role("button", name="Restore").click()
    shown.get_by_text("Revision 1 is what the document says again").wait_for()
    assert Document.objects.get().revisions.count() == 3


def test_the_editor_works_without_scripts(page, sign_in, ada, fraud):
    shown = sign_in(page(scripts=False), ada).open("/docs/new/")
    shown.get_by_label("Body").fill("# Start\n\nPlain **words**.\n")
    shown.get_by_role("button", name="Preview").click()
    shown.locator("#preview strong", has_text="words").wait_for()
    shown.get_by_role("button", name="Save the document").click()
    shown.get_by_role("heading", name="Start").first.wait_for()


def test_an_archive_is_taken_in(page, sign_in, ada, fraud):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("drift.md", "# Drift\n\nLook.\n")
        archive.writestr("x.exe", "no")
    shown = sign_in(page(), ada).open("/docs/sources/upload/")
    shown.get_by_label("Name").fill("Handbook")
    shown.get_by_label("Zip archive").set_input_files(
        {"name": "x.zip", "mimeType": "application/zip", "buffer": held.getvalue()}
    )
    shown.get_by_role("button", name="Take it in").click()
    shown.get_by_role("link", name="Handbook").click()
    shown.get_by_text("it is none of .markdown, .md").wait_for()


def test_pages_are_accessible_and_fit(ada, fraud, assert_fit):
    services.import_shipped(project=fraud, by=ada)
    row = services.write(project=fraud, kind="runbook", body=BODY, by=ada)
    services.revise(document=row, body=BODY + "\nMore.\n", by=ada, draft=True)
    services.attach(document=row, name="notes.txt", content=b"x", by=ada)
    services.check_links()
    source = row.project.document_sources.get()
    url = row.get_absolute_url()
    assert_fit(
        [
            "/docs/",
            url,
            f"{url}edit/",
            f"{url}revisions/",
            f"{url}files/",
            "/docs/new/",
            "/docs/health/",
            "/docs/sources/",
            "/docs/sources/upload/",
            "/docs/sources/repository/",
            source.get_absolute_url(),
        ],
        ada,
    )


def test_empty_pages_are_accessible_and_fit(ada, assert_fit):
    assert_fit(["/docs/", "/docs/?kind=card", "/docs/new/", "/docs/health/", "/docs/sources/"], ada)


def test_what_lacks_a_document_is_accessible(ada, fraud, assert_fit):
    [version] = model_with_versions(fraud, 1)
    place = served(version, fraud.environments.get(name="staging"), ada)
    create_monitor(name="Errors", by=ada, deployment=place, kind="errors", settings={})
    assert_fit(["/docs/health/"], ada)
