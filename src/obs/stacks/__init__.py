"""Running stacks: compared with what the spec builds, and changed to match.

Only objects that obs owns are changed or deleted. Each kind of stack is a module; `plan` is pure.
"""
