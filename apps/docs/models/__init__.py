"""The tables of documents and their search, by topic."""

from apps.docs.models.alive import Attachment as Attachment
from apps.docs.models.alive import LinkCheck as LinkCheck
from apps.docs.models.alive import Use as Use
from apps.docs.models.documents import Document as Document
from apps.docs.models.documents import DocumentQuerySet as DocumentQuerySet
from apps.docs.models.documents import Revision as Revision
from apps.docs.models.passages import GonePassage as GonePassage
from apps.docs.models.passages import Passage as Passage
from apps.docs.models.sources import Source as Source
from apps.docs.models.sources import SourceQuerySet as SourceQuerySet
