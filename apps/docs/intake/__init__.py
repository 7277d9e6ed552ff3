"""Files from outside, one at a time: each is either taken in as text or left out with a reason."""

from apps.docs.intake.files import Item as Item
from apps.docs.intake.files import from_folder as from_folder
from apps.docs.intake.files import from_zip as from_zip
