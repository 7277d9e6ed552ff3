"""What can be done with the demo."""

from apps.demo.services.cast import passwords as passwords
from apps.demo.services.desk import move_ticket as move_ticket
from apps.demo.services.desk import tell_portal as tell_portal
from apps.demo.services.first_hour import hide_first_hour as hide_first_hour
from apps.demo.services.first_hour import show_first_hour as show_first_hour
from apps.demo.services.lifecycle import begin_if_new as begin_if_new
from apps.demo.services.lifecycle import remove as remove
from apps.demo.services.lifecycle import reset as reset
from apps.demo.services.lifecycle import set_rate as set_rate
from apps.demo.services.lifecycle import start as start
from apps.demo.services.lifecycle import stop as stop
from apps.demo.services.plots import start_story as start_story
from apps.demo.services.plots import start_story_by_name as start_story_by_name
from apps.demo.services.plots import stop_story as stop_story
from apps.demo.services.seeding import put_back as put_back
from apps.demo.services.seeding import seed as seed
from apps.demo.services.seeding import share as share
from apps.demo.services.telling import tick as tick
from apps.demo.services.training import make_version as make_version
