"""What may not be shown: secrets, and text of other systems that is not one plain line.

Every secret is remembered where it is read (`known`), and found again in each encoding in which it
is sent (`encodings`). What is a secret by its form is found without being known (`shapes`). Errors,
log lines and the terminal pass through `text`.
"""
