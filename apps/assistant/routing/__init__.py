"""What a question asks for, read from its words alone: topics, names, times. No language model."""

from apps.assistant.routing.names import Named as Named
from apps.assistant.routing.route import Route as Route
from apps.assistant.routing.route import route as route
