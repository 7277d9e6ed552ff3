"""What a connection to a machine that runs model servers asks for, whatever the machine is."""

from __future__ import annotations

from pydantic import Field, SecretStr

from apps.core.errors import Invalid
from apps.integrations.base import Config
from apps.integrations.ports import Workload

LONGEST_PEM = 100_000


class HostConfig(Config):
    """The image of model servers, and how they reach the portal."""

    image: str = Field(
        min_length=1,
        max_length=300,
        title="Image of model servers",
        description="The portal's own image, as the machines there pull it.",
    )
    images: tuple[str, ...] = Field(
        default=(),
        title="Further images",
        description="Beginnings of the names that deployments may choose themselves, one per line.",
    )
    portal_token: SecretStr = Field(
        title="The portal's token",
        description="Of a service account that is a viewer of the project; it fetches the model's files.",
    )


def image_of(config: HostConfig, workload: Workload) -> str:
    """The image that the workload asks for, provided that the connection allows it."""
    wanted = workload.image or config.image
    if wanted != config.image and not any(
        wanted.startswith(each) for each in config.images if each
    ):
        reason = "the connection does not allow this image; its Further images say which it does."
        raise Invalid(field="image", reason=reason)
    return wanted
