"""The page of HTTP services."""

from obs.packs.http_service.metrics import Metrics
from obs.packs.http_service.quantities import Quantities
from obs.packs.http_service.settings import FAILED, HttpServicePack
from obs.packs.page import Line, Lines, PackPage, Row, Stat


def page_of(settings: HttpServicePack, metrics: Metrics, quantities: Quantities) -> PackPage:
    """The page, by services; the saturation is that of each process."""
    of, service = quantities, (settings.service,)
    return PackPage(
        "http-service",
        "HTTP services",
        "Are requests answered, in time and without errors?",
        [(settings.service, metrics.requests)],
        service,
        [
            Stat("rate_now", "Requests", of.requests, "Requests a second, all services.", "sum"),
            Stat("errors_now", "Most errors", of.errors, "The highest share of 5xx answers."),
            Stat("p95_now", "Slowest", of.percentile(95), "The highest 95th percentile."),
            Stat("limited_now", "429", of.limited, "The highest share refused with 429."),
            Stat("active_now", "In progress", of.active, "Requests being answered.", "sum"),
            Stat("files_now", "File descriptors", of.files, "The highest share that is open."),
        ],
        [
            *_traffic(settings, of),
            *_latency(settings, of),
            *_saturation(settings, of),
        ],
    )


def _traffic(settings: HttpServicePack, of: Quantities) -> list[Row]:
    by_route = (settings.service, settings.route)
    classes = [
        Line(of.of_class(pattern, example), name)
        for name, pattern, example in (
            ("1xx to 3xx", "[123]..", "200"),
            ("4xx", "4..", "404"),
            ("5xx", FAILED, "500"),
        )
    ]
    return [
        Row(
            "Requests",
            [
                Lines("classes", "By status", classes, "Requests a second by status class."),
                Lines("routes", "By route", [Line(of.requests)], "The busiest routes.", by_route),
                Lines(
                    "lately",
                    "In the last 10 minutes",
                    description="Requests in ten minutes; without any, none reaches the service.",
                ),
            ],
        ),
        Row(
            "Errors",
            [
                Lines("errors", "Failed (5xx)", description="Share of requests that failed."),
                Lines(
                    "failing_routes",
                    "Failed (5xx) by route",
                    [Line(of.errors)],
                    "The routes with the highest share.",
                    by_route,
                    10,
                ),
                Lines(
                    "refused",
                    "Refused (4xx)",
                    [Line(of.refused, "4xx"), Line(of.limited, "429")],
                    "Share of requests that the service takes for wrong: a fault of the client, "
                    "or of a release that clients were not made for. 429: beyond a rate limit.",
                ),
            ],
        ),
    ]


def _latency(settings: HttpServicePack, of: Quantities) -> list[Row]:
    many = [Line(of.percentile(each), f"p{each}") for each in (50, 95, 99)]
    return [
        Row(
            "Latency of requests that did not fail",
            [
                Lines("p95", "95th percentile", description="One in twenty takes longer."),
                Lines("percentiles", "Percentiles", many, "Half, 95 % and 99 % are faster."),
                Lines(
                    "slow_routes",
                    "95th percentile by route",
                    [Line(of.percentile(95))],
                    "The slowest routes.",
                    (settings.service, settings.route),
                    10,
                ),
            ],
        )
    ]


def _saturation(settings: HttpServicePack, of: Quantities) -> list[Row]:
    process = (settings.service, "instance")
    none = "The service does not export it"
    return [
        Row(
            "Saturation",
            [
                Lines("active", "Requests in progress", by=process, none=none),
                Lines("files", "File descriptors open", by=process, none=none),
            ],
        ),
        Row(
            "",
            [
                Lines("cpu", "CPUs used", [Line(of.cpu)], "CPU time a second.", process, 10, none),
                Lines("memory", "Memory", [Line(of.memory)], "Memory in RAM.", process, 10, none),
            ],
        ),
    ]
