# SPDX-License-Identifier: Apache-2.0
"""What only a year shows: a trade whose refunds are over is finished, wherever it is told of."""

import datetime
import unittest

import api_operations
from till import Server, Side


class Years(unittest.TestCase):

    def setUp(self):
        self.server = Server(api_operations.Till.program, '--test-clock')
        self.addCleanup(self.close)
        self.operator = self.server.operator()
        self.side = Side(self.server, self.operator, 1)

    def close(self):
        self.assertIsNone(self.server.audit())
        self.server.close()

    def pass_by(self, days):
        now = datetime.datetime.fromisoformat(self.operator.must('GET', '/v1/time')['now'])
        self.operator.must('POST', '/v1/test/clock', {'now': (now + datetime.timedelta(days=days)).isoformat()})

    def listed(self, state=None):
        query = f'?state={state}' if state else ''
        return [(trade['trade_id'], trade['state']) for trade in
                self.operator.must('GET', f'/v1/shops/{self.side.shop}/trades{query}')['data']]

    def test_a_trade_is_finished_when_its_refunds_are_over(self):
        old, closed = self.side.paid(), self.side.opened()
        self.operator.must('POST', f'/v1/trades/{closed["trade_id"]}/close')
        self.operator.must('PUT', '/v1/policy', dict(self.operator.must('GET', '/v1/policy'), refund_days=30))
        self.pass_by(29)
        young = self.side.paid()
        self.assertEqual(self.listed('TRADE_FINISHED'), [])
        self.assertEqual(self.listed('TRADE_SUCCESS'), [(young['trade_id'], 'TRADE_SUCCESS'),
                                                       (old['trade_id'], 'TRADE_SUCCESS')])
        self.pass_by(2)
        self.assertEqual(self.listed('TRADE_FINISHED'), [(old['trade_id'], 'TRADE_FINISHED')])
        self.assertEqual(self.listed('TRADE_SUCCESS'), [(young['trade_id'], 'TRADE_SUCCESS')])
        self.assertEqual(self.listed('TRADE_CLOSED'), [(closed['trade_id'], 'TRADE_CLOSED')])
        self.assertEqual([state for _, state in self.listed()], ['TRADE_SUCCESS', 'TRADE_CLOSED', 'TRADE_FINISHED'])
        receipt = self.operator.must('GET', f'/v1/trades/{old["trade_id"]}/receipt')
        self.assertEqual((receipt['state'], receipt['refundable_minor']), ('TRADE_FINISHED', 0))
        self.assertEqual(self.operator.must('GET', f'/v1/trades/{old["trade_id"]}')['state'], 'TRADE_FINISHED')
        refused = self.operator.post(f'/v1/trades/{old["trade_id"]}/refunds',
                                     {'out_request_no': 'r1', 'amount_minor': 1})
        self.assertEqual((refused.status, refused.code), (409, 'trade_finished'))
