#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a payment costs PostgreSQL: CPU of each of its processes, and time, rows and log of each statement, a payment.

  bench/postgres/spent.py [--onetill PROGRAM] [--budget hot|spread] [--connections N] [--shoppers N] [--seconds N]
                          [--warm PAYMENTS]

Runs `onetill bench` on a cluster of its own and looks at a part of the measured time, once so many payments were made
that all shoppers' rows are in memory. CPU is what the scheduler gave to a process: it holds on a machine that has other
things to do as well, as rates do not. Statements' times are by the clock, with all that a process had to wait.
Needs the extension pg_stat_statements.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / 'tests' / 'support'))
import cluster  # noqa: E402  pylint: disable=wrong-import-position
import compare  # noqa: E402  pylint: disable=wrong-import-position

SETTINGS = {**compare.SETTINGS, 'shared_preload_libraries': 'pg_stat_statements'}
COPIED = """SELECT coalesce(sum(rows), 0) FROM pg_stat_statements WHERE query LIKE 'COPY "trades"%'"""
STATEMENTS = """SELECT total_exec_time * 1000, calls, rows, wal_bytes, left(regexp_replace(query, '\\s+', ' ', 'g'), 70)
    FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 24"""
HOT = """SELECT relname, round(100.0 * n_tup_hot_upd / n_tup_upd, 1) FROM pg_stat_user_tables WHERE n_tup_upd > 1000
    ORDER BY n_tup_upd DESC"""


def options_parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--onetill', default=str(ROOT / 'build/src/app/onetill'))
    parser.add_argument('--budget', default='hot', choices=('hot', 'spread'))
    parser.add_argument('--connections', type=int, default=256)
    parser.add_argument('--shoppers', type=int, default=100000)
    parser.add_argument('--seconds', type=float, default=4)
    parser.add_argument('--warm', type=int, default=180000)
    return parser.parse_args()


def cpu_of(server, place):
    """Nanoseconds that each process of the server has run, by its number, and what it is for."""
    names = dict(line.split('|', 1) for line in server.sql(
        "SELECT pid, CASE WHEN application_name = '' THEN backend_type ELSE application_name END FROM "
        'pg_stat_activity', place).splitlines())
    spent = {}
    for number, name in names.items():
        try:
            spent[number] = (name, int(pathlib.Path(f'/proc/{number}/schedstat').read_text('ascii').split()[0]))
        except OSError:
            continue  # it has ended
    return spent


def look(options, server, place, bench):
    """Waits until it is warm, then for the time that is looked at."""
    while int(server.sql(COPIED, place)) < options.warm:
        if bench.poll() is not None:
            raise SystemExit('the run ended before it was warm: fewer shoppers, or a smaller --warm')
        time.sleep(0.25)
    server.sql('SELECT pg_stat_statements_reset()', place)
    before, start = cpu_of(server, place), time.monotonic()
    time.sleep(options.seconds)
    after, seconds = cpu_of(server, place), time.monotonic() - start
    payments = max(1, int(server.sql(COPIED, place)))
    rows = [line.split('|', 4) for line in server.sql(STATEMENTS, place).splitlines()]
    print(f'{payments:,} payments in {seconds:.1f} s')
    for number, (name, spent) in after.items():
        each = (spent - before.get(number, (name, 0))[1]) / payments / 1000
        if each >= 0.2:
            print(f'{each:8.2f} us of CPU a payment  {name}')
    for spent, calls, count, log, text in rows:
        count = int(count)
        print(f'{float(spent) / payments:8.2f} us by the clock  {count / payments:5.2f} rows  '
              f'{float(spent) / max(1, count):7.2f} us a row  {int(log) / max(1, count):5.0f} bytes of log  '
              f'{int(calls):6} times  {text}')
    print('updates that stayed in their page, %:', server.sql(HOT, place).replace('\n', ', ').replace('|', ' '))


def main():
    options = options_parse()
    with tempfile.TemporaryDirectory(prefix='onetill-bench-', dir=os.environ.get('TMPDIR', '/var/tmp')) as folder:
        os.chmod(folder, 0o755)
        server = cluster.Cluster(durable=True, options=SETTINGS, within=folder)
        try:
            place = server.database()
            server.sql('CREATE EXTENSION pg_stat_statements', place)
            command = [os.path.abspath(options.onetill), 'bench', '--store', place, '--budget', options.budget,
                       '--connections', str(options.connections), '--shoppers', str(options.shoppers),
                       '--warmup', '60', '--seconds', '5', '--no-audit']
            scratch = {**os.environ, 'TMPDIR': folder}  # what a run that is ended early leaves goes with it
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
                                  env=scratch) as bench:
                try:
                    look(options, server, place, bench)
                finally:
                    bench.terminate()
        finally:
            server.close()


if __name__ == '__main__':
    main()
