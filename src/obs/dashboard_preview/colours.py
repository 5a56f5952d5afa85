"""Grafana's colours: the names of its palette, in its dark and its light theme."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Theme = Literal["dark", "light"]

# From the lightest shade to the darkest; a theme takes five neighbours of them.
_SHADES: Final = {
    "red": ("#FFA6B0", "#FF7383", "#F2495C", "#E02F44", "#C4162A", "#AD0317"),
    "orange": ("#FFCB7D", "#FFB357", "#FF9830", "#FF780A", "#FA6400", "#E55400"),
    "yellow": ("#FFF899", "#FFEE52", "#FADE2A", "#F2CC0C", "#E0B400", "#CC9D00"),
    "green": ("#C8F2C2", "#96D98D", "#73BF69", "#56A64B", "#37872D", "#19730E"),
    "blue": ("#C0D8FF", "#8AB8FF", "#5794F2", "#3274D9", "#1F60C4", "#1250B0"),
    "purple": ("#DEB6F2", "#CA95E5", "#B877D9", "#A352CC", "#8F3BB8", "#7C2EA3"),
}
_NAMES: Final = ("super-light-", "light-", "", "semi-dark-", "dark-")
_CLASSIC: Final = (
    *("green", "semi-dark-yellow", "light-blue", "semi-dark-orange", "red", "blue", "purple"),
    *("#8F7CC0", "dark-green", "yellow", "#5195CE", "#E0752D", "#70DBED", "light-purple"),
    *("#B7DBAB", "#F4D598", "#F9BA8F", "#F29191", "#82B5D8", "#E5A8E2", "#AEA2E0"),
    *("#629E51", "#E5AC0E", "#64B0C8", "light-red", "semi-dark-purple", "#65C5DB", "#F9934E"),
)
_CONTINUOUS: Final = {
    "continuous-GrYlRd": ("green", "yellow", "red"),
    "continuous-RdYlGr": ("red", "yellow", "green"),
    "continuous-BlYlRd": ("dark-blue", "super-light-yellow", "dark-red"),
    "continuous-YlRd": ("super-light-yellow", "dark-red"),
    "continuous-BlPu": ("blue", "purple"),
    "continuous-YlBl": ("super-light-yellow", "dark-blue"),
    "continuous-blues": ("#D8E4F7", "dark-blue"),
    "continuous-reds": ("#F7D8DC", "dark-red"),
    "continuous-greens": ("#DCF2D9", "dark-green"),
    "continuous-purples": ("#EBDDF3", "dark-purple"),
}
_CSS: Final = re.compile(
    r"#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})|rgba?\([\d\s.,%]+\)|hsla?\([\d\s.,%]+\)"
)
_PLAIN: Final = {"white": "#FFFFFF", "black": "#000000", "gray": "#808080", "grey": "#808080"}


@dataclass(frozen=True, slots=True)
class Palette:
    """What a theme draws with."""

    text: str
    secondary: str
    panel: str
    raised: str
    grid: str
    names: Mapping[str, str]

    def colour(self, name: str) -> str:
        """CSS of a colour's name; the colour of text where it is none."""
        if name in self.names:
            return self.names[name]
        return name if _CSS.fullmatch(name) else self.text

    def classic(self, number: int) -> str:
        """The colour of the series with that number, from 0."""
        return self.colour(_CLASSIC[number % len(_CLASSIC)])

    def named(self, name: str) -> str:
        """The colour of a series by its name: the same wherever it is drawn."""
        value = 0
        for letter in name:
            value = (value * 31 + ord(letter)) & 0xFFFF_FFFF
        return self.classic(value)

    def between(self, mode: str, fraction: float) -> str:
        """The colour at a fraction, from 0 to 1, of a continuous scale."""
        return blended(self.scale(mode), fraction)

    def scale(self, mode: str) -> list[str]:
        """The colours that a continuous scale passes through."""
        names = _CONTINUOUS.get(mode, _CONTINUOUS["continuous-GrYlRd"])
        return [self.colour(name) for name in names]


def is_continuous(mode: str) -> bool:
    """Whether a colour mode is a scale."""
    return mode in _CONTINUOUS


def _names(theme: Theme) -> dict[str, str]:
    first = 0 if theme == "dark" else 1
    text = "rgb(204, 204, 220)" if theme == "dark" else "rgb(36, 41, 46)"
    shades = {
        f"{prefix}{hue}": shade
        for hue, all_shades in _SHADES.items()
        for prefix, shade in zip(_NAMES, all_shades[first : first + 5], strict=True)
    }
    return {**shades, **_PLAIN, "transparent": "rgba(0, 0, 0, 0)", "text": text}


PALETTES: Final[Mapping[Theme, Palette]] = {
    "dark": Palette(
        "rgb(204, 204, 220)",
        "rgba(204, 204, 220, 0.65)",
        "#181b1f",
        "#22252b",
        "rgba(204, 204, 220, 0.09)",
        _names("dark"),
    ),
    "light": Palette(
        "rgb(36, 41, 46)",
        "rgba(36, 41, 46, 0.75)",
        "#ffffff",
        "#ffffff",
        "rgba(36, 41, 46, 0.1)",
        _names("light"),
    ),
}


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of CSS; alpha is left out."""
    if colour.startswith("#"):
        digits = colour[1:]
        if len(digits) < 6:
            digits = "".join(2 * digit for digit in digits)
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    numbers = [float(number) for number in re.findall(r"[\d.]+", colour)[:3]]
    red, green, blue = (*numbers, 0.0, 0.0, 0.0)[:3]
    return round(red), round(green), round(blue)


def faded(colour: str, alpha: float) -> str:
    """The colour with an opacity from 0 to 1; what is transparent stays so."""
    if colour.endswith(", 0)"):
        return colour
    red, green, blue = rgb(colour)
    return f"rgba({red}, {green}, {blue}, {alpha:.3g})"


def blended(colours: Sequence[str], fraction: float) -> str:
    """The colour at a fraction of the way through several."""
    place = min(max(fraction, 0.0), 1.0) * (len(colours) - 1)
    first = min(int(place), len(colours) - 2) if len(colours) > 1 else 0
    here, there = rgb(colours[first]), rgb(colours[min(first + 1, len(colours) - 1)])
    rest = place - first
    parts = (round(a + (b - a) * rest) for a, b in zip(here, there, strict=True))
    return "#{:02X}{:02X}{:02X}".format(*parts)


def readable_on(colour: str) -> str:
    """Black or white, whichever is easier to read on a colour (relative luminance, WCAG 2)."""
    linear = (
        part / 3294.6 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in rgb(colour)
    )
    red, green, blue = linear
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#FFFFFF" if luminance < 0.3 else "#111217"
