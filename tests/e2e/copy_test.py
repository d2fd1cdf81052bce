#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""onetill copy: a business moves into a database and back, row by row, while it is served, through kills, and never
over another one. And what else takes a database for its store: import, backup, the master key, passwords."""

import contextlib
import http.client
import json
import pathlib
import random
import re
import shutil
import signal
import sys

import program
from till import Client

sys.path.insert(0, str(program.ROOT / 'tests' / 'support'))
import cluster  # noqa: E402 pylint: disable=wrong-import-position

PEOPLE = 'record,shopper_id,name,balance_minor,device_id\n'


class Served:
    """A server on any place, as till.Server is one on a file. `key` is the path of its master key."""

    def __init__(self, case, place, key, *more):
        self.process = case.start_program('serve', '--store', place, '--key', key, '--listen', '127.0.0.1:0', *more)
        case.addCleanup(self.close)
        ready = self.process.stdout.readline().split()
        if not ready:
            raise AssertionError(self.process.communicate()[1])
        self.port = int(ready[1].rsplit(':', 1)[1])
        stem = place if '://' not in place else re.sub(r'\.key$', '', str(key))
        self.operator = Client(self, pathlib.Path(f'{stem}.operator-token').read_text(encoding='ascii').strip())

    def connect(self):
        return http.client.HTTPConnection('127.0.0.1', self.port, timeout=30)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(60)

    def close(self):
        self.operator.close()
        self.process.kill()
        self.process.communicate()


class Copy(program.Case):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cluster.joined()
        cls.addClassCleanup(cls.cluster.close)
        maker = program.Case()
        maker.setUp()
        cls.addClassCleanup(shutil.rmtree, maker.folder, ignore_errors=True)
        done = maker.run_program('bench', '--seconds', 1, '--warmup', 0, '--shoppers', 3000, '--shops', 20,
                                 '--connections', 8, '--store', maker.folder / 'city.till', '--no-audit')
        assert done.returncode == 0, done.stderr
        cls.city = maker.folder / 'city.till'

    def setUp(self):
        super().setUp()
        self.file = str(self.folder / 'a.till')
        self.back = str(self.folder / 'b.till')
        shutil.copy(self.city, self.file)
        shutil.copy(f'{self.city}.key', f'{self.file}.key')
        self.place = self.cluster.database()
        self.addCleanup(self.cluster.drop, self.place)
        self.key = str(self.folder / 'a.till.key')

    def carry(self, source, destination, *more, status=0):
        done = self.run_program('copy', '--from', source, '--to', destination, '--json', *more)
        self.assertEqual(status, done.returncode, done.stderr)
        self.said = done.stderr
        return json.loads(done.stdout)

    def business(self, store):
        """All rows of a file but those about the file itself."""
        lines = self.rows(store).splitlines()
        other = re.compile(r'INTO "?(meta|onetill_migrations)"?|CREATE |PRAGMA')
        return sorted(line for line in lines if not other.search(line))

    def holds(self, place):
        verdict, status = self.audit(place)
        self.assertEqual((True, 0), (verdict['ok'], status), verdict)
        return verdict['transfers']

    # ---- there and back ----

    def test_there_and_back_every_row_is_the_same(self):
        went = self.carry(self.file, self.place)
        self.assertTrue(went['ok'] and went['same'] and went['source_holds'] and went['copy_holds'])
        self.assertEqual((went['rows'], 0, 0), (went['added'], went['changed'], went['removed']))
        self.assertGreater(went['rows'], 9000)
        came = self.carry(self.place, self.back)
        self.assertEqual(went['rows'], came['rows'])
        self.assertEqual(self.business(self.file), self.business(self.back))
        self.assertEqual(self.holds(self.file), self.holds(self.place))
        again = self.carry(self.file, self.place)
        self.assertEqual([went['rows'], 0, 0, 0], [again[name] for name in ('rows', 'added', 'changed', 'removed')])

    def test_a_row_that_was_tampered_with_is_carried_anew(self):
        self.carry(self.file, self.place)
        rows = self.cluster.sql('SELECT count(*) FROM shoppers', self.place)
        self.cluster.sql("UPDATE shoppers SET name = 'somebody else' WHERE shopper_id % 7 = 3", self.place)
        self.cluster.sql('DELETE FROM shoppers WHERE shopper_id % 7 = 4', self.place)
        self.cluster.sql('UPDATE devices SET shopper_id = shopper_id + 1 WHERE device_id % 11 = 0', self.place)
        again = self.carry(self.file, self.place)
        self.assertTrue(again['same'])
        self.assertGreater(again['added'], 300)
        self.assertGreater(again['changed'], 300)
        self.assertEqual(rows, self.cluster.sql('SELECT count(*) FROM shoppers', self.place))
        self.carry(self.place, self.back)
        self.assertEqual(self.business(self.file), self.business(self.back))

    def test_once_while_it_is_served_and_once_more(self):
        till = Served(self, self.file, self.key)
        self.carry(self.file, self.place)
        for number in range(50):
            till.operator.must('POST', '/v1/merchants', {'merchant_id': str(900000 + number), 'name': f'M {number}'})
        meanwhile = self.carry(self.file, self.place)
        self.assertGreaterEqual(meanwhile['added'], 50)
        self.assertEqual(0, till.stop())
        last = self.carry(self.file, self.place)
        self.assertTrue(last['same'])
        self.assertLess(last['added'], 50)
        moved = Served(self, self.place, self.key)
        self.assertEqual('M 49', moved.operator.must('GET', '/v1/merchants/900049')['name'])
        moved.operator.must('POST', '/v1/merchants', {'merchant_id': '910000', 'name': 'of the database'})
        self.assertEqual(0, moved.stop())
        self.holds(self.place)
        self.carry(self.place, self.file, '--overwrite')
        till = Served(self, self.file, self.key)
        self.assertEqual('of the database', till.operator.must('GET', '/v1/merchants/910000')['name'])

    def test_a_database_in_partitions(self):
        self.carry(self.file, self.place, '--partitions', 8)
        self.assertEqual('8', self.cluster.sql('SELECT count(DISTINCT p) FROM shoppers', self.place))
        till = Served(self, self.place, self.key, '--value-lists')
        till.operator.must('POST', '/v1/merchants', {'merchant_id': '910000', 'name': 'M'})
        self.assertEqual(8, len(till.operator.must('GET', '/v1/campaigns?limit=8')['data']))
        self.assertEqual(0, till.stop())
        self.holds(self.place)
        came = self.carry(self.place, self.back)
        self.assertEqual(came['rows'], self.carry(self.back, self.place, '--overwrite')['rows'])

    # ---- kills ----

    def killed(self, source, destination):
        """Copies that end at some moment: how many of them were killed before they were done."""
        dice, count = random.Random(7), 0
        for _ in range(6):
            running = self.start_program('copy', '--from', source, '--to', destination, '--json', '--no-audit',
                                         '--overwrite')
            with contextlib.suppress(Exception):
                running.wait(dice.random() * 0.3)
            running.send_signal(signal.SIGKILL)
            running.communicate()
            count += running.returncode != 0
        return count

    def test_a_kill_leaves_it_unfinished_and_the_next_goes_on(self):
        for destination in (self.place, self.back):
            self.assertGreater(self.killed(self.file, destination), 0)
            whole = self.carry(self.file, destination)
            self.assertTrue(whole['same'])
        self.assertEqual(self.business(self.file), self.business(self.back))

    def test_who_is_told_to_end_says_so(self):
        for source, destination in ((self.file, self.place), (self.place, self.back)):
            for tries in range(20):  # later and later, whatever the machine's pace: after its start, before its end
                running = self.start_program('copy', '--from', source, '--to', destination, '--overwrite', '--quiet')
                with contextlib.suppress(Exception):
                    running.wait(0.02 * (tries + 1))
                running.send_signal(signal.SIGINT)
                said = running.communicate()[1]
                if 'interrupted' in said:
                    break
            self.assertEqual(3, running.returncode, said)
            self.assertIn('interrupted; the same command goes on from here', said)
            self.assertTrue(self.carry(source, destination)['same'])

    def test_what_is_unfinished_is_served_by_nobody(self):
        self.carry(self.file, self.place)
        self.carry(self.file, self.back)
        self.cluster.sql("UPDATE onetill_meta SET value = 1 WHERE name = 'copy_open'", self.place)
        with program.sqlite3.connect(self.back) as database:
            database.execute("UPDATE meta SET value = 1 WHERE name = 'copying'")
        for place in (self.place, self.back):
            done = self.run_program('serve', '--store', place, '--key', self.key, '--listen', '127.0.0.1:0')
            self.assertEqual(3, done.returncode)
            self.assertIn('not finished', done.stderr)
            self.assertTrue(self.carry(self.file, place)['ok'])
            Served(self, place, self.key).stop()

    # ---- never over another business ----

    def test_another_business_is_not_written_over(self):
        people = self.folder / 'people.csv'
        people.write_text(PEOPLE + 'shopper,77,Somebody,100,\n', encoding='ascii')
        for place in (self.place, self.back):
            self.assertEqual(0, self.run_program('import', people, '--store', place, '--quiet').returncode)
            self.assertFalse(self.carry(self.file, place, status=3)['ok'])
            self.assertIn('holds a business of its own', self.said)
            self.assertTrue(self.carry(self.file, place, '--overwrite')['ok'])

    def test_one_that_was_served_since_is_not_written_over(self):
        self.carry(self.file, self.place)
        till = Served(self, self.place, self.key)
        self.carry(self.file, self.place, status=3)
        self.assertIn('served', self.said)
        till.operator.must('POST', '/v1/merchants', {'merchant_id': '910000', 'name': 'new'})
        self.assertEqual(0, till.stop())
        self.carry(self.file, self.place, status=3)
        self.assertIn('was served since it was copied into', self.said)
        self.assertEqual('1', str(self.cluster.sql('SELECT count(*) FROM merchants WHERE merchant_id = 910000',
                                                   self.place)).strip())

    def test_what_makes_no_sense(self):
        for arguments in ((), ('--from', self.file), ('--from', self.file, '--to', self.file),
                          ('--from', 'absent.till', '--to', self.back), ('--from', 'memory:', '--to', self.back),
                          ('--from', 'env:NOT_THERE', '--to', self.back)):
            self.assertEqual(2, self.run_program('copy', *arguments).returncode, arguments)
        self.assertFalse(pathlib.Path(self.back).exists())

    # ---- import, backup ----

    def test_an_import_is_tried_first(self):
        people = self.folder / 'people.csv'
        people.write_text(PEOPLE + ''.join(f'shopper,{500000 + i},P {i},{100 + i},{800000000 + i}\n'
                                           for i in range(200)), encoding='ascii')
        self.carry(self.file, self.place)
        before = self.holds(self.place)
        bad = self.folder / 'bad.csv'
        bad.write_text(PEOPLE + 'shopper,600000,Fine,100,\nshopper,600001,Taken,1,800000007\n', encoding='ascii')
        till = Served(self, self.place, self.key)
        for more in (('--check',), (), ()):
            done = self.run_program('import', people, '--store', self.place, '--quiet', *more)
            self.assertEqual((0, ''), (done.returncode, done.stderr))
            self.assertEqual(before + (0 if more else 200), self.holds(self.place))
        self.assertEqual('P 7', till.operator.must('GET', '/v1/shoppers/500007')['name'])
        done = self.run_program('import', bad, '--store', self.place, '--quiet')
        self.assertEqual(1, done.returncode)
        self.assertIn('bad.csv:3: device_id', done.stderr)
        self.assertIn('nothing was imported', done.stderr)
        self.assertEqual(404, till.operator.get('/v1/shoppers/600000').status)
        done = self.run_program('import', bad, '--store', self.place, '--quiet', '--no-trial')
        self.assertEqual(1, done.returncode)
        self.assertIn('the other lines are imported', done.stderr)
        self.assertEqual('Fine', till.operator.must('GET', '/v1/shoppers/600000')['name'])

    def test_a_backup_is_a_file_of_one_moment(self):
        self.carry(self.file, self.place)
        till = Served(self, self.place, self.key)
        done = self.run_program('backup', '--store', self.place, '--to', self.back, '--quiet')
        self.assertEqual((0, ''), (done.returncode, done.stderr))
        self.assertEqual(0, till.stop())
        self.assertEqual(self.business(self.file), self.business(self.back))
        self.assertEqual([], sorted(path.name for path in self.folder.glob('b.till.partial*')))
        done = self.run_program('backup', '--store', self.place, '--to', self.back, '--quiet')
        self.assertEqual(3, done.returncode)
        self.assertIn('exists already', done.stderr)

    # ---- keys and passwords ----

    def test_only_the_key_that_the_database_knows(self):
        first = self.folder / 'first.key'
        self.assertEqual(0, Served(self, self.place, first).stop())
        done = self.run_program('serve', '--store', self.place, '--key', self.folder / 'absent.key')
        self.assertEqual(3, done.returncode)
        self.assertIn('has a master key', done.stderr)
        self.assertFalse((self.folder / 'absent.key').exists())
        done = self.run_program('serve', '--store', self.place, '--key', self.key)
        self.assertEqual(3, done.returncode)
        self.assertIn('is not the master key', done.stderr)
        self.assertEqual(0, Served(self, self.place, first).stop())

    def test_the_keys_of_the_platform_go_along(self):
        done = self.run_program('app', 'add', '--name', 'POS', '--merchant', 1, '--shop', 1, '--store', self.file,
                                '--keys', self.folder)
        self.assertEqual(0, done.returncode, done.stderr)
        keys = pathlib.Path(f'{self.file}.platform-keys').read_text(encoding='ascii')
        self.carry(self.file, self.place)
        served = self.folder / 'served.key'
        shutil.copy(self.key, served)
        till = Served(self, self.place, served)
        said = till.operator.must('GET', '/v1/alipay/platform')
        self.assertIn(said['alipay_public_key'], done.stdout)
        self.assertEqual(0, till.stop())
        self.carry(self.place, self.back, '--key', served)
        self.assertEqual(keys, pathlib.Path(f'{self.back}.platform-keys').read_text(encoding='ascii'))
        done = self.run_program('serve', '--store', self.place, '--key', self.folder / 'another.key')
        self.assertIn('has a master key', done.stderr, 'the copy told the database')

    def test_an_app_is_added_to_a_database_while_it_is_served(self):
        self.carry(self.file, self.place)
        served = self.folder / 'served.key'
        shutil.copy(self.key, served)
        till = Served(self, self.place, served)
        for name in ('POS', 'ERP'):
            done = self.run_program('app', 'add', '--name', name, '--merchant', 1, '--shop', 1, '--store', self.place,
                                    '--key', served, '--keys', self.folder)
            self.assertEqual(0, done.returncode, done.stderr)
            app_id = done.stdout.split()[1]
            self.assertEqual(name, till.operator.must('GET', f'/v1/apps/{app_id}')['name'])
        self.assertEqual(0, till.stop())

    def test_a_password_is_shown_to_nobody(self):
        secret = 'xq%37zUnsaid'
        for where in (f'postgres://nobody:{secret}@127.0.0.1:1/x', f'postgres://nobody@127.0.0.1:1/x?password={secret}',
                      f'postgres://nobody:{secret}@127.0.0.1:no/x', f'postgres://nobody:{secret}@/x?nonsense=1'):
            for command in (('serve', '--store', where), ('audit', '--store', where),
                            ('copy', '--from', where, '--to', self.back), ('copy', '--from', self.file, '--to', where)):
                done = self.run_program(*command)
                self.assertEqual(3, done.returncode, command)
                for text in (secret, 'xq7zUnsaid'):
                    self.assertNotIn(text, done.stdout + done.stderr)
        mark = '&' if '?' in self.place else '?'
        till = Served(self, f'{self.place}{mark}password={secret}', self.folder / 'p.key')
        shown = pathlib.Path(f'/proc/{till.process.pid}/cmdline').read_text(encoding='utf-8')
        self.assertNotIn(secret, shown)
        self.assertIn('password=*', shown)

    def test_a_place_may_stand_in_the_environment(self):
        program.os.environ['ONETILL_TEST_PLACE'] = self.place
        self.addCleanup(program.os.environ.pop, 'ONETILL_TEST_PLACE')
        self.assertTrue(self.carry(self.file, 'env:ONETILL_TEST_PLACE')['ok'])
        self.holds(self.place)


if __name__ == '__main__':
    program.run_tests(Copy)
