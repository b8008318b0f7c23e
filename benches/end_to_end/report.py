# SPDX-License-Identifier: Apache-2.0
"""What was measured, as it stands in docs/: a page, a plot, and the figures for both."""

import html
import json

from servers import ROOT

FIGURES = ROOT / "docs/performance-measured.json"
PAGE = ROOT / "docs/performance-measured.md"
PLOT = ROOT / "docs/performance.svg"


def markdown(section):
    return f"\n## {section['title']}\n\n{section['text']}\n\n{section['conditions']}."


def write(sections, order):
    """Replaces these sections, and leaves the others as they are."""
    known = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    known.update(sections)
    known = {name: known[name] for name in order if name in known}
    FIGURES.write_text(json.dumps(known, indent=1) + "\n")
    PAGE.write_text("<!-- Written by ./run bench --write. -->\n\n# Measured end to end\n\n"
                    "![CPU time](performance.svg)\n" + "\n".join(map(markdown, known.values()))
                    + "\n")
    PLOT.write_text(plot([section for section in known.values() if section["bars"]]))


def plot(sections):
    """The ratios of CPU time, each with its interval, as SVG."""
    left, width, line, most = 330, 380, 22, 3.0
    shapes, y = [], 20

    def place(ratio):
        return left + min(ratio, most) / most * width

    for section in sections:
        shapes.append(f'<text x="8" y="{y + 14}" font-weight="bold">'
                      f'{html.escape(section["title"].split(":")[0])}</text>')
        y += line
        for name, ours, value, low, high in section["bars"]:
            shapes.append(f'<text x="16" y="{y + 14}">{html.escape(name)}</text>'
                          f'<rect x="{left}" y="{y + 3}" width="{place(value) - left:.1f}" '
                          f'height="14" fill="{"#2a6fb0" if ours else "#9aa5b1"}"/>'
                          f'<line x1="{place(low):.1f}" x2="{place(high):.1f}" y1="{y + 10}" '
                          f'y2="{y + 10}" stroke="black" stroke-width="2"/>'
                          f'<text x="{place(max(value, high)) + 6:.1f}" y="{y + 14}">'
                          f'{value:.2f}</text>')
            y += line
        y += 8
    one = place(1)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 60}" '
            f'height="{y + 26}" font-family="sans-serif" font-size="12">'
            '<rect width="100%" height="100%" fill="white"/>'
            f'<line x1="{one}" x2="{one}" y1="10" y2="{y}" stroke="#c33" stroke-dasharray="4 3"/>'
            + "".join(shapes)
            + f'<text x="{left}" y="{y + 16}">CPU time for a request, against that of the same '
            'without (1)</text></svg>\n')
