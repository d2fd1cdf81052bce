#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""serve --read-store: lists come from a replica and say how old they may be; what is decided never does; and when the
replica stands still or is away, nobody is told less than the truth."""

import http.client
import json
import pathlib
import re
import signal
import sys
import time

import program
from till import Client

sys.path.insert(0, str(program.ROOT / 'tests' / 'support'))
import cluster  # noqa: E402 pylint: disable=wrong-import-position

AGE = 'onetill-read-age-ms'
WAIT_S = 20


class Server:
    def __init__(self, case, *arguments):
        key = case.folder / 'till.key'
        self.process = case.start_program('serve', '--key', key, '--listen', '127.0.0.1:0', *arguments)
        case.addCleanup(self.close)
        ready = self.process.stdout.readline().split()
        if not ready:
            raise AssertionError(self.process.communicate()[1])
        self.port = int(ready[1].rsplit(':', 1)[1])
        token = pathlib.Path(f'{case.folder}/till.operator-token').read_text(encoding='ascii').strip()
        self.operator = Client(self, token)

    def connect(self):
        return http.client.HTTPConnection('127.0.0.1', self.port, timeout=30)

    def close(self):
        self.operator.close()
        self.process.kill()
        self.process.communicate()

    def second(self):
        """The next news of the live page."""
        connection = self.connect()
        connection.request('GET', '/v1/live')
        with connection.getresponse() as stream:
            for line in stream:
                if line == b'event: second\n':
                    return json.loads(stream.readline()[len(b'data: '):])
        raise AssertionError('the stream ended')

    def metric(self, name):
        text = self.operator.send('GET', '/metrics').body.decode()
        return float(re.search(rf'^{name} (.*)$', text, re.MULTILINE)[1])


class Reads(program.Case):
    def setUp(self):
        super().setUp()
        self.primary = cluster.Cluster(replicated=True)
        self.addCleanup(self.primary.close)
        self.place = self.primary.database()
        self.replica = self.primary.standby()
        self.addCleanup(self.replica.close)
        self.read_place = self.place.replace(cluster.urllib.parse.quote(str(self.primary.folder), safe=''),
                                             cluster.urllib.parse.quote(str(self.replica.folder), safe=''))
        self.assertNotEqual(self.place, self.read_place)
        self.server = Server(self, '--store', self.place, '--read-store', self.read_place)
        self.till = self.server.operator
        self.till.must('POST', '/v1/merchants', {'merchant_id': '1', 'name': 'M'})
        self.count = 0

    def shop(self):
        self.count += 1
        self.till.must('POST', '/v1/shops', {'shop_id': str(self.count), 'merchant_id': '1', 'name': f'S {self.count}'})

    def listed(self):
        """How many shops the list has, and how old it may be in ms; None: nobody says so."""
        answer = self.till.send('GET', '/v1/merchants/1/shops?limit=100')
        self.assertEqual(200, answer.status, answer)
        age = answer.headers.get(AGE)
        return len(answer.json['data']), None if age is None else int(age)

    def await_listed(self, count, replica):
        give_up = time.monotonic() + WAIT_S
        while True:
            shops, age = self.listed()
            if shops == count and (age is not None) == replica:
                return
            self.assertLess(time.monotonic(), give_up, f'{shops} shops, age {age}')
            time.sleep(0.02)

    def test_lists_say_how_old_they_are(self):
        self.shop()
        self.await_listed(1, True)
        self.assertGreater(self.server.metric('onetill_replica_reads_total'), 0)
        self.assertIsInstance(self.server.second()['read_age_ms'], int)
        refused = self.till.send('GET', '/v1/merchants/1/shops?limit=0')
        self.assertEqual(422, refused.status)

    def test_the_audit_of_a_replica(self):
        self.shop()
        self.server.process.send_signal(signal.SIGTERM)
        self.assertEqual(0, self.server.process.wait(30))
        written = self.primary.sql('SELECT pg_current_wal_lsn()')
        marks = f"SELECT pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '{written}') >= 0"
        give_up = time.monotonic() + WAIT_S
        while self.replica.sql(marks) != 't':
            self.assertLess(time.monotonic(), give_up)
            time.sleep(0.02)
        here, there = self.audit(self.place), self.audit(self.read_place)
        self.assertEqual((True, 0), (there[0]['ok'], there[1]), there)
        self.assertGreater(there[0]['checks'], 0)
        self.assertEqual(here[0]['checks'], there[0]['checks'])

    def test_a_replica_that_stands_still(self):
        self.shop()
        self.await_listed(1, True)
        self.replica.sql('SELECT pg_wal_replay_pause()')
        paused = time.monotonic()
        time.sleep(0.2)
        self.shop()
        self.assertEqual('S 2', self.till.must('GET', '/v1/shops/2')['name'])  # decided, not read
        for _ in range(10):
            least = (time.monotonic() - paused - 0.2) * 1000
            shops, age = self.listed()
            self.assertEqual(1, shops)
            self.assertGreaterEqual(age, least)
            time.sleep(0.15)
        self.assertGreaterEqual(self.server.metric('onetill_replica_age_seconds'), 1)
        self.assertGreaterEqual(self.server.second()['read_age_ms'], 1000)
        self.replica.sql('SELECT pg_wal_replay_resume()')
        self.await_listed(2, True)

    def test_without_the_replica(self):
        self.shop()
        self.await_listed(1, True)
        self.primary.sql("ALTER SYSTEM SET synchronous_standby_names = ''")
        self.primary.sql('SELECT pg_reload_conf()')
        self.replica.stop('immediate')
        self.shop()
        self.assertEqual((2, None), self.listed())
        self.replica.start()
        self.await_listed(2, True)


if __name__ == '__main__':
    program.run_tests(Reads)
