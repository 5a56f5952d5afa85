"""The daemon: schedules sources, keeps history and state, and hands families to the sinks."""
