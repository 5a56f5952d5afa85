"""What to do, as commands that can be pasted into a shell."""

import json
import shlex


def aws(operation: str, region: str, **flags: object) -> str:
    """A command of the AWS CLI: `aws("sqs create-queue", region, queue_name="x")`.

    Mappings and lists are written as JSON; a value of True is a flag without a value.
    """
    words = ["aws", *operation.split(), "--region", region]
    for name, value in flags.items():
        words.append(f"--{name.replace('_', '-')}")
        if value is not True:
            words.append(_text(value))
    return shlex.join(words)


def nats(*words: str) -> str:
    """A command of the NATS CLI."""
    return shlex.join(("nats", *words))


def compact(value: object) -> str:
    """JSON without spaces, as a command line takes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _text(value: object) -> str:
    if isinstance(value, str | int | float):
        return str(value)
    return compact(value)
