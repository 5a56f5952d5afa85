"""The reference pages of the documentation, made from the declarations of obs.

Each module turns declarations of one kind into Markdown, and reads nothing else; `pages` has all
pages by path, `write` puts them where Sphinx finds them. Nothing here is part of the package.
"""
