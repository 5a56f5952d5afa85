"""Hosts: CPU, memory, disks, file descriptors and the clock, by node_exporter."""
