#!/bin/sh
# Makes what compose.yaml mounts as secrets, in ./secrets: passwords by chance, the rest empty for
# you to fill in. What is there already stays as it is.
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
# Compose mounts these files as they are, and each container runs as another user: the folder is
# what keeps others out.
chmod 0644 secrets/*
