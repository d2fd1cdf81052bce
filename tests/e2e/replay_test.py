#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""onetill replay: what the till reports is what the data says, for made-up shops and, where it is, for real ones."""

import csv
import json
import lzma
import sys

import program

sys.path.insert(0, str(program.ROOT / 'tests' / 'support'))
import cluster  # noqa: E402 pylint: disable=wrong-import-position

SHOPS = '3,湖州,885,8,4,12,2,美食,休闲茶饮,饮品/甜点\n7,,64,19,,,1,超市便利店,超市,\n12,"a" city,1,,,,0,,,\n'
COUNTS = 'shop_id,date,pays\n3,2016-02-28,40\n3,2016-02-29,300\n7,2016-02-29,1\n12,2016-03-01,0\n12,2016-03-02,25\n'


class Replay(program.Case):
    def data(self, shops=SHOPS, counts=COUNTS):
        (self.folder / 'shop_info.txt.xz').write_bytes(lzma.compress(shops.encode()))
        (self.folder / 'pay_daily.csv.xz').write_bytes(lzma.compress(counts.encode()))
        return self.folder

    def replay(self, folder, first, last, *more):
        return self.run_program('replay', '--koubei', folder, '--from', first, '--to', last, '--json', *more)

    def test_shops_with_blanks_and_days_without_payments(self):
        store = self.folder / 'kept.till'
        done = self.replay(self.data(), '2016-02-28', '2016-03-03', '--store', store)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual((366, 366, 366, 4, 0), (said['payments'], said['payments_in_data'], said['payments_reported'],
                                                 said['shop_days_equal'], said['shop_days_different']))
        self.assertTrue(said['audit']['ok'])
        rows = self.rows(store)
        for name in ('湖州', '饮品/甜点', '超市便利店'):
            self.assertIn(name, rows)

    def test_on_a_database(self):
        served = cluster.joined()
        self.addCleanup(served.close)
        place = served.database()
        done = self.replay(self.data(), '2016-02-28', '2016-03-03', '--store', place)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual((366, 366, 4, 0), (said['payments'], said['payments_reported'], said['shop_days_equal'],
                                            said['shop_days_different']))
        self.assertTrue(said['audit']['ok'])
        self.assertEqual('366', cluster.run_sql(place, 'SELECT count(*) FROM trades'))
        done = self.replay(self.folder, '2016-02-28', '2016-03-03', '--store', place)  # which is not empty now
        self.assertEqual(3, done.returncode, done.stdout)

    def test_a_range_without_any_payment(self):
        done = self.replay(self.data(), '2015-12-12', '2015-12-12')
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(0, json.loads(done.stdout)['payments'])

    def test_the_first_shops_only(self):
        done = self.replay(self.data(), '2016-02-28', '2016-03-03', '--shops', 1)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(340, json.loads(done.stdout)['payments'])

    def test_data_that_is_damaged(self):
        cases = {
            'shop_info': {'shops': '1,城市,1,1,1,1,1,a,b,c\nx,城市,1,1,1,1,1,a,b,c\n'},
            'pay_daily.csv.xz:3': {'counts': 'shop_id,date,pays\n3,2016-02-28,4\n3,2016-02-30,5\n'},
            'no such shop': {'counts': 'shop_id,date,pays\n4,2016-02-28,4\n'},
            'two counts': {'counts': 'shop_id,date,pays\n3,2016-02-28,4\n3,2016-02-28,5\n'},
        }
        for words, wrong in cases.items():
            done = self.replay(self.data(**wrong), '2016-02-01', '2016-03-03')
            self.assertEqual(3, done.returncode, words)
            self.assertIn(words, done.stderr)
        path = self.data() / 'pay_daily.csv.xz'
        path.write_bytes(path.read_bytes()[:-20])
        done = self.replay(self.folder, '2016-02-28', '2016-02-28')
        self.assertEqual(3, done.returncode)
        self.assertIn('damaged or cut short', done.stderr)
        path.write_bytes(b'shop_id,date,pays\n')
        self.assertIn('not an xz file', self.replay(self.folder, '2016-02-28', '2016-02-28').stderr)

    def test_arguments_that_make_no_sense(self):
        for arguments in ((), ('--koubei', '.'), ('--koubei', '.', '--from', '2016-02-30', '--to', '2016-03-01'),
                          ('--koubei', '.', '--from', '2016-03-02', '--to', '2016-03-01')):
            done = self.run_program('replay', *arguments)
            self.assertEqual(2, done.returncode, arguments)

    def test_a_real_day_of_koubei(self):
        folder = program.koubei()
        if folder is None:
            self.skipTest('the data is not here')
        with lzma.open(folder / 'pay_daily.csv.xz', 'rt', encoding='utf-8') as text:
            pays = [int(row['pays']) for row in csv.DictReader(text) if row['date'] == '2015-12-21']
        done = self.replay(folder, '2015-12-21', '2015-12-21')
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual((sum(pays), len(pays), 0), (said['payments_reported'], said['shop_days_equal'],
                                                     said['shop_days_different']))


if __name__ == '__main__':
    program.run_tests(Replay)
