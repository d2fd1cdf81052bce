#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""onetill import: everything or nothing, every bad line named, and a kill in the middle changes nothing."""

import json
import os
import random
import signal
import time

import program

GOOD = '''\ufeffrecord,merchant_id,shop_id,terminal_id,shopper_id,campaign_id,name,city,kind,sets,balance_minor,\
device_id,percent_bp,cap_minor,starts_at,ends_at,targets,platform_minor
merchant,7,,,,,"青朵, ""Qingduo""",,,,,,,,,,,
shop,7,70,,,,"two
lines",杭州,supermarket,3;4,,,,,,,,
terminal,,70,700,,,till 1,,,,,,,,,,,
shopper,,,,9000,,王芳,,,,50000,123456789,,,,,,
shopper,,,,9001,,,,,,,,,,,,,
campaign,,,,,12,Half price,,percentage,,,,5000,5000,2014-12-12T08:00:00+08:00,2034-12-12T22:00:00+08:00,\
set:3;merchant:7;all,1000000
'''.replace('"two\nlines"', '人民路')


class Import(program.Case):
    def file(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding='utf-8', newline='')
        return path

    def bring(self, path, *more, store='a.till'):
        return self.run_program('import', path, '--store', self.folder / store, '--quiet', *more)

    def test_a_good_file_once_and_again(self):
        path = self.file('good.csv', GOOD)
        store = self.folder / 'a.till'
        done = self.bring(path)
        self.assertEqual((0, ''), (done.returncode, done.stderr))
        self.assertIn('1 merchant, 1 shop, 1 terminal, 2 shoppers, 1 campaign', done.stdout)
        before = self.rows(store)
        for text in ('青朵, "Qingduo"', '人民路', '王芳', '123456789', '1000000'):
            self.assertIn(text, before)
        self.assertEqual(0, self.bring(path).returncode)
        self.assertEqual(self.facts(before), self.facts(self.rows(store)), 'the same file again changes nothing')
        verdict, status = self.audit(store)
        self.assertEqual((True, 0, 2), (verdict['ok'], status, verdict['transfers']))
        self.assertFalse([name for name in os.listdir(self.folder) if 'importing' in name])

    def test_places_and_deals(self):
        self.assertEqual(0, self.bring(self.file('good.csv', GOOD)).returncode)
        hours = ';'.join(['600:1320'] * 6 + ['0:0'])
        path = self.file('deals.csv', 'record,shop_id,latitude_e6,longitude_e6,category,hours,deal_id,kind,title,'
                         'price_minor,stock,sale_until,valid_until,parts,shops,closed_days\n'
                         f'place,70,30250000,-120150000,dining,{hours},,,,,,,,,,\n'
                         'deal,70,,,dining,,2000000001,times,ten bowls,9000,50,2034-12-12T00:00:00Z,'
                         '2034-12-31T00:00:00Z,7:bowl:10:9000,70,2034-12-24;2034-12-25\n')
        done = self.bring(path)
        self.assertEqual((0, ''), (done.returncode, done.stderr))
        self.assertIn('1 place, 1 deal', done.stdout)
        before = self.rows(self.folder / 'a.till')
        for text in ('ten bowls', '30250000', '-120150000', '2000000001'):
            self.assertIn(text, before)
        self.assertEqual(0, self.bring(path).returncode)
        self.assertEqual(self.facts(before), self.facts(self.rows(self.folder / 'a.till')))
        self.assertTrue(self.audit(self.folder / 'a.till')[0]['ok'])
        wrong = ('record,shop_id,deal_id,kind,title,price_minor,sale_until,valid_until,shops\n'
                 'deal,70,2000000002,voucher,x,5,2034-12-12T00:00:00Z,2034-12-31T00:00:00Z,71\n')
        done = self.bring(self.file('wrong.csv', wrong))
        self.assertEqual(1, done.returncode)
        self.assertIn('wrong.csv:2: shop_id: there is no such shop', done.stderr)
        done = self.bring(self.file('wrong.csv', wrong.replace('2034-12-31', '2034-12-11')))
        self.assertEqual(1, done.returncode)
        self.assertIn('wrong.csv:2: valid_until: must not be before sale_until', done.stderr)

    @staticmethod
    def facts(rows):
        """Without how far the engine is."""
        return [line for line in rows.splitlines() if '"progress"' not in line and '"meta"' not in line and
                'INTO "journal"' not in line]

    def test_windows_line_ends_and_json_lines_say_the_same(self):
        self.assertEqual(0, self.bring(self.file('crlf.csv', GOOD.replace('\n', '\r\n'))).returncode)
        lines = [{'record': 'merchant', 'merchant_id': '7', 'name': '青朵, "Qingduo"'},
                 {'record': 'shop', 'shop_id': 70, 'merchant_id': '7', 'name': '人民路', 'city': '杭州',
                  'kind': 'supermarket', 'sets': [{'id': '3'}, {'id': '4'}]},
                 {'record': 'shopper', 'shopper_id': '9000', 'name': '王芳', 'balance_minor': 50000,
                  'device_id': '123456789'}]
        text = '\n\n'.join(json.dumps(line, ensure_ascii=False) for line in lines)
        done = self.bring(self.file('same.jsonl', text))
        self.assertEqual((0, ''), (done.returncode, done.stderr))
        self.assertEqual(2, self.audit(self.folder / 'a.till')[0]['transfers'])

    def test_every_bad_line_is_named_and_nothing_is_imported(self):
        self.assertEqual(0, self.bring(self.file('good.csv', GOOD)).returncode)
        before = self.rows(self.folder / 'a.till')
        path = self.file('bad.csv', 'record,merchant_id,shop_id,name,balance_minor,shopper_id,sets\n'
                         'merchant,8,,fine,,,\n'
                         'merchant,,,no id,,,\n'
                         'shopper,,,bad balance,12.5,9100,\n'
                         'shopper,,,bad "quote,1,9101,\n'
                         'rocket,,,,,,\n'
                         'shopper,,,too,many,fields,1,2\n'
                         'shop,8,x,bad id,,,3;y\n'
                         'merchant,9,,a\ttab,,,\n'
                         'shop,8,80,has a balance,5,,\n'
                         'merchant,10,,' + 'n' * 200 + ',,,\n'
                         'shop,8,81,,,,1;2;3\n'
                         'merchant,11,,"never closed,,,\n'
                         'merchant,1234567890123,,id too large,,,')
        done = self.bring(path)
        self.assertEqual(1, done.returncode)
        said = done.stderr
        for words in ('bad.csv:3: merchant_id: is required', 'bad.csv:4: balance_minor: must be a whole number',
                      'bad.csv:5: there is a quote inside a field', 'bad.csv:6: record: must be merchant',
                      'bad.csv:7: the line has 8 fields', 'bad.csv:8: shop_id: must be an id',
                      'bad.csv:8: sets[1].id: must be an id', 'bad.csv:9: name: must be UTF-8 text',
                      'bad.csv:10: balance_minor: is not a field', 'bad.csv:11: name: must have at most 127 bytes',
                      'bad.csv:12: sets: must have 0 to 2 elements', 'bad.csv:13: a quote is never closed',
                      'bad.csv:14: merchant_id: must be from 1 to', '12 bad lines; nothing was imported'):
            self.assertIn(words, said)
        self.assertEqual(before, self.rows(self.folder / 'a.till'))

    def test_what_the_till_refuses_is_named_by_line(self):
        self.assertEqual(0, self.bring(self.file('good.csv', GOOD)).returncode)
        before = self.facts(self.rows(self.folder / 'a.till'))
        lines = ({'record': 'merchant', 'merchant_id': '7', 'name': 'another name'},
                 {'record': 'shop', 'shop_id': '99', 'merchant_id': '12345', 'name': 'of nobody'},
                 {'record': 'shopper', 'shopper_id': '9000', 'name': '王芳', 'balance_minor': 60000},
                 {'record': 'shopper', 'shopper_id': '9500', 'device_id': '123456789'},
                 {'record': 'merchant', 'merchant_id': '77', 'name': 'would be fine'})
        path = self.file('no.jsonl', '\n'.join(json.dumps(line) for line in lines))
        done = self.bring(path)
        self.assertEqual(1, done.returncode)
        for words in ('no.jsonl:1: this id is in use', 'no.jsonl:2: merchant_id: there is no such merchant',
                      'no.jsonl:3: this id was imported before', 'no.jsonl:4: device_id: this number belongs',
                      '4 bad lines; nothing was imported'):
            self.assertIn(words, done.stderr)
        self.assertEqual(before, self.facts(self.rows(self.folder / 'a.till')))

    def test_a_header_that_makes_no_sense(self):
        for text, words in (('record,colour\nmerchant,red\n', 'no.csv:1: colour: no kind of record has such a field'),
                            ('merchant_id\n7\n', 'no.csv:1: record: the first line must name the columns'),
                            ('record,name,name\n', 'no.csv:1: name: this column is there twice')):
            done = self.bring(self.file('no.csv', text))
            self.assertEqual(1, done.returncode)
            self.assertIn(words, done.stderr)
            self.assertIn('1 bad line;', done.stderr)

    def test_more_bad_lines_than_are_shown(self):
        done = self.bring(self.file('many.csv', 'record,merchant_id,name\n' + 'merchant,x,y\n' * 1500))
        self.assertEqual(1, done.returncode)
        self.assertEqual(1000, done.stderr.count('must be an id'))
        self.assertIn('1,500 bad lines', done.stderr)

    def test_check_changes_nothing(self):
        path = self.file('good.csv', GOOD)
        done = self.bring(path, '--check')
        self.assertEqual((0, ''), (done.returncode, done.stderr))
        self.assertFalse((self.folder / 'a.till').exists())
        self.assertEqual(0, self.bring(path).returncode)
        before = self.facts(self.rows(self.folder / 'a.till'))
        more = self.file('more.csv', 'record,merchant_id,name\nmerchant,8,x\n')
        self.assertEqual(0, self.bring(more, '--check').returncode)
        self.assertEqual(before, self.facts(self.rows(self.folder / 'a.till')))

    def test_a_store_that_is_being_served_is_left_alone(self):
        store = self.folder / 'a.till'
        serving = self.start_program('serve', '--store', store, '--listen', '127.0.0.1:0')
        self.addCleanup(serving.communicate)
        self.addCleanup(serving.kill)
        self.assertIn('ready', serving.stdout.readline())
        done = self.bring(self.file('good.csv', GOOD))
        self.assertEqual(3, done.returncode)
        self.assertIn('served', done.stderr)
        self.assertIn('stop the server first', done.stderr)

    def test_a_kill_in_the_middle_leaves_the_store_as_it_was(self):
        store = self.folder / 'a.till'
        self.assertEqual(0, self.bring(self.file('good.csv', GOOD)).returncode)
        before = self.facts(self.rows(store))
        big = self.file('big.csv', 'record,shopper_id,name,balance_minor,device_id\n' + ''.join(
            f'shopper,{100000 + i},顾客 {i},{1000 + i},{i + 1}\n' for i in range(20000)))
        dice = random.Random(12)
        for _ in range(6):
            running = self.start_program('import', big, '--store', store, '--quiet')
            while running.poll() is None and not (self.folder / 'a.till.importing').exists():
                time.sleep(0.001)
            time.sleep(dice.random() * 0.4)
            running.send_signal(signal.SIGKILL)
            running.communicate()
            if running.returncode == 0:
                continue  # it was faster: everything is in, and the next rounds change nothing
            left = self.facts(self.rows(store))
            self.assertIn(len(left), (len(before), len(self.whole(before, left))))
            verdict, status = self.audit(store)
            self.assertEqual((True, 0), (verdict['ok'], status))
        self.assertEqual(0, self.bring(big).returncode)
        verdict, status = self.audit(store)
        self.assertEqual((True, 0, 20002), (verdict['ok'], status, verdict['transfers']))
        self.assertFalse((self.folder / 'a.till.importing').exists())

    def whole(self, before, left):
        """What is there is either what was there or all of the file, never a part of it."""
        shoppers = sum('INTO "shoppers"' in line for line in left)
        self.assertIn(shoppers, (2, 20002))
        return left if shoppers == 20002 else before

    def test_arguments_that_make_no_sense(self):
        for arguments in ((), ('a.csv',), ('a.csv', 'b.csv', '--store', 'x'), ('a.txt', '--store', 'x')):
            self.assertEqual(2, self.run_program('import', *arguments).returncode, arguments)
        self.assertEqual(3, self.run_program('import', 'absent.csv', '--store', 'x').returncode)


if __name__ == '__main__':
    program.run_tests(Import)
