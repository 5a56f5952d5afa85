"""Shapes that dashboards in the wild have, made anew, with what lint must and must not say."""
