"""The first spec of a system, written from what its servers and accounts tell.

A room for each platform looks, proposes SLOs and says what it could not see; `draft` is what it
gives, `text` writes the file. Nothing here is needed once the spec is there.
"""
