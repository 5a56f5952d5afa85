"""Dead letters in SQS queues: of EventBridge, and of queues with a redrive policy."""
