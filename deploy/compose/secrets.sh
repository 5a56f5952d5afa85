#!/bin/sh
# Creates the secrets that compose.yaml mounts, in ./secrets: random passwords, and empty files for
# you to fill in. Existing files are not changed.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
chance() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
for name in nats-password oms-password grafana-password; do
  [ -s "secrets/$name" ] || chance > "secrets/$name"
done
for name in slack-url pagerduty-key aws-credentials; do
  [ -e "secrets/$name" ] || : > "secrets/$name"
done
sed -e "s/OMS_PASSWORD/$(cat secrets/oms-password)/" \
    -e "s/OBS_PASSWORD/$(cat secrets/nats-password)/" ../nats/users.conf.example > secrets/users.conf
# Compose mounts these files with their permissions, and each container runs as another user, so
# the folder has to restrict access.
chmod 0644 secrets/*
