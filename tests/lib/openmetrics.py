#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0

"""Reads an exposition in the OpenMetrics text format as Prometheus' own library does, and prints its
samples as JSON: {"name{label=value,...}": number}, labels in the order of their names.

The exit status is not 0 where it is no valid one.
"""

import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

samples = {}
for family in text_string_to_metric_families(sys.stdin.read()):
    if not family.documentation:
        sys.exit(f"{family.name} has no HELP")
    for sample in family.samples:
        labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
        key = f"{sample.name}{{{labels}}}" if labels else sample.name
        if key in samples:
            sys.exit(f"{key} is there twice")
        samples[key] = sample.value
json.dump(samples, sys.stdout)
