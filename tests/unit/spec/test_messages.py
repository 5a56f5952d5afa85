"""Every kind of mistake, and the one line that is said about it."""

from collections.abc import Callable

import pytest

from obs.spec.slis import Sli

Complaints = Callable[..., list[str]]

SPEC = """\
version: 1
system: orders
sources:
  nats:
    main:
      monitor: [http://nats:8222]
      streams: {include: [ORDERS, BILLS*], exclude: [BILLS_TMP]}
  aws:
    shop:
      region: eu-west-1
      buses:
        - name: shop
          rules: [order-placed, order-paid]
        - name: partner-*
slos:
  - name: delivery
    service: orders
    objective: 99.9
    sli:
      eventbridge: {source: shop, bus: shop, rules: [order-placed]}
  - name: keeps-up
    service: orders
    objective: 99.5
    sli:
      nats_lag:
        source: main
        stream: ORDERS
        consumer: worker
        max_seconds: 30s
outputs:
  cloudwatch:
    source: shop
    namespace: Shop/Events
    metrics: [nats_consumer_lag_messages]
"""

NATS = "sources.nats.main"
AWS = "sources.aws.shop"

MISTAKES = [
    # what is written, what it becomes, what is said
    ("version: 1", "version: 2", "1: version: 2 is not one of the choices: 1"),
    ("version: 1\n", "", "1: version: is missing; write for example `version: 1`"),
    (
        "system: orders",
        "system: 'my orders'",
        "2: system: 'my orders' does not fit; write letters, digits, _ . and -, starting with a "
        "letter or digit",
    ),
    (
        "system: orders",
        "system: 2024",
        '2: system: 2024 is not a string; write it in quotes: "2024"',
    ),
    (
        "system: orders",
        "system: [a]",
        "2: system: a list where a string is expected",
    ),
    (
        "system: orders",
        f"system: {'a' * 65}",
        f"2: system: '{'a' * 65}' is too long; write at most 64 characters",
    ),
    (
        "system: orders",
        "system: orders\nnats: {}",
        "3: nats: unknown field; nats belongs under sources",
    ),
    ("system: orders", "system: orders\nslo: []", "3: slo: unknown field; did you mean slos?"),
    (
        "system: orders",
        "system: orders\nenvironment_s: {}",
        "3: environment_s: unknown field; did you mean environments?",
    ),
    (
        "monitor: [http://nats:8222]",
        "monitors: [http://nats:8222]",
        "6: sources.nats.main.monitors: unknown field; did you mean monitor?",
    ),
    (
        "monitor: [http://nats:8222]",
        "monitor: [http://nats:8222]\n      interval: 15s",
        "7: sources.nats.main.interval: unknown field; did you mean poll?",
    ),
    (
        "monitor: [http://nats:8222]",
        "monitor: [http://nats:8222]\n      collect: [route]",
        f"7: {NATS}.collect[0]: 'route' is not one of the choices: servers, accounts, routes, "
        "gateways, leafnodes, connections, raft, services; did you mean routes?",
    ),
    (
        "monitor: [http://nats:8222]",
        "monitor: http://nats:8222",
        f"6: {NATS}.monitor: 'http://nats:8222' where a list is expected; write [http://nats:8222]",
    ),
    (
        "monitor: [http://nats:8222]",
        "monitor: []",
        f"6: {NATS}.monitor: is an empty list; write at least 1 entry",
    ),
    (
        "monitor: [http://nats:8222]",
        "monitor: [nats:8222]",
        f"6: {NATS}.monitor[0]: 'nats:8222' is not a http:// or https:// URL; "
        "write for example http://host:8222",
    ),
    (
        "monitor: [http://nats:8222]",
        "monitor: ['http://me:hunter2@nats:8222']",
        f"6: {NATS}.monitor[0]: a URL must not contain a user or password; "
        "write for example http://host:8222",
    ),
    (
        "monitor: [http://nats:8222]",
        "monitor: ['http://nats:82222']",
        f"6: {NATS}.monitor[0]: 'http://nats:82222' is not a URL; "
        "write for example http://host:8222",
    ),
    (
        "monitor: [http://nats:8222]",
        "monitor: [http://nats:8222]\n      poll: 15",
        f"7: {NATS}.poll: 15 has no unit; write 15s if seconds are meant",
    ),
    (
        "monitor: [http://nats:8222]",
        "monitor: [http://nats:8222]\n      poll: 0s",
        f"7: {NATS}.poll: 0s is out of range; write at least 100ms",
    ),
    (
        "monitor: [http://nats:8222]",
        "monitor: [http://nats:8222]\n      poll: often",
        f"7: {NATS}.poll: 'often' is not a duration; write for example 30s, 5m, 1h30m or 30d",
    ),
    (
        "monitor: [http://nats:8222]",
        "monitor: [http://nats:8222]\n      stale_after: 10s",
        f"7: {NATS}.stale_after: 10s is shorter than poll, 15s: values would be stale before "
        "the next poll; write several polls, or omit it",
    ),
    (
        "monitor: [http://nats:8222]",
        "monitor: [http://nats:8222]\n      discover: maybe",
        f"7: {NATS}.discover: 'maybe' is neither true nor false; write one of them",
    ),
    (
        "monitor: [http://nats:8222]",
        "monitor: [http://nats:8222]\n      max_consumers: many",
        f"7: {NATS}.max_consumers: 'many' is not a whole number; write for example 1000",
    ),
    (
        "monitor: [http://nats:8222]",
        "monitor: [http://nats:8222]\n      max_consumers: true",
        f"7: {NATS}.max_consumers: true is not a number; write for example 100",
    ),
    (
        "      buses:\n        - name: shop\n          rules: [order-placed, order-paid]\n"
        "        - name: partner-*\n",
        "      buses: shop\n",
        f"11: {AWS}.buses: 'shop' where a list of mappings is expected",
    ),
    (
        "monitor: [http://nats:8222]",
        "monitor: [http://nats:8222]\n      max_consumers: 1.5",
        f"7: {NATS}.max_consumers: 1.5 is not a whole number; write for example 1000",
    ),
    (
        "monitor: [http://nats:8222]",
        "monitor: [http://nats:8222]\n      max_consumers: 0",
        f"7: {NATS}.max_consumers: 0 is out of range; write more than 0",
    ),
    (
        "monitor: [http://nats:8222]",
        "monitor: [http://nats:8222]\n      ephemeral: rollup",
        f"7: {NATS}.ephemeral: 'rollup' is not one of the choices: roll_up, each; "
        "did you mean roll_up?",
    ),
    (
        "monitor: [http://nats:8222]",
        "monitor: [http://nats:8222]\n      consumers: worker",
        f"7: {NATS}.consumers: 'worker' where a mapping is expected with the fields "
        "include, exclude",
    ),
    (
        "monitor: [http://nats:8222]",
        "monitor: [http://nats:8222]\n      tls: {cert_file: a.pem}",
        f"7: {NATS}.tls.cert_file: a certificate requires its key; add key_file",
    ),
    (
        "monitor: [http://nats:8222]",
        "monitor: [http://nats:8222]\n      tls: {key_file: a.pem}",
        f"7: {NATS}.tls.key_file: a key requires its certificate; add cert_file",
    ),
    (
        "    main:\n",
        "    main one:\n",
        [
            "5: sources.nats.main one: 'main one' does not fit; write letters, digits, _ . and -, "
            "starting with a letter or digit",
            "26: slos[1].sli.nats_lag.source: no NATS source 'main'; did you mean main one?",
        ],
    ),
    (
        "region: eu-west-1",
        "region: europe",
        f"10: {AWS}.region: 'europe' does not fit; write an AWS region, for example us-east-1",
    ),
    (
        "region: eu-west-1",
        "region: eu-west-1\n      role_arn: admin",
        f"11: {AWS}.role_arn: 'admin' does not fit; write a role's ARN, for example "
        "arn:aws:iam::123456789012:role/obs",
    ),
    (
        "region: eu-west-1",
        "region: eu-west-1\n      monthly_budget_dollars: .inf",
        f"11: {AWS}.monthly_budget_dollars: '.inf' is not a number; write for example 99.9",
    ),
    (
        "objective: 99.9",
        "objective: 0.999",
        "18: slos[0].objective: 0.999 is a ratio; write percent: 99.9",
    ),
    (
        "objective: 99.9",
        "objective: 100",
        "18: slos[0].objective: 100 leaves no error budget; write less, for example 99.99",
    ),
    (
        "objective: 99.9",
        "objective: three nines",
        "18: slos[0].objective: 'three nines' is not a number; write for example 99.9",
    ),
    (
        "objective: 99.9\n",
        "objective: 99.9\n    window: 30m\n",
        "19: slos[0].window: 30m is out of range; write at least 1h",
    ),
    (
        "objective: 99.9\n",
        "objective: 99.9\n    window: 1w400d\n",
        "19: slos[0].window: 1w400d is out of range; write at most 400d",
    ),
    (
        "objective: 99.9\n    ",
        "",
        "16: slos[0].objective: is missing; write for example `objective: 99.9`",
    ),
    (
        "name: keeps-up",
        "name: delivery",
        "21: slos[1].name: 'delivery' of service 'orders' is given twice; it is already on line 16",
    ),
    (
        "  aws:\n    shop:",
        "  aws:\n    main:",
        [
            "9: sources.aws.main: the source name 'main' is given twice; it is already on line 5;"
            " no two sources may share a name",
            "20: slos[0].sli.eventbridge.source: no AWS source 'shop'; choose from main",
            "32: outputs.cloudwatch.source: no AWS source 'shop'; choose from main",
        ],
    ),
    (
        "        max_seconds: 30s\n",
        "",
        "25: slos[1].sli.nats_lag: needs max_seconds, max_messages or both",
    ),
    (
        "      nats_lag:\n",
        "      nats_delivery: {source: main, stream: ORDERS, consumer: worker}\n      nats_lag:\n",
        f"24: slos[1].sli: needs exactly one of {', '.join(Sli.model_fields)}; "
        "has nats_lag and nats_delivery",
    ),
    (
        "stream: ORDERS",
        "stream: ORDERS.*",
        "27: slos[1].sli.nats_lag.stream: 'ORDERS.*' does not fit; write the name of one stream or "
        "consumer: no wildcard, dot or space",
    ),
    (
        "source: main",
        "source: mian",
        "26: slos[1].sli.nats_lag.source: no NATS source 'mian'; did you mean main?",
    ),
    (
        "source: main",
        "source: shop",
        "26: slos[1].sli.nats_lag.source: no NATS source 'shop'; choose from main",
    ),
    (
        "stream: ORDERS",
        "stream: ORDER",
        "27: slos[1].sli.nats_lag.stream: source 'main' does not include stream 'ORDER'; "
        "did you mean ORDERS?",
    ),
    (
        "stream: ORDERS",
        "stream: BILLS_TMP",
        "27: slos[1].sli.nats_lag.stream: source 'main' excludes stream 'BILLS_TMP'; "
        "remove it from streams.exclude",
    ),
    (
        "bus: shop,",
        "bus: default,",
        "20: slos[0].sli.eventbridge.bus: source 'shop' does not watch bus 'default'; "
        "it watches shop, partner-*",
    ),
    (
        "rules: [order-placed]",
        "rules: ['order-*', order-plcaed]",
        "20: slos[0].sli.eventbridge.rules[1]: source 'shop' watches no rule 'order-plcaed' on bus "
        "'shop'; did you mean order-placed?",
    ),
    (
        "nats_lag:\n",
        "nats_delivery:\n",
        "29: slos[1].sli.nats_delivery.max_seconds: unknown field; known fields: source, account, "
        "stream, consumer, by",
    ),
    (
        "      nats_lag:\n        source: main\n        stream: ORDERS\n        consumer: worker\n"
        "        max_seconds: 30s\n",
        "      nats_delivery: {source: main, stream: ORDERS, consumer: worker}\n",
        "25: slos[1].sli.nats_delivery.source: source 'main' has no connection, so dead letters "
        "cannot be counted; add sources.nats.main.connection",
    ),
    (
        "    source: shop\n",
        "    source: shpo\n",
        "32: outputs.cloudwatch.source: no AWS source 'shpo'; did you mean shop?",
    ),
    (
        "namespace: Shop/Events",
        "namespace: AWS/Events",
        "33: outputs.cloudwatch.namespace: 'AWS/Events' does not fit; write your own "
        "namespace, for example OMS/Events; AWS/ is reserved",
    ),
    (
        "[nats_consumer_lag_messages]",
        "[nats_consumer_lag_message]",
        "34: outputs.cloudwatch.metrics[0]: 'nats_consumer_lag_message' is not a metric of obs; "
        "did you mean nats_consumer_lag_messages?",
    ),
    (
        "[nats_consumer_lag_messages]",
        "[nats_server_info]",
        "34: outputs.cloudwatch.metrics[0]: nats_server_info says what it says in labels, and "
        "CloudWatch has numbers only; remove it",
    ),
    (
        "[nats_consumer_lag_messages]",
        "[eventbridge_invocations_total]",
        "34: outputs.cloudwatch.metrics[0]: eventbridge_invocations_total is read from CloudWatch, "
        "where it is AWS/Events Invocations; remove it",
    ),
    (
        "[nats_consumer_lag_messages]",
        "[nats_servers_*]",
        "34: outputs.cloudwatch.metrics[0]: 'nats_servers_*' matches no metric of obs that "
        "CloudWatch takes",
    ),
    (
        "outputs:\n",
        "outputs:\n  web: {listen: localhost}\n",
        "31: outputs.web.listen: 'localhost' does not fit; write HOST:PORT, for example "
        "127.0.0.1:9464",
    ),
    (
        "outputs:\n",
        "outputs:\n  web: {listen: 'localhost:70000'}\n",
        "31: outputs.web.listen: 'localhost:70000': a port is a number from 0 to 65535",
    ),
    (
        "outputs:\n",
        "outputs:\n  otlp: {endpoint: 'localhost:4317', protocol: grcp}\n",
        [
            "31: outputs.otlp.endpoint: 'localhost:4317' is not a http:// or https:// URL; "
            "write for example http://host:4318",
            "31: outputs.otlp.protocol: 'grcp' is not one of the choices: http, grpc; "
            "did you mean grpc?",
        ],
    ),
    (
        "outputs:\n",
        "outputs:\n  otlp: {endpoint: 'http://localhost:4318', traces: maybe}\n",
        "31: outputs.otlp.traces: 'maybe' is no receiver; write true, or "
        "{endpoint: http://host:4318}",
    ),
    (
        "outputs:\n",
        "outputs:\n  otlp: {endpoint: 'http://localhost:4318', traces: {endpont: 'http://a:1'}}\n",
        "31: outputs.otlp.traces.endpont: unknown field; did you mean endpoint?",
    ),
    (
        "  - name: delivery\n",
        "  - null\n  - name: delivery\n",
        "16: slos[0]: nothing where a mapping is expected with the fields name, service, "
        "description, objective, window, calendar, timezone, start, maintenance, missing, sli, "
        "slices, tiers, max_objects, labels, team, owner, links, engine",
    ),
    (
        "system: orders",
        'system: orders\n"a\\nb": 1',
        "3: 'a\\nb': unknown field; known fields: version, system, description, environment, "
        "state_dir, sources, slos, maintenance, tiers, alerts, packs, links, notify, targets, "
        "stacks, "
        "checks, privacy, outputs, ha, metrics, environments",
    ),
]


def test_the_spec_itself_is_sound(loaded: Callable[..., object]) -> None:
    assert loaded(SPEC)


@pytest.mark.parametrize(("right", "mistake", "words"), MISTAKES)
def test_a_mistake_is_said_in_one_line_with_what_is_right(
    complaints: Complaints, right: str, mistake: str, words: str | list[str]
) -> None:
    assert SPEC.count(right) >= 1
    expected = [words] if isinstance(words, str) else words
    assert complaints(SPEC.replace(right, mistake, 1)) == [f"a.yaml:{line}" for line in expected]


CONNECTION = SPEC.replace(
    "      streams:",
    "      connection:\n        servers: [nats://n:4222]\n        {}\n      streams:",
)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ("user: a", "9: C.user: user requires a password; add password or password_file"),
        ("password: ${P}", "9: C.password: a password requires a user; add user"),
        ("password_file: p", "9: C.password_file: a password requires a user; add user"),
        (
            "token: ${T}\n        token_file: t",
            "10: C.token_file: token is set as well; keep one of them",
        ),
        (
            "token: ${T}\n        credentials_file: c",
            "7: C: token and credentials_file are set; keep one of them",
        ),
        (
            "user: a\n        password: ${P}\n        token: ${T}",
            "7: C: user and token are set; keep one of them",
        ),
    ],
)
def test_a_connection_signs_in_in_one_whole_way(
    complaints: Complaints, fields: str, words: str
) -> None:
    text = CONNECTION.replace("{}", fields, 1)
    assert complaints(text) == ["a.yaml:" + words.replace("C", f"{NATS}.connection", 1)]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            "account: A\n        imports: {A: a}",
            "10: C.imports: A is the connection's own account; remove it",
        ),
        (
            "imports: {A: a, B: a}",
            "9: C.imports: two accounts have the same prefix; give each its own",
        ),
        (
            "imports: {A: 'a.>'}",
            "9: C.imports.A: 'a.>' does not fit; write the tokens before "
            "$JS.EVENT.ADVISORY, for example ORDERS",
        ),
        (
            "imports: {A: a}\n      connections: [{servers: [nats://n:4222], account: A}]",
            "10: N.connections: several connections hear account A; name each account once",
        ),
    ],
)
def test_each_account_is_heard_by_one_connection(
    complaints: Complaints, fields: str, words: str
) -> None:
    text = CONNECTION.replace("{}", fields, 1)
    said = words.replace("C.", f"{NATS}.connection.", 1).replace("N.", f"{NATS}.", 1)
    assert complaints(text) == [f"a.yaml:{said}"]


def delivery_of(account: str) -> str:
    """A spec whose connection hears ORDERS and IMPORTED, and an SLO of deliveries."""
    text = CONNECTION.replace("{}", "account: ORDERS\n        imports: {IMPORTED: i}", 1)
    lag = text[text.index("      nats_lag:") : text.index("outputs:")]
    sli = f"{{source: main, stream: ORDERS, consumer: worker, account: '{account}'}}"
    return text.replace(lag, f"      nats_delivery: {sli}\n")


@pytest.mark.parametrize(
    ("account", "advice"),
    [
        ("ORDRES", "; did you mean ORDERS?"),
        ("A?", "; add one to sources.nats.main.connections"),
    ],
)
def test_an_account_that_no_connection_hears_has_no_delivery_slo(
    complaints: Complaints, account: str, advice: str
) -> None:
    assert complaints(delivery_of(account)) == [
        "a.yaml:29: slos[1].sli.nats_delivery.account: no connection of source 'main' hears "
        f"account {account!r}, so dead letters cannot be counted{advice}"
    ]


@pytest.mark.parametrize("account", ["ORDERS", "IMP*", "*"])
def test_an_account_that_a_connection_hears_may_have_a_delivery_slo(
    loaded: Callable[..., object], account: str
) -> None:
    assert loaded(delivery_of(account))


@pytest.mark.parametrize("server", ["http://n:4222", "n:4222", "nats://"])
def test_a_connection_is_made_to_nats_addresses(complaints: Complaints, server: str) -> None:
    text = CONNECTION.replace("nats://n:4222", server).replace("{}", "")
    assert complaints(text) == [
        f"a.yaml:8: {NATS}.connection.servers[0]: {server!r} is not a nats:// or tls:// URL; "
        "write for example nats://host:4222"
    ]


@pytest.mark.parametrize("wrong", ["connection: {}", "connection: {{servers: {}}}"])
def test_an_address_is_quoted_without_the_password_in_it(
    complaints: Complaints, wrong: str
) -> None:
    url = "'nats://me:hunter2@n:4222'"
    text = SPEC.replace("      streams:", f"      {wrong.format(url)}\n      streams:")
    (line,) = complaints(text)
    assert "nats://…@n:4222" in line
    assert "hunter2" not in line


def test_mistakes_in_one_part_do_not_hide_those_between_others(complaints: Complaints) -> None:
    text = SPEC.replace("objective: 99.9", "objective: 0.9").replace("bus: shop", "bus: shpo")
    text = text.replace("monitor: [", "poll: 5\n      monitor: [").replace(
        "source: main", "source: x"
    )
    assert [line.split(": ")[1] for line in complaints(text)] == [
        "sources.nats.main.poll",
        "slos[0].objective",
        "slos[0].sli.eventbridge.bus",
        "slos[1].sli.nats_lag.source",
    ]
