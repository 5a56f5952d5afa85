"""For how long a server waits for the acknowledgements of one message."""

from math import inf

from obs.lag.observed import ObservedConsumerConfig


class RedeliverySchedule:
    """How long the server waits for acknowledgements under one configuration, in seconds.

    `longest`, `shortest` and `first` are single ack waits, `total` is their sum over all deliveries
    (inf without a limit), `after_redelivery` the most that may pass between the first redelivery of
    a message and giving it up.
    """

    __slots__ = ("after_redelivery", "first", "longest", "max_deliver", "shortest", "total")

    def __init__(self, config: ObservedConsumerConfig) -> None:
        """Backoff replaces the ack wait; its last step repeats up to `max_deliver` deliveries."""
        steps = config.backoff or (config.ack_wait,)
        self.max_deliver = config.max_deliver
        self.first = steps[0]
        self.longest = max(steps)
        self.shortest = max(min(steps), 0.001)
        if config.max_deliver <= 0:
            self.total = self.after_redelivery = inf
            return
        used = steps[: config.max_deliver]
        self.total = sum(used) + (config.max_deliver - len(used)) * used[-1]
        self.after_redelivery = max(self.total - used[0], self.longest)
