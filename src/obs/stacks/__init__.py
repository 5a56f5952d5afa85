"""Running stacks: what is there is compared with what the spec builds, and made so.

Only what obs owns is ever changed or deleted. A module for each kind of stack; `plan` is pure.
"""
