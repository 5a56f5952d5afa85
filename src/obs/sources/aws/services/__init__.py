"""AWS services beside EventBridge's rules and SQS: a room for each kind of their objects."""
