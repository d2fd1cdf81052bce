#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every code that docs/alipay.md says comes about by itself is brought about here: alipay_codes_test.py ONETILL

The list of what there is to provoke comes from the program (onetill describe alipay), and is held against the cases, so
that neither has what the other lacks.
"""

import datetime
import json
import subprocess
import sys
import time
import urllib.parse

import alipay_openssl
import program
from alipay_openssl import BEIJING, DIGESTS, Keys, canonical

# Not done here: what would take thousands of requests, and what other tests of this folder do.
ELSEWHERE = {
    ('relation.bind', 'RELATION_QUANTITY_LIMIT'): 'a scenario binds as many receivers as may be',
    ('order.settle', 'ACQ.TRADE_SETTLE_ERROR'): 'a scenario settles as often as may be',
    ('', 'isv.app-call-limited'): 'a unit test fills the memory of nonces',
}
# Whose codes alipay_tickets_test.py brings about.
TICKETS = ('ticketcode.', 'cashlessvoucher.', 'voucher.', 'marketing.voucher.')
RECEIVERS, SETTLE = 'alipay.trade.royalty.relation.bind', 'alipay.trade.order.settle'
BILL = 'alipay.data.dataservice.bill.downloadurl.query'


def account(kind, number):
    return f'2088{kind}{int(number):011d}'


def newcomer(base):
    """Another app with the same keys at the same server: a merchant, a shop and a rich shopper of its own."""
    app = alipay_openssl.App.__new__(alipay_openssl.App)
    app.server, app.keys, app.operator, must = base.server, base.keys, base.operator, base.operator.must
    app.merchant = must('POST', '/v1/merchants', {'name': 'M'})['merchant_id']
    app.shop = must('POST', '/v1/shops', {'merchant_id': app.merchant, 'name': 'S'})['shop_id']
    app.shopper = must('POST', '/v1/shoppers', {'name': 'Li'})['shopper_id']
    must('POST', f'/v1/shoppers/{app.shopper}/wallet/top_up', {'amount_minor': 450000})
    app.app_id = must('POST', '/v1/apps', {'merchant_id': app.merchant, 'shop_id': app.shop, 'name': 'POS 1',
                                           'public_key': app.keys.public})['app_id']
    return app


class Stage:
    """An app, another merchant's shop, and shorter words for what the cases do."""

    def __init__(self, base, policy):
        self.must = base.operator.must
        self.must('PUT', '/v1/policy', {**policy, 'sandbox': True})
        self.app = newcomer(base)
        self.other_merchant = self.must('POST', '/v1/merchants', {'name': 'Other'})['merchant_id']
        self.other_shop = self.must('POST', '/v1/shops', {'merchant_id': self.other_merchant, 'name': 'O'})['shop_id']
        self.friend = self.must('POST', '/v1/shoppers', {'name': 'Wang'})['shopper_id']

    def policy(self, **changes):
        self.must('PUT', '/v1/policy', {**self.must('GET', '/v1/policy'), **changes})

    def shopper(self, **changes):
        row = self.must('GET', f'/v1/shoppers/{self.app.shopper}')
        self.must('PUT', f'/v1/shoppers/{self.app.shopper}',
                  {'no_password_limit_minor': row['no_password_limit_minor'], 'blocked': row['blocked'], **changes})

    def place(self, open_):
        row = self.must('GET', f'/v1/shops/{self.app.shop}')
        self.must('PUT', f'/v1/shops/{self.app.shop}', {'name': row['name'], 'open': open_})

    def content(self, end, **more):
        content = {'out_trade_no': self.app.number(), 'subject': 's', 'total_amount': '1.00', **more}
        if end == 'trade.pay':
            content = {'auth_code': self.app.pay_code(), **content}
        return content

    def open(self, end, **more):
        return self.app.call('alipay.' + end, self.content(end, **more))

    def paid(self, amount='100.00', **more):
        return self.app.pay(amount, **more)

    def raw(self, drop=(), key=None, path='/gateway.do', **changes):
        """The first node of an answer to a request that is put together by hand, whatever is wrong with it."""
        app = self.app
        parameters = {'app_id': app.app_id, 'method': 'alipay.trade.query', 'charset': 'utf-8', 'sign_type': 'RSA2',
                      'timestamp': datetime.datetime.now(BEIJING).strftime('%Y-%m-%d %H:%M:%S'), 'version': '1.0',
                      'biz_content': '{"out_trade_no":"none"}', **changes}
        for name in drop:
            parameters.pop(name, None)
        digest = DIGESTS.get(parameters.get('sign_type'), 'sha256')
        if 'sign' not in drop:
            parameters['sign'] = (key or app.keys).sign(canonical(parameters, {'sign'}, 'utf-8'), digest)
        body = urllib.parse.urlencode(parameters).encode()
        status, _, answer = app.fetch(path, body, 'application/x-www-form-urlencoded')
        assert status == 200, (status, answer)
        return next(iter(json.loads(answer).values()))

    def v3(self, path='/v3/alipay/trade/query', nonce=None, age_s=0, scheme='ALIPAY-SHA256withRSA', **changes):
        app = self.app
        body = json.dumps({'out_trade_no': 'none', **changes})
        auth = f'app_id={app.app_id},nonce={nonce or time.monotonic_ns()},timestamp={int((time.time() - age_s) * 1000)}'
        sign = app.keys.sign(f'{auth}\nPOST\n{path}\n{body}\n'.encode(), 'sha256')
        connection = app.server.connect()
        connection.request('POST', path, body, {'Content-Type': 'application/json',
                                                'Authorization': f'{scheme} {auth},sign={sign}'})
        answer = connection.getresponse()
        node = json.loads(answer.read())
        connection.close()
        return {'code': str(answer.status), 'sub_code': 'isv.' + node['code']}

    def bind(self, *receivers):
        return self.app.call(RECEIVERS, {'receiver_list': list(receivers)})

    def settle(self, trade_no, *lines, **more):
        return self.app.call(SETTLE, {'out_request_no': self.app.number(), 'trade_no': trade_no,
                                      'royalty_parameters': list(lines), **more})

    def line(self, amount='1.00', **more):
        return {'trans_in': account(0, self.friend), 'amount': amount, **more}

    def split_trade(self):
        self.bind({'type': 'userId', 'account': account(0, self.friend)})
        return self.paid(extend_params={'royalty_freeze': 'true'})['trade_no']

    def transfer(self, amount='1.00', number=None, identity=None, **payee):
        return self.app.call('alipay.fund.trans.uni.transfer', {
            'out_biz_no': number or self.app.number(), 'trans_amount': amount, 'product_code': 'TRANS_ACCOUNT_NO_PWD',
            'biz_scene': 'DIRECT_TRANSFER',
            'payee_info': {'identity': identity or account(0, self.friend), 'identity_type': 'ALIPAY_USER_ID',
                           **payee}})

    def emptied(self):
        """A paid trade whose takings have gone elsewhere."""
        trade = self.paid()
        funds = self.app.must('alipay.fund.account.query', {'account_type': 'ACCTRANS_ACCOUNT'})['available_amount']
        assert self.transfer(funds)['code'] == '10000'
        return trade['trade_no']

    def oauth(self, **parameters):
        return self.app.call('alipay.system.oauth.token', {}, **parameters)

    def page(self, path, content, **headers):
        """As a page of ours asks in the shopper's browser: the answer's headers and JSON."""
        connection = self.app.server.connect()
        connection.request('POST', path, json.dumps(content), {'Content-Type': 'application/json', **headers})
        answer = connection.getresponse()
        headers, body = dict(answer.getheaders()), json.loads(answer.read())
        assert answer.status == 200, body
        connection.close()
        return headers, body

    def tokens(self, scope):
        """The shopper logs in, agrees, and the app takes the code for a pair of tokens."""
        login = {'account': account(0, self.app.shopper), 'login_code': self.app.login_code()}
        headers, session = self.page('/session', login)
        _, agreed = self.page('/oauth2/grant', {'app_id': self.app.app_id, 'scope': scope, 'state': 's',
                                                'redirect_uri': 'http://127.0.0.1:9/back'},
                              **{'Cookie': headers['Set-Cookie'].split(';')[0], 'Onetill-Proof': session['proof']})
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(agreed['redirect']).query)['auth_code'][0]
        return self.oauth(grant_type='authorization_code', code=code)

    def who(self, token):
        return self.raw(method='alipay.user.info.share', drop=('biz_content',), auth_token=token)


OPENING = ('trade.pay', 'trade.precreate', 'trade.create')
NOBODY = account(0, 999999999)


def again(stage, end, change):
    """The same number twice, with `change` the second time and what is needed between."""
    number = stage.app.number()
    first = stage.open(end, out_trade_no=number)
    assert first['code'] == '10000', first
    return stage.open(end, out_trade_no=number, **change)


def opening_cases():
    """Codes of the methods that open trades: (end of the method, code) -> how."""
    cases = {}
    for end in OPENING:
        def at(how, end=end):
            return lambda stage: how(stage, end)
        cases.update({
            (end, 'ACQ.INVALID_PARAMETER'): at(lambda s, e: s.open(e, subject='')),
            (end, 'ACQ.TOTAL_FEE_EXCEED'): at(lambda s, e: s.open(e, total_amount='990000.67')),
            (end, 'ACQ.CONTEXT_INCONSISTENT'): at(lambda s, e: again(s, e, {'total_amount': '2.00'})),
            (end, 'ACQ.SELLER_NOT_EXIST'): at(lambda s, e: s.open(e, seller_id=account(1, s.other_merchant))),
            (end, 'ACQ.INVALID_STORE_ID'): at(lambda s, e: s.open(e, alipay_store_id=s.other_shop)),
            (end, 'ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR'):
                at(lambda s, e: s.open(e, time_expire='2020-01-01 00:00:00')),
            (end, 'ACQ.SUB_GOODS_SIZE_MAX_COUNT'):
                at(lambda s, e: s.open(e, goods_detail=[{'goods_id': str(i)} for i in range(151)])),
            (end, 'ACQ.TRADE_HAS_CLOSE'): at(closed_number),
            (end, 'ACQ.TRADE_HAS_SUCCESS'): at(paid_number),
            (end, 'ACQ.SELLER_BEEN_BLOCKED'): at(lambda s, e: s.open(e, total_amount='990000.22')),
            (end, 'ACQ.BUYER_ENABLE_STATUS_FORBID'): at(lambda s, e: s.open(e, total_amount='990000.25')),
        })
    for end in ('trade.precreate', 'trade.create'):
        cases[end, 'ACQ.BUYER_NOT_EXIST'] = lambda s, e=end: s.open(e, buyer_logon_id='nobody@example.com')
    for end in ('trade.pay', 'trade.precreate'):
        cases[end, 'ACQ.BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR'] = lambda s, e=end: s.open(e, total_amount='990000.66')
    return cases


def closed_number(stage, end):
    number = stage.app.number()
    stage.app.must('alipay.trade.cancel', {'out_trade_no': number})
    return stage.open(end, out_trade_no=number)


def paid_number(stage, end):
    number, buyer = stage.app.number(), {'buyer_id': account(0, stage.app.shopper)} if end == 'trade.create' else {}
    opened = stage.open(end, out_trade_no=number, **buyer)
    assert opened['code'] == '10000', opened
    if end == 'trade.precreate':
        stage.must('POST', '/v1/qr/pay', {'shopper_id': stage.app.shopper, 'qr': opened['qr_code'], 'confirmed': True})
    elif end == 'trade.create':
        stage.must('POST', f"/v1/trades/{int(opened['trade_no'][9:])}/confirm", {})
    return stage.open(end, out_trade_no=number, **buyer)


def used_code(stage):
    code = stage.app.pay_code()
    stage.app.must('alipay.trade.pay', stage.content('trade.pay', auth_code=code))
    return stage.open('trade.pay', auth_code=code)


def too_many_wrong_codes(stage):
    stage.policy(code_misses_shop=1)
    stage.open('trade.pay', auth_code='280000000000000000')
    return stage.open('trade.pay')


def pay_cases():
    def pay(**more):
        return lambda stage: stage.open('trade.pay', **more)

    def limited(stage):
        stage.shopper(no_password_limit_minor=50)
        return stage.open('trade.pay')
    return {
        ('', '10003'): limited,
        ('trade.pay', 'ACQ.PAYMENT_AUTH_CODE_INVALID'): used_code,
        ('trade.pay', 'ACQ.BUYER_BALANCE_NOT_ENOUGH'): pay(total_amount='990000.60'),
        ('trade.pay', 'ACQ.PAYMENT_REQUEST_HAS_RISK'): too_many_wrong_codes,
        ('trade.pay', 'ACQ.NO_PAYMENT_INSTRUMENTS_AVAILABLE'): pay(disable_pay_channels='point,balance'),
        ('trade.pay', 'ACQ.CURRENCY_NOT_SUPPORT'): pay(trans_currency='USD'),
        ('trade.pay', 'ACQ.PAYMENT_FAIL'): pay(total_amount='990001.03'),
    }


def trade_cases():
    def refund(stage, trade_no, amount='1.00', **more):
        return stage.app.call('alipay.trade.refund', {'trade_no': trade_no, 'refund_amount': amount,
                                                      'out_request_no': stage.app.number(), **more})

    def aged(stage, days):
        trade_no = stage.paid()['trade_no']
        stage.app.move(days=days)
        return trade_no

    def waiting(stage):
        return stage.open('trade.create', buyer_id=account(0, stage.app.shopper))['trade_no']

    def closed(stage):
        trade_no = waiting(stage)
        stage.app.must('alipay.trade.close', {'trade_no': trade_no})
        return trade_no

    def repeated_refund(stage):
        trade_no = stage.paid()['trade_no']
        assert refund(stage, trade_no, out_request_no='R')['code'] == '10000'
        return refund(stage, trade_no, '2.00', out_request_no='R')

    def too_much_back(stage):
        trade_no = stage.split_trade()
        stage.settle(trade_no, stage.line())
        return refund(stage, trade_no, refund_royalty_parameters=[
            {'trans_out': account(0, stage.friend), 'amount': '2.00'}])

    def unknown(method, **more):
        return lambda stage: stage.app.call(method, {'out_trade_no': 'none', **more})

    def by_number(method, trade, **more):
        return lambda stage: stage.app.call(method, {'trade_no': trade(stage), **more})
    return {
        ('trade.query', 'ACQ.TRADE_NOT_EXIST'): unknown('alipay.trade.query'),
        ('trade.close', 'ACQ.TRADE_NOT_EXIST'): unknown('alipay.trade.close'),
        ('trade.refund', 'ACQ.TRADE_NOT_EXIST'): unknown('alipay.trade.refund', refund_amount='1'),
        ('refund.query', 'ACQ.TRADE_NOT_EXIST'): unknown('alipay.trade.fastpay.refund.query', out_request_no='R'),
        ('order.settle', 'ACQ.TRADE_NOT_EXIST'): lambda s: s.settle('2026010190000000000000000001', s.line()),
        ('', 'ACQ.INVALID_PARAMETER'): lambda s: s.app.call('alipay.trade.query', {}),
        ('trade.cancel', 'ACQ.TRADE_CANCEL_TIME_OUT'): by_number('alipay.trade.cancel', lambda s: aged(s, 2)),
        ('trade.cancel', 'ACQ.SELLER_BALANCE_NOT_ENOUGH'): by_number('alipay.trade.cancel', Stage.emptied),
        ('trade.refund', 'ACQ.SELLER_BALANCE_NOT_ENOUGH'): lambda s: refund(s, s.emptied()),
        ('trade.close', 'ACQ.TRADE_STATUS_ERROR'): by_number('alipay.trade.close', lambda s: s.paid()['trade_no']),
        ('trade.close', 'ACQ.REASON_TRADE_STATUS_INVALID'): by_number('alipay.trade.close', closed),
        ('trade.refund', 'ACQ.TRADE_STATUS_ERROR'): lambda s: refund(s, waiting(s)),
        ('trade.refund', 'ACQ.TRADE_HAS_CLOSE'): lambda s: refund(s, closed(s)),
        ('trade.refund', 'ACQ.TRADE_HAS_FINISHED'): lambda s: refund(s, aged(s, 366)),
        ('trade.refund', 'ACQ.REFUND_AMT_NOT_EQUAL_TOTAL'): lambda s: refund(s, s.paid()['trade_no'], '100.01'),
        ('trade.refund', 'ACQ.DISCORDANT_REPEAT_REQUEST'): repeated_refund,
        ('trade.refund', 'ACQ.REASON_TRADE_REFUND_FEE_ERR'): lambda s: refund(s, s.paid()['trade_no'], '0'),
        ('trade.refund', 'ACQ.ALLOC_AMOUNT_VALIDATE_ERROR'): too_much_back,
    }


def settle_cases():
    def twice(stage):
        trade_no = stage.split_trade()
        stage.settle(trade_no, stage.line(), out_request_no='S')
        return stage.settle(trade_no, stage.line('2.00'), out_request_no='S')

    def finished(stage):
        trade_no = stage.split_trade()
        stage.settle(trade_no, extend_params={'royalty_finish': 'true'})
        return stage.settle(trade_no, stage.line())

    def poor(stage):
        stage.bind({'type': 'userId', 'account': account(0, stage.friend)})
        trade_no = stage.paid(extend_params={'royalty_freeze': 'true'})['trade_no']
        assert stage.transfer('100.00')['code'] == '10000'
        return stage.settle(trade_no, stage.line())

    def unbound(stage):
        return stage.settle(stage.paid(extend_params={'royalty_freeze': 'true'})['trade_no'], stage.line())

    def itself(stage):
        own = account(2, stage.app.shop)
        stage.bind({'type': 'userId', 'account': own})
        return stage.settle(stage.split_trade(), stage.line(trans_in=own))

    def waiting(stage):
        stage.bind({'type': 'userId', 'account': account(0, stage.friend)})
        opened = stage.open('trade.create', extend_params={'royalty_freeze': 'true'})
        return stage.settle(opened['trade_no'], stage.line())
    end = 'order.settle'
    return {
        (end, 'ACQ.DISCORDANT_REPEAT_REQUEST'): twice,
        (end, 'ACQ.TRADE_STATUS_ERROR'): waiting,
        (end, 'ACQ.ALLOC_AMOUNT_VALIDATE_ERROR'): lambda s: s.settle(s.split_trade(), s.line('30.01')),
        (end, 'ACQ.NOT_SUPPORT_ROYALTY'): lambda s: (s.split_trade(), s.settle(s.paid()['trade_no'], s.line()))[1],
        (end, 'ACQ.ROYALTY_RECEIVER_INVALID'): unbound,
        (end, 'ACQ.ROYALTY_ACCOUNT_NOT_EXIST'): lambda s: s.settle(s.split_trade(), s.line(trans_in=NOBODY)),
        (end, 'ACQ.ROYALTY_ACCOUNTS_EQUAL'): itself,
        (end, 'ACQ.ROYALTY_ACCOUNT_NAME_NOT_MATCH'): lambda s: s.settle(s.split_trade(), s.line(trans_in_name='X')),
        (end, 'ACQ.ALREADY_FINISH_ALLOC'): finished,
        (end, 'ACQ.TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH'): poor,
        ('settle.query', 'MERCHANT_TRADE_NOT_MATCH'): lambda s: s.app.call(SETTLE + '.query', {'settle_no': '7'}),
    }


def receiver_cases():
    cases = {}
    for end in ('relation.bind', 'relation.unbind'):
        def at(receivers, end=end):
            return lambda stage: stage.app.call('alipay.trade.royalty.' + end, {'receiver_list': receivers(stage)})
        cases.update({
            (end, 'RECEIVER_LIST_EMPTY'): at(lambda s: []),
            (end, 'RECEIVER_LIST_OVERLOAD'): at(lambda s: [{'type': 'userId', 'account': NOBODY}] * 21),
            (end, 'INVALID_RECEIVER_TYPE'): at(lambda s: [{'type': 'openId', 'account': 'x'}]),
            (end, 'USER_NOT_EXIST'): at(lambda s: [{'type': 'userId', 'account': NOBODY}]),
            (end, 'USERNAME_NOT_MATCH'):
                at(lambda s: [{'type': 'userId', 'account': account(0, s.friend), 'name': 'Nobody'}]),
        })
    return cases


def fund_cases():
    def blocked(stage):
        row = stage.must('GET', f'/v1/shoppers/{stage.friend}')
        stage.must('PUT', f'/v1/shoppers/{stage.friend}',
                   {'no_password_limit_minor': row['no_password_limit_minor'], 'blocked': True})
        stage.paid()
        return stage.transfer()

    def twice(stage):
        stage.paid()
        stage.transfer(number='B')
        return stage.transfer('2.00', number='B')

    def full(stage):
        stage.paid()
        stage.policy(wallet_max_minor=50)
        return stage.transfer()

    def bill(kind='trade', day='2026-01-01'):
        return lambda stage: stage.app.call(BILL, {'bill_type': kind, 'bill_date': day})

    def account_of(user):
        return lambda stage: stage.app.call('alipay.fund.account.query', {
            'account_type': 'ACCTRANS_ACCOUNT', 'alipay_user_id': user(stage)})
    def old_refresh(stage):
        tokens = stage.tokens('auth_base')
        stage.app.move(days=31)
        return stage.oauth(grant_type='refresh_token', refresh_token=tokens['refresh_token'])
    return {
        ('oauth.token', 'isv.refresh-token-time-out'): old_refresh,
        ('', 'INVALID_PARAMETER'): lambda s: s.transfer(identity_type='BANKCARD_ACCOUNT'),
        ('uni.transfer', 'PAYER_BALANCE_NOT_ENOUGH'): Stage.transfer,
        ('uni.transfer', 'PAYMENT_INFO_INCONSISTENCY'): twice,
        ('uni.transfer', 'PAYEE_NOT_EXIST'): lambda s: s.transfer(identity=NOBODY),
        ('uni.transfer', 'PAYEE_ACCOUNT_STATUS_ERROR'): blocked,
        ('uni.transfer', 'PAYEE_USERINFO_ERROR'): lambda s: (s.paid(), s.transfer(name='Nobody'))[1],
        ('uni.transfer', 'PAYEE_TRUSTEESHIP_ACC_OVER_LIMIT'): full,
        ('uni.transfer', 'EXCEED_LIMIT_SM_MIN_AMOUNT'): lambda s: s.transfer('0.05'),
        ('common.query', 'ORDER_NOT_EXIST'): lambda s: s.app.call('alipay.fund.trans.common.query', {'order_id': '7'}),
        ('account.query', 'NO_PERMISSION_ACCOUNT'): account_of(lambda s: account(2, s.other_shop)),
        ('account.query', 'ALIPAY_ACCOUNT_NOT_EXIST'): account_of(lambda s: 'x'),
        ('downloadurl.query', 'INVAILID_ARGUMENTS'): bill(day='1 May'),
        ('downloadurl.query', 'BILL_NOT_EXIST'): bill(day='2099-01-01'),
        ('downloadurl.query', 'BILL_DATE_BEFORE_REGISTRATION'): bill(day='2024-01-01'),
        ('downloadurl.query', 'TYPE_NOT_SUPPORTED'): bill(kind='merchant_act'),
        ('oauth.token', 'isv.grant-type-invalid'): lambda s: s.oauth(grant_type='password'),
        ('oauth.token', 'isv.code-invalid'): lambda s: s.oauth(grant_type='authorization_code', code='0' * 40),
        ('oauth.token', 'isv.refresh-token-invalid'):
            lambda s: s.oauth(grant_type='refresh_token', refresh_token='0' * 40),
    }


def app_with(stage, certificate=False, **more):
    """Makes the stage's app another one."""
    app, keys = stage.app, stage.app.keys
    text = keys.public
    if certificate:
        request = alipay_openssl.openssl('req', '-x509', '-new', '-key', keys.private, '-days', '2', '-subj', '/CN=a')
        text = request.decode()
    app.app_id = stage.must('POST', '/v1/apps', {'merchant_id': app.merchant, 'shop_id': app.shop, 'name': 'B',
                                                 **({'public_key': text} if more.pop('key', True) else {}),
                                                 **more})['app_id']
    return stage


def disabled(stage):
    app = stage.app
    stage.must('POST', f'/v1/apps/{app.app_id}', {'shop_id': app.shop, 'name': 'x', 'disabled': True})
    return stage.raw()


def certified(stage, sn=None, **changes):
    """A request of an app with a certificate."""
    app_with(stage, certificate=True)
    held = stage.must('GET', f'/v1/apps/{stage.app.app_id}')['cert_sn']
    return stage.raw(**({'app_cert_sn': sn or held} if sn != '' else {}), **changes)


def image(stage, name, kind):
    body = '\r\n'.join(['--b', 'Content-Disposition: form-data; name="image_type"', '', kind,
                        '--b', 'Content-Disposition: form-data; name="image_name"', '', 'n',
                        '--b', f'Content-Disposition: form-data; name="{name}"; filename="a"', '', 'DATA', '--b--', ''])
    app = stage.app
    parameters = {'app_id': app.app_id, 'method': 'alipay.offline.material.image.upload', 'charset': 'utf-8',
                  'sign_type': 'RSA2', 'timestamp': datetime.datetime.now(BEIJING).strftime('%Y-%m-%d %H:%M:%S'),
                  'version': '1.0'}
    text = canonical({**parameters, 'image_type': kind, 'image_name': 'n'}, {'sign'}, 'utf-8')
    parameters['sign'] = app.keys.sign(text, 'sha256')
    _, _, answer = app.fetch('/gateway.do?' + urllib.parse.urlencode(parameters), body.encode(),
                             'multipart/form-data; boundary=b')
    return next(iter(json.loads(answer).values()))


def replayed(stage):
    stage.v3(nonce='same')
    return stage.v3(nonce='same')


def gateway_cases():
    def raw(*drop, **changes):
        return lambda stage: stage.raw(drop, **changes)

    def without(name):
        return raw(name)

    def old_token(stage):
        tokens = stage.tokens('auth_user')
        assert stage.who(tokens['access_token'])['nick_name'] == 'Li'
        stage.app.move(days=16)
        return stage.who(tokens['access_token'])
    secret = 'q83vASNFZ4mrze8BI0VniQ=='
    return {
        'isp.unknow-error': lambda s: (s.app.fault('unknown'), s.raw())[1],
        'isv.missing-method': without('method'),
        'isv.invalid-method': raw(method='alipay.no.such'),
        'isv.missing-app-id': without('app_id'),
        'isv.invalid-app-id': raw(app_id='9021999999999999'),
        'isv.invalid-app-state': disabled,
        'isv.invalid-charset': raw(charset='big5'),
        'isv.missing-signature-type': without('sign_type'),
        'isv.invalid-signature-type': raw(sign_type='MD5'),
        'isv.missing-timestamp': without('timestamp'),
        'isv.invalid-timestamp': raw(timestamp='2020-01-01 00:00:00'),
        'isv.illegal-timestamp': lambda s: s.v3(age_s=700),
        'isv.missing-version': without('version'),
        'isv.unsupported-version': raw(version='2.0'),
        'isv.invalid-format': raw(format='XML'),
        'isv.missing-signature': without('sign'),
        'isv.missing-signature-config': lambda s: app_with(s, key=False).raw(),
        'isv.missing-app-cert-sn': lambda s: certified(s, sn=''),
        'isv.app-cert-not-exist': lambda s: certified(s, sn='0' * 32),
        'isv.missing-alipay-root-cert-sn': certified,
        'isv.invalid-alipay-root-cert-sn': lambda s: certified(s, alipay_root_cert_sn='0' * 32),
        'isv.invalid-signature': lambda s: s.raw(key=Keys(other_folder(s))),
        'isv.suspected-attack': replayed,
        'isv.decryption-error-missing-encrypt-type': lambda s: app_with(s, aes=True).raw(biz_content='AAAA'),
        'isv.decryption-error-not-valid-encrypt-type': raw(encrypt_type='DES'),
        'isv.decryption-error-not-valid-encrypt-key': raw(encrypt_type='AES'),
        'isv.decryption-error-unknown': lambda s: app_with(s, aes=True).raw(encrypt_type='AES', biz_content=secret),
        'isv.illegal-json': raw(biz_content='{"a":1,"a":2}'),
        'isv.invalid-parameter': lambda s: s.raw(method='alipay.system.oauth.token', drop=('biz_content',)),
        'isv.not-support-app-auth': raw(app_auth_token='t'),
        'isv.alipay-cert-not-exist': raw(method='alipay.open.app.alipaycert.download',
                                         biz_content='{"alipay_cert_sn":"0"}'),
        'isv.upload-fail': lambda s: image(s, 'other', 'jpg'),
        'isv.invalid-file-extension': lambda s: image(s, 'image_content', 'exe'),
        'isv.insufficient-user-permissions': lambda s: s.who(s.tokens('auth_base')['access_token']),
        'aop.invalid-auth-token': lambda s: s.who('0' * 40),
        'aop.auth-token-time-out': old_token,
    }


def other_folder(stage):
    folder = stage.app.keys.folder / 'other'
    folder.mkdir()
    return folder


CASES = {**opening_cases(), **pay_cases(), **trade_cases(), **settle_cases(), **receiver_cases(), **fund_cases(),
         **{('', code): how for code, how in gateway_cases().items()}}


class Codes(alipay_openssl.Case):
    """One server for all of them: each case brings its own merchant and sets the policy anew."""

    @classmethod
    def setUpClass(cls):
        cls.served = alipay_openssl.Server(alipay_openssl.Case.program, '--test-clock')
        cls.base = alipay_openssl.App(cls.served, cls.served.folder)
        cls.policy = cls.base.operator.must('GET', '/v1/policy')

    @classmethod
    def tearDownClass(cls):
        stopped, audit = cls.served.stop(), cls.served.audit()
        cls.served.close()
        assert (stopped, audit) == (0, None), (stopped, audit)

    def setUp(self):
        pass

    def test_what_is_said_to_come_about_is_brought_about_here_and_nothing_else(self):
        told = json.loads(subprocess.run([program.ONETILL, 'describe', 'alipay'], check=True,
                                         capture_output=True).stdout)['provocations']
        said = {(end, entry['sub_code']) for entry in told for end in entry['methods'].split() or ['']}
        said = {(end, code) for end, code in said if not end.startswith(TICKETS)}
        self.assertEqual(said - set(CASES) - set(ELSEWHERE), set())
        self.assertEqual(set(CASES) - said, set())


def brought_about(end, code, how):
    def test(self):
        node = how(Stage(self.base, self.policy))
        self.assertEqual(node['sub_code'] if code != '10003' else node['code'], code, node)
    test.__name__ = f"test_{end or 'any method'}_{code}".replace('.', '_')
    return test


for (end_, code_), how_ in CASES.items():
    added = brought_about(end_, code_, how_)
    setattr(Codes, added.__name__, added)


if __name__ == '__main__':
    alipay_openssl.Case.program = sys.argv[1]
    program.run_tests(Codes)
