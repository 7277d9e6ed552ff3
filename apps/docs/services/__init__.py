"""What changes in documents, by topic."""

from apps.docs.services.importing import import_folder as import_folder
from apps.docs.services.writing import revise as revise
from apps.docs.services.writing import write as write
