"""Compares requests and responses of AWS services with botocore's.

    python3 tests/aws_messages --program PATH            every operation of every service
    python3 tests/aws_messages --program PATH --sample 500 --seed 7
    python3 tests/aws_messages --program PATH --protocols FOLDER

PATH is the example `aws_messages` of segno-integrations. Fails if fewer than 99.9% are equal, or if one
differs that is not in `known.py`.
"""

import argparse
import collections
import json
import random
import subprocess
import sys

import incoming
import known
import outgoing
import protocols

FLOOR = 0.999


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--protocols", help="the source distribution of aiobotocore, unpacked")
    parser.add_argument("--sample", type=int, help="how many of the cases, drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=20, help="how many differences are printed")
    options = parser.parse_args()
    failed = False
    for title, module in (("requests", outgoing), ("responses", incoming)):
        makers = list(module.cases(options.seed))
        if options.sample:
            makers = random.Random(options.seed).sample(makers, options.sample)
        cases = [make() for make in makers]
        unwritten = [case for case in cases if isinstance(case, str)]
        cases = [case for case in cases if not isinstance(case, str)]
        for line in unwritten:
            print(f"SKIPPED {line}")
        failed |= report(title, cases, answers(options.program, cases), options.show, FLOOR)
    if options.protocols:
        cases = list(protocols.cases(options.protocols))
        failed |= report("protocol tests", cases, answers(options.program, cases), options.show, 0)
    sys.exit(failed)


def answers(program, cases):
    lines = "".join(json.dumps(case.line) + "\n" for case in cases)
    done = subprocess.run([program], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    found = [json.loads(line) for line in done.stdout.decode().splitlines()]
    if len(found) != len(cases):
        raise SystemExit(f"{len(cases)} cases, but {len(found)} answers")
    return found


def report(title, cases, found, show, floor):
    """Whether this is a failure."""
    counts, different, explained, unknown = collections.Counter(), [], collections.Counter(), 0
    for case, answer in zip(cases, found):
        why = case.difference(answer)
        counts[case.protocol, why is None] += 1
        if why is None:
            continue
        reason = known.reason(title, case, why)
        different.append((case, why))
        if reason:
            explained[reason] += 1
            continue
        unknown += 1
        if unknown <= show:
            print(f"DIFFERENT {title} {case.service} {case.operation} ({case.kind}, {case.protocol}): {why}")
    equal = len(cases) - len(different)
    print(f"{title}: {equal} of {len(cases)} equal ({equal / len(cases):.4%})")
    for protocol in sorted({protocol for protocol, _ in counts}):
        print(f"  {protocol}: {counts[protocol, True]} equal, {counts[protocol, False]} not")
    for reason, count in explained.items():
        print(f"  {count} differ: {reason}")
    if unknown:
        print(f"  {unknown} differ for no known reason")
    return unknown > 0 or equal < floor * len(cases)


main()
