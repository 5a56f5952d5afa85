"""Dead letters as letters: listed by cause, shown, replayed, removed.

Pure here: letters, causes, the rate, the record, and the order of a replay. What speaks to a
system is in one room for each kind (`jetstream`, `sqs`), listed in `kinds`. Counting dead letters
for metrics is not here but in `sources`.
"""
