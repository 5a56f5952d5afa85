"""The lease by which one of several collectors leads: who has it, kept, lost, and handed over.

One module for each kind of place where it is kept, listed in `kinds`. Nothing here knows of sources
or of what is served.
"""
