"""Whose names Cloud Run's metrics have: Google's own PromQL's, or stackdriver_exporter's."""

from typing import Final, Literal

Names = Literal["managed", "stackdriver"]

PREFIX: Final[dict[Names, str]] = {
    "managed": "run_googleapis_com:",
    "stackdriver": "stackdriver_cloud_run_revision_run_googleapis_com_",
}
REQUESTS: Final = "request_count"
