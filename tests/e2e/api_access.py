# SPDX-License-Identifier: Apache-2.0
"""Who may do what: each kind of token, each operation, on its own and on another's subject. Nobody learns anything of
what is not theirs: no name, no amount, and of trades not even that they exist."""

import contextlib
import json
import socket
import threading
import time

from api_operations import Till
from api_recipes import OF_NOBODY
from till import TIMEOUT_S, Client

KINDS = ('operator', 'merchant', 'shop', 'terminal', 'shopper')

# A kind of token that may call an operation at all does not reach every subject of its own side.
NOT_BELOW = {
    ('merchant_query', 'shop'), ('merchant_query', 'terminal'), ('shop_list', 'shop'), ('shop_list', 'terminal'),
    ('delivery_list', 'shop'), ('delivery_list', 'terminal'), ('token_list', 'shop'), ('token_list', 'terminal'),
    ('token_revoke', 'shop'),
    ('token_revoke', 'shopper'), ('token_issue', 'shopper'),
    # Red packets of these recipes are a shopper's.
    ('packet_create', 'merchant'), ('packet_query', 'merchant'), ('packet_query', 'shop'), ('packet_query', 'terminal'),
    ('packet_claim_list', 'merchant'), ('packet_claim_list', 'shop'), ('packet_claim_list', 'terminal'),
}
NO_REACH = (403, 404)
# What a token may ask without anything being its own; it must not tell secrets all the same.
OPEN_TO_ALL = {'qr_svg', 'qr_png', 'event_stream', 'trade_preview', 'campaign_query', 'campaign_history'}


class Access(Till):
    def client_of(self, side, kind):
        return self.operator if kind == 'operator' else side.client(kind)

    def test_own_and_foreign_for_each_kind_and_operation(self):
        wrong, matrix = [], 0
        for operation in self.operations:
            for kind in KINDS:
                may = operation.open or kind in operation.callers
                for side, foreign in ((self.ours, False), (self.theirs, True)):
                    made = operation.recipe(side)
                    answer = operation.perform(self.client_of(self.ours, kind), made)
                    matrix += 1
                    where = f'{operation.name} by {kind}{", foreign" if foreign else ""}'
                    if not may and (answer.status, answer.code) != (403, 'forbidden'):
                        wrong.append(f'{where}: {answer!r}')
                    elif may and (kind == 'operator' or not foreign or operation.open
                                  or operation.name in OF_NOBODY):
                        reached = answer.status == operation.status
                        if not reached and (operation.name, kind) not in NOT_BELOW:
                            wrong.append(f'{where}: {answer!r}')
                    elif may:
                        wrong += self.foreign_check(operation, kind, where, made, answer)
        self.nothing(wrong)
        self.assertGreater(matrix, 400)

    def foreign_check(self, operation, kind, where, made, answer):
        """Findings on an answer about somebody else's subject."""
        if operation.name in OPEN_TO_ALL:
            return [] if self.theirs.secret not in answer.body.decode('utf-8', 'replace') else [f'{where}: {answer!r}']
        if answer.status not in NO_REACH:
            return [f'{where}: {answer!r}']
        self.problem_check(answer, where)
        text = answer.body.decode()
        leaks = [value for value in (self.theirs.secret, '1000', '500') if f'"{value}"' in text or f':{value},' in text]
        return [f'{where}: tells {leaks}: {answer!r}'] if leaks else []

    def test_what_is_not_mine_is_as_what_is_not_there(self):
        """Whatever is done to a foreign trade is answered as for a trade that never was."""
        wrong = []
        foreign = self.theirs.paid()
        for operation in self.operations:
            if '{trade_id}' not in operation.path:
                continue
            for kind in KINDS[1:]:
                if kind not in operation.callers:
                    continue
                client = self.ours.client(kind)
                path, query, body = operation.recipe(self.theirs)
                told = [operation.perform(client, (dict(path, trade_id=trade_id), query, body))
                        for trade_id in (foreign['trade_id'], str(int(foreign['trade_id']) + 1000000))]
                seen = [(answer.status, answer.code, answer.json.get('detail')) for answer in told]
                if seen[0] != seen[1]:
                    wrong.append(f'{operation.name} by {kind}: {seen[0]} on a foreign one, {seen[1]} on none')
        self.nothing(wrong)

    def test_a_token_speaks_for_what_hangs_below_it_only(self):
        """Nobody issues a token for more than is theirs, and nobody revokes another's."""
        subjects = {'operator': None, 'merchant': 'merchant', 'shop': 'shop', 'terminal': 'terminal',
                    'shopper': 'shopper'}
        reach = {'merchant': {'merchant', 'shop', 'terminal'}, 'shop': {'shop', 'terminal'}, 'terminal': set(),
                 'shopper': set()}  # shoppers' tokens come from the platform
        wrong = []
        for kind in KINDS[1:]:
            client = self.ours.client(kind)
            for wanted, subject in subjects.items():
                for side in (self.ours, self.theirs):
                    body = {'caller_kind': wanted}
                    if subject:
                        body['caller_id'] = getattr(side, subject)
                    answer = client.post('/v1/tokens', body)
                    allowed = side is self.ours and wanted in reach[kind]
                    if kind == 'shop' and wanted == 'shop':
                        allowed = None  # its own kind: as the house likes
                    if allowed is not None and (answer.status == 201) != allowed:
                        wrong.append(f'{kind} wants a token for {wanted} of {side.number}: {answer!r}')
            answer = client.send('DELETE', f'/v1/tokens/{self.theirs.issued()["token_id"]}')
            if answer.status not in NO_REACH:
                wrong.append(f'{kind} revokes: {answer!r}')
        self.nothing(wrong)

    def test_shoppers_and_tills_in_each_others_place(self):
        ours, theirs = self.ours, self.theirs
        shopper = ours.client('shopper')
        for path in (f'/v1/shoppers/{theirs.shopper}', f'/v1/shoppers/{theirs.shopper}/wallet',
                     f'/v1/shoppers/{theirs.shopper}/wallet/statement'):
            self.assertIn(shopper.get(path).status, NO_REACH, path)
        scanned = theirs.waiting()  # their shopper scanned it: ours can neither confirm nor decline it
        for verb in ('confirm', 'decline'):
            self.assertIn(shopper.post(f'/v1/trades/{scanned["trade_id"]}/{verb}').status, NO_REACH)
        self.assertEqual(self.operator.must('GET', f'/v1/trades/{scanned["trade_id"]}')['state'], 'WAIT_BUYER_PAY')
        taken = shopper.post('/v1/qr/pay', {'shopper_id': theirs.shopper, 'qr': theirs.opened()['qr_emvco']})
        self.assertEqual((taken.status, taken.code), (403, 'forbidden'))
        terminal = ours.client('terminal')
        for shop in (theirs.shop, ours.other_shop):
            answer = terminal.post('/v1/trades/pay', ours.pay_body(shop=shop))
            self.assertEqual((answer.status, answer.code), (403, 'forbidden'), shop)

    def until(self, holds):
        give_up = time.monotonic() + TIMEOUT_S
        while not holds():
            self.assertLess(time.monotonic(), give_up)
            time.sleep(0.01)

    def test_a_stream_tells_of_its_callers_trades_only(self):
        kinds = ('merchant', 'shop', 'terminal', 'shopper')
        heard, wires = dict.fromkeys(kinds, b''), {}

        def listen(kind):
            with contextlib.suppress(OSError):
                while part := wires[kind].recv(65536):
                    heard[kind] += part
        for kind in kinds:
            wires[kind] = self.server.socket()
            wires[kind].sendall(f'GET /v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer '
                                f'{self.ours.tokens[kind]}\r\n\r\n'.encode())
        listeners = [threading.Thread(target=listen, args=(kind,)) for kind in kinds]
        for listener in listeners:
            listener.start()
        self.until(lambda: all(b'\r\n\r\n' in text for text in heard.values()))
        theirs, mine = self.theirs.paid()['trade_id'], self.ours.paid()['trade_id']
        self.until(lambda: all(mine.encode() in heard[kind] for kind in ('merchant', 'shop', 'shopper')))
        for kind, listener in zip(kinds, listeners):
            wires[kind].shutdown(socket.SHUT_RDWR)
            listener.join()
            wires[kind].close()
        heard = {kind: text.decode('utf-8', 'replace') for kind, text in heard.items()}
        for kind in kinds:
            self.assertNotIn(theirs, heard[kind], kind)
            self.assertNotIn(self.theirs.secret, heard[kind], kind)
        for kind in ('merchant', 'shop', 'shopper'):
            self.assertIn(mine, heard[kind], kind)

    def test_secrets_are_shown_once(self):
        """A device's secret, a token's text and a webhook's secret stand in the answer that made them only."""
        ours = self.ours
        device = self.operator.must('POST', f'/v1/shoppers/{ours.shopper}/devices')
        token, endpoint = ours.issued(), ours.endpoint()
        self.assertGreater(len(device['secret']), 40)
        secrets = (device['secret'], token['token'], endpoint['secret'])
        ours.paid()
        for path in (f'/v1/shoppers/{ours.shopper}', f'/v1/merchants/{ours.merchant}', f'/v1/shops/{ours.shop}',
                     f'/v1/merchants/{ours.merchant}/deliveries', '/metrics', '/v1/openapi.json',
                     f'/v1/shoppers/{ours.shopper}/devices/{device["device_id"]}/pay_code'):
            text = self.operator.get(path).body.decode()
            for secret in secrets:
                self.assertNotIn(secret, text, path)
        log = self.server.errors()
        for secret in secrets + (self.server.operator_token,):
            self.assertNotIn(secret, log)

    def test_everybody_may_ask_for_the_time_only(self):
        nobody = Client(self.server)
        for operation in self.operations:
            answer = operation.perform(nobody, operation.recipe(self.ours))
            if operation.open:
                self.assertEqual(answer.status, operation.status, operation.name)
                self.assertNotIn(self.ours.tokens['shop'], json.dumps(str(answer.body)))
            else:
                self.assertEqual((answer.status, answer.code), (401, 'unauthenticated'), operation.name)
