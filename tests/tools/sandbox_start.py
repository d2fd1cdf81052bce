#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long `onetill serve --sandbox` takes to be ready, and what it holds in memory then.

Starts it so many times, one after the other, each with a new store; from the start of the process to its ready line,
to the first answer over HTTP. Prints medians and the whole range. `--most-ms N` fails when the median is above it.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]


def resident_kb(pid):
    for line in pathlib.Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith('VmRSS:'):
            return int(line.split()[1])
    raise RuntimeError('the process tells nothing of its memory')


def start_once(program, options):
    """Milliseconds to the ready line, to an answer, and resident kB after it."""
    begun = time.monotonic()
    command = [program, 'serve', '--sandbox', '--listen', '127.0.0.1:0', *options]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as child:
        try:
            url = None
            for line in child.stdout:
                if line.startswith('ready '):
                    url = line.split()[1]
                    break
            if url is None:
                raise RuntimeError('it did not get ready')
            ready = time.monotonic()
            with urllib.request.urlopen(url + '/healthz', timeout=10) as answer:
                answer.read()
            answered = time.monotonic()
            return (ready - begun) * 1000, (answered - begun) * 1000, resident_kb(child.pid)
        finally:
            child.terminate()
            child.wait(timeout=30)


def say(name, values, unit):
    print(f'{name:<16} median {statistics.median(values):8.1f} {unit}   {min(values):.1f} to {max(values):.1f}')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('program', nargs='?', default=ROOT / 'build' / 'src' / 'app' / 'onetill')
    parser.add_argument('--runs', type=int, default=21)
    parser.add_argument('--most-ms', type=float, help='fail when the median to the ready line is above')
    parser.add_argument('--store', choices=['file', 'memory'], default='file')
    chosen = parser.parse_args()
    options = ['--store', 'memory:'] if chosen.store == 'memory' else []
    runs = [start_once(str(chosen.program), options) for _ in range(chosen.runs)]
    ready, answered, memory = zip(*runs)
    print(f'onetill serve --sandbox, {chosen.store} store, {chosen.runs} starts')
    say('ready line', ready, 'ms')
    say('first answer', answered, 'ms')
    say('resident memory', [kb / 1024 for kb in memory], 'MB')
    sys.exit(chosen.most_ms is not None and statistics.median(ready) > chosen.most_ms)


if __name__ == '__main__':
    main()
