from __future__ import annotations

from pathlib import PurePosixPath

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.core.errors import Retryable
from apps.core.typing import UserRequest
from apps.models import access, previews, run_files
from apps.models.models import Run
from apps.models.previews import Preview
from apps.models.run_files import File
from apps.models.views.frame import frame

SANDBOX = "sandbox; default-src 'none'"


@login_required
@require_GET
def artifacts(request: UserRequest, pk: int) -> HttpResponse:
    """A folder of the run's files, or one file looked into."""
    row = access.run(request.user, pk)
    path = run_files.checked(request.GET.get("path", ""))
    context = {"run": row, "path": path, "above": _above(path), **frame(request)}
    try:
        file = run_files.found(row, path)
        context |= {"file": file, **_inside(row, file)}
    except Retryable as error:
        context |= {"trouble": str(error)}
    return render(request, "models/artifacts.html", context)


@login_required
@require_GET
def artifact(request: UserRequest, pk: int) -> FileResponse:
    """The file itself: a picture to be shown, anything else to be kept. It never is a page of ours."""
    row = access.run(request.user, pk)
    path = run_files.checked(request.GET.get("path", ""))
    file = run_files.found(row, path)
    shown = "download" not in request.GET and file.suffix in previews.PICTURES
    with run_files.fetched(row, path) as place:
        response = FileResponse(place.open("rb"), as_attachment=not shown, filename=file.name)
    kind = previews.PICTURES[file.suffix] if shown else "application/octet-stream"
    response["Content-Type"] = kind
    response["Content-Security-Policy"] = SANDBOX
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _inside(run: Run, file: File) -> dict[str, object]:
    if file.is_dir:
        return {"files": run_files.listed(run, file.path)}
    if not previews.fits(file):
        return {"preview": previews.too_large(file)}
    return {"preview": _preview(run, file)}


def _preview(run: Run, file: File) -> Preview:
    if file.suffix in previews.PICTURES:
        return Preview("picture")
    with run_files.fetched(run, file.path, most=previews.LARGEST_DATA) as place:
        return previews.preview(file, place)


def _above(path: str) -> list[tuple[str, str]]:
    """The folders on the way to a path: name and path of each."""
    folders = [each for each in reversed(PurePosixPath(path).parents) if str(each) != "."]
    return [(each.name, str(each)) for each in folders]
