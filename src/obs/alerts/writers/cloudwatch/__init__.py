"""CloudWatch alarms and dashboards: as values, then as CloudFormation, Terraform and a plan."""
