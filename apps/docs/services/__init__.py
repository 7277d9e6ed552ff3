"""What changes in documents, by topic."""

from apps.docs.services.importing import import_folder as import_folder
from apps.docs.services.indexing import EMBED as EMBED
from apps.docs.services.indexing import REINDEX as REINDEX
from apps.docs.services.indexing import ask_embedding as ask_embedding
from apps.docs.services.indexing import ask_reindex as ask_reindex
from apps.docs.services.indexing import can_embed as can_embed
from apps.docs.services.indexing import embed as embed
from apps.docs.services.indexing import reindex as reindex
from apps.docs.services.writing import revise as revise
from apps.docs.services.writing import write as write
