"""Checks of AWS accounts: EventBridge's rules, dead-letter queues, CloudWatch alarms, and IAM."""
