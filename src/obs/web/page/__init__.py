"""The status page, written whole by the collector: it shows its numbers without a script.

`content` is what a page is made of, and what the kinds of source fill with their objects;
`document` puts it together. The script only fetches the page again, replaces what has changed and
counts ages.
"""
