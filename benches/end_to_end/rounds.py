# SPDX-License-Identifier: Apache-2.0
"""Time: variants that take turns in many short rounds, compared round by round."""

import contextlib
import math
import random
import statistics
import time

from load import KeyOperation
from variants import (
    CONSTANT, CONSTANTS, COUNTS, EACH, ESCAPED, FIRST_SEEN, FIRST_SEEN_CONSTANT, HAPROXY_PLAIN,
    HAPROXY_WITH, HEADERS, KNOWN_EACH, NGINX_PLAIN, NGINX_WITH, NONE, ORIGIN_ACCEPT,
    ORIGIN_CONSTANT, ORIGIN_OTHER, OUR_VARIABLES, PLAIN, REUSED, THEIR_VARIABLES, Compared,
    StrongPath,
)

# What the header itself costs, of each server: a name, with it, without it.
PRICES = [("mod_client_cert, reused", REUSED, PLAIN),
          ("mod_headers, escaped PEM", ESCAPED, PLAIN),
          ("nginx, escaped PEM", NGINX_WITH, NGINX_PLAIN),
          ("HAProxy, base64 of the DER", HAPROXY_WITH, HAPROXY_PLAIN)]


# After so many rounds the servers start afresh: where a process's memory happens to lie makes it
# faster or slower by a percent for as long as it lives.
ROUNDS_OF_A_PROCESS = 25


class Turn:
    """One turn of a variant: requests in a second, and microseconds of the server's CPU for each."""

    def __init__(self, load):
        load.prepare()
        before = load.server.cpu()
        seconds, count = load.run()
        # What a server still does once the last answer is there.
        time.sleep(0.001)
        self.rate = count / seconds
        self.cpu = (load.server.cpu() - before) / count * 1e6


def median(values):
    """The median, and its interval of confidence of 95 percent by the order statistics."""
    values = sorted(values)
    n = len(values)
    off = 0.98 * math.sqrt(n)
    low, high = max(0, math.floor(n / 2 - off)), min(n - 1, math.ceil(n / 2 + off) - 1)
    return statistics.median(values), values[low], values[high]


def ratio(turns, base, what):
    """The median ratio within a round."""
    return median([getattr(t, what) / getattr(b, what) for t, b in zip(turns, base)])


def difference(turns, base):
    """The median difference of the CPU time within a round."""
    return median([t.cpu - b.cpu for t, b in zip(turns, base)])


def interval(figures, digits):
    value, low, high = (f"{figure:.{digits}f}" for figure in figures)
    return f"{value} ({low} to {high})"


def take_turns(site, variants, mode, requests, options, beside=lambda: None):
    """The turns of each variant, by round; and what `beside` gave in the end of each round."""
    requests = requests // 4 if options.short else requests
    turns, more = {v: [] for v in variants}, []
    for first in range(0, options.rounds, ROUNDS_OF_A_PROCESS):
        with contextlib.ExitStack() as stack:
            order = random.sample(variants, len(variants))
            loads = {v: stack.enter_context(site.load(v, requests, mode)) for v in order}
            for load in loads.values():
                Turn(load)
            for _ in range(first, min(options.rounds, first + ROUNDS_OF_A_PROCESS)):
                for v in random.sample(variants, len(variants)):
                    turns[v].append(Turn(loads[v]))
                more.append(beside())
        site.afresh()
    return turns, more


def table(base, variants, turns):
    rows = ["| variant | requests/s | ratio (95 percent) | CPU us/request | ratio (95 percent) |",
            "| --- | ---: | --- | ---: | --- |"]
    for v in variants:
        cells = []
        for what, digits in (("rate", 0), ("cpu", 1)):
            value = statistics.median(getattr(turn, what) for turn in turns[v])
            against = ratio(turns[v], turns[base], what)
            cells += [f"{value:.{digits}f}", "1" if v is base else interval(against, 3)]
        rows.append(f"| {v.name} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def bars(base, variants, turns):
    """For the plot: the ratios of CPU time."""
    return [(v.name.strip("*"), v.ours, *ratio(turns[v], turns[base], "cpu")) for v in variants]


def simple(title, mode, requests, variants, servers=Compared):
    """A part that is one table, its first variant the one that others are compared with."""
    def part(options):
        with servers() as site:
            turns, _ = take_turns(site, variants, mode, requests, options)
        return title, table(variants[0], variants, turns), bars(variants[0], variants, turns)
    return part


def keep_alive(options):
    httpd = [CONSTANT, PLAIN, ESCAPED, NONE, REUSED, EACH]
    others = [NGINX_PLAIN, NGINX_WITH, HAPROXY_PLAIN, HAPROXY_WITH]
    with Compared() as site:
        turns, _ = take_turns(site, httpd + others, "keep-alive", 64, options)
    prices = "\n".join(f"| {name} | {interval(difference(turns[with_it], turns[without]), 1)} |"
                       for name, with_it, without in PRICES)
    text = f"""{table(CONSTANT, httpd, turns)}

{table(NGINX_PLAIN, others, turns)}

The price of the header, CPU time with it less without it:

| header | CPU us/request (95 percent) |
| --- | --- |
{prices}"""
    return "Keep-alive", text, bars(CONSTANT, httpd, turns) + bars(NGINX_PLAIN, others, turns)


def first_seen(options):
    variants = [FIRST_SEEN_CONSTANT, FIRST_SEEN, KNOWN_EACH]
    with Compared() as site, KeyOperation(site.dir / "ttrp.pem", 100) as key:
        turns, keys = take_turns(site, variants, None, 32, options, key.run)
    dearer = difference(turns[FIRST_SEEN], turns[FIRST_SEEN_CONSTANT])
    text = f"""{table(FIRST_SEEN_CONSTANT, variants, turns)}

| CPU time | us (95 percent) |
| --- | --- |
| a client never seen, more than the constant | {interval(dearer, 1)} |
| one EVP_DigestSign with the signer's key | {interval(median(keys), 1)} |"""
    return ("Clients never seen: a new connection and a certificate of its own for each request",
            text, bars(FIRST_SEEN_CONSTANT, variants, turns))


def headers(options):
    variants = [*CONSTANTS.values(), *HEADERS.values()]
    with Compared() as site:
        turns, _ = take_turns(site, variants, "keep-alive", 64, options)
    rows = ["| headers | constants, CPU us/request | reused, CPU us/request | ratio (95 percent) |",
            "| ---: | ---: | ---: | --- |"]
    for n in COUNTS:
        pair = turns[CONSTANTS[n]], turns[HEADERS[n]]
        cells = [f"{statistics.median(turn.cpu for turn in side):.1f}" for side in pair]
        rows.append(f"| {n} | " + " | ".join(cells)
                    + f" | {interval(ratio(pair[1], pair[0], 'cpu'), 3)} |")
    return "Several headers, keep-alive", "\n".join(rows), []


PARTS = {
    "keep-alive": keep_alive,
    "strong": simple("Keep-alive, mutual TLS to the backend", "keep-alive", 64,
                     [CONSTANT, PLAIN, ESCAPED, NONE, REUSED], StrongPath),
    "new": simple("New connections, full handshakes", "new", 32,
                  [CONSTANT, PLAIN, REUSED, EACH]),
    "first-seen": first_seen,
    "resumed": simple("New connections, resumed sessions", "resumed", 32,
                      [CONSTANT, PLAIN, REUSED]),
    "accept": simple("Accepting, keep-alive", "keep-alive", 64,
                     [ORIGIN_CONSTANT, ORIGIN_OTHER, ORIGIN_ACCEPT]),
    "headers": headers,
    "variables": simple("Eight variables, keep-alive", "keep-alive", 64,
                        [THEIR_VARIABLES, PLAIN, OUR_VARIABLES]),
}
