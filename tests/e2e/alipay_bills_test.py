#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""alipay_bills_test.py ONETILL: bills asked for through the gateway, fetched, unpacked and held against the ledger to
the cent. Prints TAP."""

import datetime
import io
import json
import pathlib
import sys
import urllib.parse
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'tools'))

# pylint: disable=wrong-import-position
import tap
from alipay_openssl import BEIJING, Case

METHOD = 'alipay.data.dataservice.bill.downloadurl.query'


def minor(yuan):
    """Exact: two decimals, always."""
    whole, _, cents = yuan.lstrip('-').partition('.')
    assert len(cents) == 2, yuan
    return (int(whole) * 100 + int(cents)) * (-1 if yuan.startswith('-') else 1)


class Sheet:
    """One CSV file of a bill, as the usual parsers of shops take it: `#` lines aside, the first row has the titles."""

    def __init__(self, text):
        assert text.endswith('\r\n') and '\n' not in text.replace('\r\n', '')
        self.marks = [line for line in text.split('\r\n') if line.startswith('#')]
        data = [line for line in text.split('\r\n') if line and not line.startswith('#')]
        titles, self.rows = data[0].split(','), []
        for line in data[1:]:
            fields = line.split(',')
            assert len(fields) == len(titles), line
            self.rows.append({title: field.removesuffix('\t') for title, field in zip(titles, fields)})

    def sum(self, title, **only):
        return sum(minor(row[title]) for row in self.rows if all(row[name] == value for name, value in only.items()))


class Bills(Case):
    def today(self):
        """It lasts for as long as the test: it is noon."""
        return self.app.noon()

    def ask(self, day, kind='trade'):
        return self.app.call(METHOD, {'bill_type': kind, 'bill_date': str(day)})

    def fetch(self, url, **more):
        parts = urllib.parse.urlsplit(url)
        query = dict(urllib.parse.parse_qsl(parts.query, strict_parsing=True), **more)
        return self.app.fetch(parts.path + '?' + urllib.parse.urlencode(query))

    def sheets(self, url, charset='gbk', **more):
        status, headers, archive = self.fetch(url, **more)
        self.assertEqual((status, headers['content-type']), (200, 'application/octet-stream'), archive[:200])
        with zipfile.ZipFile(io.BytesIO(archive)) as unpacked:
            self.assertIsNone(unpacked.testzip())
            names = [entry.filename if entry.flag_bits & 0x800 else entry.filename.encode('cp437').decode(charset)
                     for entry in unpacked.infolist()]
            return names, [Sheet(unpacked.read(entry).decode(charset)) for entry in unpacked.infolist()]

    def busy_day(self):
        """Payments and refunds through both doors; the day they are of."""
        day = self.today()
        for amount in ('18.40', '0.01', '120.00', '9.99'):
            self.app.pay(amount, operator_id='op7', body='a, "b"')
        paid = self.app.pay('50.00')
        for number, part in (('R1', '20.00'), ('R2', '0.05')):
            self.app.must('alipay.trade.refund', {'trade_no': paid['trade_no'], 'refund_amount': part,
                                                  'out_request_no': number})
        cancelled = self.app.pay('7.77')
        self.app.must('alipay.trade.cancel', {'trade_no': cancelled['trade_no']})
        self.app.operator.must('POST', '/v1/trades/pay', {'shop_id': self.app.shop, 'out_trade_no': 'rest-1',
                                                          'amount_minor': 350, 'pay_code': self.app.pay_code()})
        self.app.move(days=1)
        return day

    def takings(self):
        return int(self.app.operator.must('GET', f'/v1/shops/{self.app.shop}/funds')['available_minor'])

    def test_the_bill_of_a_day_matches_the_ledger_to_the_cent(self):
        day = self.busy_day()
        answer = self.ask(day)
        self.assertEqual(answer['code'], '10000', answer)
        self.assertNotIn('bill_file_code', answer)
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(answer['bill_download_url']).query)
        names, (detail, summary) = self.sheets(answer['bill_download_url'])
        account = query['userId'][0]
        self.assertEqual(query['downloadFileName'], [f'{account}_{day:%Y%m%d}.csv.zip'])
        self.assertEqual(names, [f'{account}_{day:%Y%m%d}_业务明细.csv', f'{account}_{day:%Y%m%d}_业务明细(汇总).csv'])
        self.assertEqual(len(detail.rows), 10)
        self.assertEqual(detail.sum('商家实收（元）'), self.takings())
        paid, back = detail.sum('订单金额（元）', 业务类型='交易'), detail.sum('订单金额（元）', 业务类型='退款')
        self.assertEqual((paid, back), (1840 + 1 + 12000 + 999 + 5000 + 777 + 350, -2000 - 5 - 777))
        self.assertIn('#交易合计：7笔，商家实收共209.67元，商家优惠共0.00元', detail.marks)
        self.assertIn('#退款合计：3笔，商家实收退款共-27.82元，商家优惠退款共0.00元', detail.marks)
        self.assertEqual({row['退款批次号/请求号'] for row in detail.rows}, {'', 'R1', 'R2'})
        first = detail.rows[0]
        self.assertEqual((first['操作员'], first['备注'], first['对方账户']), ('op7', 'a， "b"', '159****5620'))
        self.assertEqual([row['门店编号'] for row in summary.rows], [self.app.shop, '合计'])
        self.assertEqual(minor(summary.rows[-1]['实收净额（元）']), self.takings())

    def test_the_account_bill_is_a_chain_of_balances(self):
        day = self.busy_day()
        names, (detail, summary) = self.sheets(self.ask(day, 'signcustomer')['bill_download_url'])
        self.assertTrue(names[0].endswith('_账务明细.csv') and names[1].endswith('_账务明细(汇总).csv'), names)
        balance = 0
        for row in detail.rows:
            balance += minor(row['收入金额（+元）']) + minor(row['支出金额（-元）'])
            self.assertEqual(minor(row['账户余额（元）']), balance)
        self.assertEqual(balance, self.takings())
        self.assertEqual(minor(summary.rows[-1]['总金额（元）']), balance)

    def test_utf8_and_json_tell_the_same(self):
        url = self.ask(self.busy_day())['bill_download_url']
        _, (gbk, _) = self.sheets(url)
        names, (utf8, _) = self.sheets(url, charset='utf-8', fileType='csv.utf8.zip')
        self.assertTrue(names[0].endswith('_业务明细.csv'), names)
        self.assertEqual(gbk.rows, utf8.rows)
        status, headers, document = self.fetch(url, fileType='json')
        self.assertEqual((status, headers['content-type']), (200, 'application/json'))
        bill = json.loads(document)
        self.assertEqual([row['total_minor'] for row in bill['rows']], [minor(row['订单金额（元）']) for row in gbk.rows])
        self.assertEqual(bill['total']['net_minor'], self.takings())

    def test_a_month_holds_its_days(self):
        day = self.busy_day()
        self.app.move(days=31)
        _, (detail, _) = self.sheets(self.ask(f'{day:%Y-%m}')['bill_download_url'])
        self.assertEqual(len(detail.rows), 10)
        self.assertEqual(detail.sum('商家实收（元）'), self.takings())

    def test_an_address_lives_for_thirty_seconds_and_is_signed(self):
        url = self.ask(self.busy_day())['bill_download_url']
        self.app.move(seconds=29)
        self.assertEqual(self.fetch(url)[0], 200)
        self.assertEqual(self.fetch(url, bizType='signcustomer')[0], 403)
        self.assertEqual(self.fetch(url, token='0' * 32)[0], 403)
        self.app.move(seconds=5)
        self.assertEqual(self.fetch(url)[0], 403)

    def test_what_there_is_no_bill_of(self):
        day = self.busy_day()
        for wanted, kind, code in ((self.today(), 'trade', 'BILL_NOT_EXIST'),
                                   (day - datetime.timedelta(days=2), 'trade', 'BILL_DATE_BEFORE_REGISTRATION'),
                                   (day, 'zft_acc', 'TYPE_NOT_SUPPORTED')):
            answer = self.ask(wanted, kind)
            self.assertEqual((answer['code'], answer.get('sub_code')), ('40004', code), answer)
        self.app.move(days=1)
        empty = self.ask(self.today() - datetime.timedelta(days=1))
        self.assertEqual(empty['bill_file_code'], 'EMPTY_DATA_WITH_BILL_FILE')
        _, (detail, _) = self.sheets(empty['bill_download_url'])
        self.assertEqual(detail.rows, [])

    def test_a_merchant_with_many_shops_keeps_nobody_waiting(self):
        day = self.busy_day()
        for number in range(1500):
            self.app.operator.must('POST', '/v1/shops', {'merchant_id': self.app.merchant, 'name': f'S{number}'})
        self.app.move(days=70)
        month = (self.today().replace(day=1) - datetime.timedelta(days=1)).strftime('%Y-%m')
        for kind in ('signcustomer', 'trade'):
            self.assertEqual(self.ask(month, kind)['code'], '10000')
        self.assertNotIn('bill_file_code', self.ask(day.strftime('%Y-%m'), 'signcustomer'))


if __name__ == '__main__':
    Case.program = sys.argv[1]
    sys.exit(tap.run(Bills))
