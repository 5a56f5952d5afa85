"""The process of the AWS emulator: ministack, patched to store an alarm's metric math."""

from typing import Any, Final

from ministack.app import main
from ministack.services import cloudwatch

_SINGLE: Final = ("MetricName", "Namespace", "Statistic", "Period")
_put = cloudwatch._put_metric_alarm


def _put_with_math(params: Any, body: Any, is_cbor: bool, is_json: bool = False) -> Any:
    """As ministack, but DescribeAlarms then returns an alarm's metric math, as AWS does."""
    answer = _put(params, body, is_cbor, is_json)
    if (is_cbor or is_json) and body.get("Metrics"):
        alarm = cloudwatch._alarms.get(body.get("AlarmName"))
        if alarm is not None:
            alarm |= {"Metrics": body["Metrics"], **dict.fromkeys(_SINGLE)}
    return answer


if __name__ == "__main__":
    cloudwatch._put_metric_alarm = _put_with_math
    main()
