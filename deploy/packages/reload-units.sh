#!/bin/sh
# After installing or removing the package: systemd reads its units. obs is not started: it has no spec.
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
fi
