"""The evidence pack: what code finds about an incident. No language model takes part."""

# Each of these modules registers what it gathers, in this order.
from apps.incidents.pack import breach as breach  # isort: skip
from apps.incidents.pack import changes as changes  # isort: skip
from apps.incidents.pack import shapes as shapes  # isort: skip
from apps.incidents.pack import mix as mix  # isort: skip
from apps.incidents.pack import trend as trend  # isort: skip
from apps.incidents.pack import season as season  # isort: skip
from apps.incidents.pack import versions as versions  # isort: skip
from apps.incidents.pack import sources as sources  # isort: skip
from apps.incidents.pack import serving as serving  # isort: skip
from apps.incidents.pack import similar as similar  # isort: skip
from apps.incidents.pack import people as people  # isort: skip
from apps.incidents.pack import causes as causes  # isort: skip
from apps.incidents.pack.building import Built as Built
from apps.incidents.pack.building import build as build
from apps.incidents.pack.case import Case as Case
from apps.incidents.pack.items import Item as Item
from apps.incidents.pack.keeping import keep as keep
from apps.incidents.pack.registry import Gatherer as Gatherer
from apps.incidents.pack.registry import register as register
