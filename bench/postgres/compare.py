#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Durable payments a second on PostgreSQL: Onetill over HTTP beside a payment function written by hand (payment.sql)
under pgbench, on one server with the same settings, in one run, by turns. Starts a cluster of its own on the disk.

  bench/postgres/compare.py [--onetill PROGRAM] [--seconds N] [--rounds N] [--clients N,N…]
                            [--connections N,N…] [--json]

The hand-written function is given its best number of clients and prepared statements over a Unix socket, no HTTP; what
it leaves out is said in payment.sql. Onetill's figure includes its HTTP server and the load generator, all on the same
processors; each payment that counts is looked up in the database afterwards, and the books are audited.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / 'tests' / 'support'))
import cluster  # noqa: E402  pylint: disable=wrong-import-position

SETTINGS = {'shared_buffers': '512MB', 'max_wal_size': '8GB', 'checkpoint_timeout': '15min', 'wal_level': 'replica',
            'synchronous_commit': 'on', 'dynamic_shared_memory_type': 'posix'}


def options_parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--onetill', default=str(ROOT / 'build/src/app/onetill'))
    parser.add_argument('--seconds', type=int, default=10)
    parser.add_argument('--rounds', type=int, default=2)
    parser.add_argument('--clients', default='4,8,16,32', help='of pgbench')
    parser.add_argument('--connections', default='64,256,512', help='of onetill bench')
    parser.add_argument('--json', action='store_true')
    return parser.parse_args()


def say(text):
    print(text, file=sys.stderr, flush=True)


def by_hand(place, kind, clients, seconds):
    command = ['pgbench', '-n', '-M', 'prepared', '-c', str(clients), '-j', '2', '-T', str(seconds),
               '-f', str(HERE / f'{kind}.pgbench'), place]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    failed = re.search(r'number of failed transactions: (\d+)', done.stdout)
    assert failed is None or failed.group(1) == '0', done.stdout
    return float(re.search(r'^tps = ([\d.]+)', done.stdout, re.MULTILINE).group(1))


def by_onetill(program, server, kind, connections, seconds):
    """A fresh database each time, as the hand-written one is never asked to grow old either."""
    place = server.database()
    command = [program, 'bench', '--store', place, '--budget', kind, '--connections', str(connections),
               '--seconds', str(seconds), '--warmup', '15', '--json']
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f'onetill bench ended with {done.returncode}:\n{done.stderr[-2000:]}')
    server.drop(place)
    return json.loads(done.stdout)


def compare(options, server, kind):
    hand_place = server.database()
    for script in ('payment.sql', 'fill.sql'):
        subprocess.run(['psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', str(HERE / script), hand_place], check=True)
    hand, till = {}, {}
    for number in range(options.rounds):
        for clients in map(int, options.clients.split(',')):
            rate = by_hand(hand_place, kind, clients, options.seconds)
            hand.setdefault(clients, []).append(rate)
            say(f'{kind:6} round {number + 1}  by hand, {clients:3} clients      {rate:9,.0f} a second')
        for connections in map(int, options.connections.split(',')):
            told = by_onetill(options.onetill, server, kind, connections, options.seconds)
            till.setdefault(connections, []).append(told)
            say(f'{kind:6} round {number + 1}  Onetill, {connections:3} connections  '
                f'{told["payments_per_second"]:9,.0f} a second')
    server.drop(hand_place)
    best_hand = max(sum(rates) / len(rates) for rates in hand.values())
    best_till = max(sum(run['payments_per_second'] for run in runs) / len(runs) for runs in till.values())
    return {'by_hand': hand, 'onetill': till, 'best_by_hand': best_hand, 'best_onetill': best_till,
            'ratio': best_till / best_hand}


def main():
    options = options_parse()
    with tempfile.TemporaryDirectory(prefix='onetill-bench-', dir=os.environ.get('TMPDIR', '/var/tmp')) as folder:
        os.chmod(folder, 0o755)
        server = cluster.Cluster(durable=True, options=SETTINGS, within=folder)
        try:
            result = {kind: compare(options, server, kind) for kind in ('hot', 'spread')}
        finally:
            server.close()
    for kind, part in result.items():
        say(f'{kind:6} budget: by hand {part["best_by_hand"]:,.0f}, Onetill {part["best_onetill"]:,.0f} a second: '
            f'{part["ratio"]:.1f} times')
    if options.json:
        print(json.dumps(result))


if __name__ == '__main__':
    main()
