"""AWS accounts and regions: EventBridge's rules and their SQS queues, read from CloudWatch."""
