# SPDX-License-Identifier: Apache-2.0
"""An app that speaks the Alipay protocol with the standard library and the `openssl` command: a second client, by the
description of the protocol alone. With it come a shop, its server that takes notices, and a shopper."""

import base64
import datetime
import http.server
import itertools
import json
import pathlib
import queue
import subprocess
import threading
import time
import unittest
import urllib.parse
import urllib.request

from till import Client, Server

PATIENCE_S = 60
BEIJING = datetime.timezone(datetime.timedelta(hours=8))
_NUMBERS = itertools.count(1)


def openssl(*arguments, given=b''):
    return subprocess.run(['openssl', *map(str, arguments)], input=given, check=True, capture_output=True).stdout


def pem_of(base64_text, kind='PUBLIC KEY'):
    lines = [base64_text[at:at + 64] for at in range(0, len(base64_text), 64)]
    return '\n'.join([f'-----BEGIN {kind}-----', *lines, f'-----END {kind}-----', ''])


class Keys:
    """A key pair in files, and the platform's public key once it is known."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.private = self.folder / 'app.pem'
        self.platform = self.folder / 'platform.pem'
        openssl('genrsa', '-out', self.private, 2048)
        self.public = openssl('rsa', '-in', self.private, '-pubout').decode()  # PEM, as people paste it

    def sign(self, text, digest):
        return base64.b64encode(openssl('dgst', '-' + digest, '-sign', self.private, given=text)).decode()

    def verifies(self, text, signature, digest):
        path = self.folder / 'signature'
        path.write_bytes(base64.b64decode(signature, validate=True))
        done = subprocess.run(['openssl', 'dgst', '-' + digest, '-verify', str(self.platform), '-signature', str(path)],
                              input=text, check=False, capture_output=True)
        return done.returncode == 0


def canonical(parameters, left_out, charset):
    return '&'.join(f'{name}={value}' for name, value in sorted(parameters.items())
                    if name not in left_out and value != '').encode(charset)


DIGESTS = {'RSA2': 'sha256', 'RSA': 'sha1'}


class App:
    """One app of a shop: calls the gateway, and reads notices."""

    def __init__(self, server, folder, **more):
        self.server, self.keys = server, Keys(folder)
        self.operator = server.operator()
        must = self.operator.must
        self.merchant = must('POST', '/v1/merchants', {'name': 'Wu Mart'})['merchant_id']
        self.shop = must('POST', '/v1/shops', {'merchant_id': self.merchant, 'name': '物美 "中关村"'})['shop_id']
        self.shopper = must('POST', '/v1/shoppers', {'name': 'Li', 'logon_id': '15912345620'})['shopper_id']
        must('POST', f'/v1/shoppers/{self.shopper}/wallet/top_up', {'amount_minor': 450000})
        app = must('POST', '/v1/apps', {'merchant_id': self.merchant, 'shop_id': self.shop, 'name': 'POS 1',
                                        'public_key': self.keys.public, **more})
        self.app_id = app['app_id']
        self.keys.platform.write_text(pem_of(must('GET', '/v1/alipay/platform')['alipay_public_key']), encoding='ascii')

    def number(self):
        return f'N{next(_NUMBERS)}'

    def codes(self):
        """A device shows new codes each minute, so each payment and each log-in gets a device of its own."""
        device = self.operator.must('POST', f'/v1/shoppers/{self.shopper}/devices', {})['device_id']
        return self.operator.must('GET', f'/v1/shoppers/{self.shopper}/devices/{device}/pay_code')

    def pay_code(self):
        return self.codes()['pay_code']

    def login_code(self):
        return self.codes()['login_code']

    def call(self, method, content, charset='utf-8', sign_type='RSA2', **more):
        """The node of the answer, whose signature was checked over its very bytes."""
        parameters = {'app_id': self.app_id, 'method': method, 'charset': charset, 'sign_type': sign_type,
                      'timestamp': datetime.datetime.now(BEIJING).strftime('%Y-%m-%d %H:%M:%S'), 'version': '1.0',
                      'biz_content': json.dumps(content, ensure_ascii=False), **more}
        text = canonical(parameters, {'sign'}, charset)
        parameters['sign'] = self.keys.sign(text, DIGESTS[sign_type])
        body = urllib.parse.urlencode(parameters, encoding=charset).encode()
        status, _, answer = self.fetch('/gateway.do', body, f'application/x-www-form-urlencoded;charset={charset}')
        assert status == 200, (status, answer)
        front = '{"%s_response":' % method.replace('.', '_')
        assert answer.startswith(front.encode()), answer
        node, _, tail = answer[len(front):].rpartition(b',"sign":"')
        signature = tail.rstrip(b'"}').decode()
        assert self.keys.verifies(node, signature, DIGESTS[sign_type]), answer
        return json.loads(node.decode(charset))

    def must(self, method, content, **more):
        node = self.call(method, content, **more)
        assert node['code'] == '10000', (method, content, node)
        return node

    def fetch(self, path, body=None, content_type=None):
        connection = self.server.connect()
        connection.request('POST' if body is not None else 'GET', path, body,
                           {'Content-Type': content_type} if content_type else {})
        answer = connection.getresponse()
        result = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        connection.close()
        return result

    def pay(self, amount, **more):
        """Through the gateway; `notify_url`, `charset` and `sign_type` are the call's, the rest is content."""
        system = {name: more.pop(name) for name in ('notify_url', 'charset', 'sign_type') if name in more}
        return self.must('alipay.trade.pay', {'out_trade_no': self.number(), 'scene': 'bar_code', 'subject': '咖啡 A+B&C',
                                              'auth_code': self.pay_code(), 'total_amount': amount, **more}, **system)

    def noon(self):
        """The next noon in Beijing: what is done from now on is of one day."""
        now = datetime.datetime.fromisoformat(self.operator.must('GET', '/v1/time')['now'].replace('Z', '+00:00'))
        noon = now.replace(hour=4, minute=0, second=0, microsecond=0)
        if noon <= now:
            noon += datetime.timedelta(days=1)
        self.operator.must('POST', '/v1/test/clock', {'now': noon.isoformat().replace('+00:00', 'Z')})
        return (noon + datetime.timedelta(hours=8)).date()

    def move(self, **step):
        now = datetime.datetime.fromisoformat(self.operator.must('GET', '/v1/time')['now'].replace('Z', '+00:00'))
        later = (now + datetime.timedelta(**step)).isoformat().replace('+00:00', 'Z')
        self.operator.must('POST', '/v1/test/clock', {'now': later})

    def deliveries(self):
        """The log, the oldest first."""
        return self.operator.must('GET', f'/v1/merchants/{self.merchant}/deliveries?limit=100')['data'][::-1]

    def log_until(self, holds):
        until = time.monotonic() + PATIENCE_S
        while True:
            log = self.deliveries()
            if holds(log):
                return log
            assert time.monotonic() < until, log
            time.sleep(0.02)

    def fault(self, fault, **more):
        self.operator.must('POST', '/v1/sandbox/faults', {'app_id': self.app_id, 'fault': fault, **more})


class Notice:
    """What came, decoded and verified as the protocol tells receivers to."""

    def __init__(self, keys, path, headers, body):
        self.path, self.body, self.content_type = path, body, headers['Content-Type']
        charset = self.content_type.rpartition('charset=')[2]
        pairs = [pair.split('=', 1) for pair in body.decode('ascii').split('&')]
        self.values = {name: urllib.parse.unquote_plus(value, encoding=charset, errors='strict')
                       for name, value in pairs}
        assert len(pairs) == len(self.values), body
        assert all(self.values.values()), 'no parameter is empty'
        assert self.values['charset'].lower() == charset.lower()
        text = canonical(self.values, {'sign', 'sign_type'}, charset)
        assert keys.verifies(text, self.values['sign'], DIGESTS[self.values['sign_type']]), body

    def __getitem__(self, name):
        return self.values[name]

    def __contains__(self, name):
        return name in self.values


class ShopServer(http.server.ThreadingHTTPServer):
    """Takes notices. Says `success`, or for as long as there are any what `answers` holds: (status, body)."""

    daemon_threads = True

    def __init__(self):
        super().__init__(('127.0.0.1', 0), _Handler)
        self.got, self.answers = queue.Queue(), queue.Queue()
        self.url = f'http://127.0.0.1:{self.server_port}'
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def next(self, keys):
        return Notice(keys, *self.got.get(timeout=PATIENCE_S))

    def nothing(self, seconds=0.3):
        time.sleep(seconds)
        return self.got.empty()


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):  # pylint: disable=invalid-name
        body = self.rfile.read(int(self.headers['Content-Length']))
        try:
            status, text = self.server.answers.get_nowait()
        except queue.Empty:
            status, text = 200, b'success'
        self.server.got.put((self.path, dict(self.headers.items()), body))
        self.send_response(status)
        if status // 100 == 3:
            self.send_header('Location', self.server.url + '/elsewhere')
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments):  # pylint: disable=arguments-differ
        pass


class Case(unittest.TestCase):
    """A served store with a clock that the test moves, an app, and the shop's server. The books are audited."""

    program = None

    def setUp(self):
        self.server = Server(Case.program, '--test-clock')
        self.addCleanup(self.close)
        self.shop = ShopServer()
        self.addCleanup(self.shop.server_close)
        self.addCleanup(self.shop.shutdown)
        self.app = App(self.server, self.server.folder, notify_url=self.shop.url + '/app')

    def restart(self):
        """The same store again, on another port."""
        old = self.server
        self.assertEqual(old.stop(), 0)
        self.server = Server(Case.program, '--test-clock', store=old.store)
        self.server.folder, old.folder = old.folder, None
        old.close()
        self.app.server = self.server
        self.app.operator = Client(self.server, self.server.operator_token)

    def next(self):
        return self.shop.next(self.app.keys)

    def close(self):
        stopped = self.server.stop()
        audit = self.server.audit()
        self.server.close()
        self.assertEqual(stopped, 0)
        self.assertIsNone(audit)
