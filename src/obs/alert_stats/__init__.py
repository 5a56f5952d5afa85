"""How often alerts fired, how many pages that made, and what to change: for `obs alerts stats`.

`history` and `notifying` are the past and Alertmanager's grouping as pure maths; `read` asks a
Prometheus; `stats` counts, `advice` draws conclusions, `text` and `document` print.
"""
