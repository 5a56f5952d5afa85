"""An application on AWS: the packs alb, ecs, rds, opensearch, elasticache and s3 together."""
