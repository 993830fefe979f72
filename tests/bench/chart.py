"""Charts: bars in groups, as SVG, one under another."""

from html import escape

WIDTH, LABEL, VALUE = 760, 250, 110  # px: of all, of what stands left of a bar, and right of the longest
BAR, GAP, GROUP_GAP, TOP = 16, 3, 12, 56
COLOURS = ("#2a6f97", "#e07a3f", "#7a9e5b", "#8d6a9f", "#b0b0b0")
INK, FONT = "#222222", "font-family='sans-serif' font-size='12'"


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"


def text(x, y, words, anchor="start", more=""):
    return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' fill='{INK}' {FONT} {more}>{escape(words)}</text>"


def legend(series):
    x = LABEL
    for name, colour in zip(series, COLOURS):
        yield f"<rect x='{x}' y='32' width='12' height='12' fill='{colour}'/>"
        yield text(x + 17, 42, name)
        x += 30 + 7 * len(name)


def group(y, label, values, most):
    height = len(values) * (BAR + GAP) - GAP
    yield text(LABEL - 10, y + height / 2 + 4, label, "end")
    for value, colour in zip(values, COLOURS):
        width = (WIDTH - LABEL - VALUE) * value / most
        yield f"<rect x='{LABEL}' y='{y}' width='{width:.1f}' height='{BAR}' fill='{colour}'/>"
        yield text(LABEL + width + 5, y + BAR - 4, number(value))
        y += BAR + GAP


def bars(title, series, groups):
    """`groups` are (label, a value for each of the series). Each group has a scale of its own: it is its bars that are to be
    compared, and groups differ by orders of magnitude."""
    parts, y = [text(10, 20, title, more="font-weight='bold'"), *legend(series)], TOP
    for label, values in groups:
        parts += group(y, label, values, max(values))
        y += len(values) * (BAR + GAP) + GROUP_GAP
    return (f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{y}' viewBox='0 0 {WIDTH} {y}'>"
            f"<rect width='{WIDTH}' height='{y}' fill='#ffffff'/>{''.join(parts)}</svg>\n")  # fmt: skip
