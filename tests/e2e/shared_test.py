#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""shared_test.py ONETILL: several `onetill serve` on one database are one till. Every request goes to another process
than the one before: calls and their repetition, tokens, event streams, live pages, the Alipay gateway with its keys,
pages of shoppers, notifications, the test clock; and what they answer while the database is away. Prints TAP."""

import http.client
import json
import pathlib
import random
import re
import signal
import sys
import threading
import time
import urllib.parse

import program
from alipay_openssl import App, Keys
from till import Client, Side
from webhooks import Receiver

sys.path.insert(0, str(program.ROOT / 'tests' / 'support'))
import cluster  # noqa: E402 pylint: disable=wrong-import-position

PATIENCE_S = 60
SOON_S = PATIENCE_S  # until one process knows what another one did: tens of milliseconds on a machine that is idle


class Process:
    """One `onetill serve` on the database."""

    def __init__(self, case, *options):
        self.process = case.start_program('serve', '--store', case.place, '--key', case.key, '--listen', '127.0.0.1:0',
                                          '--webhook-private', *options)
        case.addCleanup(self.close)
        ready = self.process.stdout.readline().split()
        if not ready:
            raise AssertionError(self.process.communicate()[1])
        self.port = int(ready[1].rsplit(':', 1)[1])

    def connect(self, timeout=PATIENCE_S):
        return http.client.HTTPConnection('127.0.0.1', self.port, timeout=timeout)

    def ask(self, path, **more):
        client = Client(self)
        try:
            return client.get(path, **more)
        finally:
            client.close()

    def metric(self, name):
        found = re.search(rf'^{name} (\S+)$', self.ask('/metrics').body.decode(), re.M)
        return float(found[1]) if found else None

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(60)

    def close(self):
        self.process.kill()
        self.process.communicate()


class Scattered(Client):
    """Each request on a connection of its own, to any process."""

    def send(self, *arguments, **more):
        self.close()
        return super().send(*arguments, **more)


class Fleet:
    """As one server: a connection goes to any of those that are there."""

    def __init__(self, case, count, *options):
        self.case, self.options = case, options
        self.processes = [Process(case, *options) for _ in range(count)]
        self.random = random.Random(1212)
        self.operator_token = pathlib.Path(f'{case.key[:-4]}.operator-token').read_text(encoding='ascii').strip()

    def connect(self, timeout=PATIENCE_S):
        return self.random.choice(self.processes).connect(timeout)

    def operator(self):
        return Scattered(self, self.operator_token)

    def token(self, kind, subject, number=1):
        done = self.case.run_program('token', '--key', self.case.key, '--store', self.case.place, '--kind', kind,
                                     '--id', subject, '--token-id', number)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def kill(self, at):
        dead = self.processes.pop(at)
        dead.stop(signal.SIGKILL)


class Stream:
    """Server-sent events of one process, read by a thread."""

    def __init__(self, process, path, token=None, last_id=None):
        self.connection = process.connect()
        headers = {'Authorization': f'Bearer {token}'} if token else {}
        if last_id:
            headers['Last-Event-ID'] = last_id
        self.connection.request('GET', path, headers=headers)
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.status
        self.events, self.wake, self.ended = [], threading.Condition(), False
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        event = {}
        try:
            for line in self.answer:
                name, _, value = line.decode().rstrip('\n').partition(': ')
                if name in ('id', 'event', 'data'):
                    event[name] = value
                elif not name and event:
                    with self.wake:
                        self.events.append(event)
                        self.wake.notify_all()
                    event = {}
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            pass
        with self.wake:
            self.ended = True
            self.wake.notify_all()

    def until(self, holds, seconds=PATIENCE_S):
        with self.wake:
            if not self.wake.wait_for(lambda: holds(self.events), seconds):
                raise AssertionError(self.events[-5:])
            return list(self.events)

    def until_end(self):
        with self.wake:
            return self.wake.wait_for(lambda: self.ended, PATIENCE_S)

    def close(self):
        self.connection.sock and self.connection.sock.shutdown(2)
        self.thread.join(5)
        self.connection.close()


def trades_of(events):
    return [json.loads(event['data'])['trade_id'] for event in events if event['event'] == 'trade.paid']


class Shared(program.Case):
    options = ('--test-clock',)  # pay codes are offered to be asked for
    count = 2

    @classmethod
    def setUpClass(cls):
        cls.cluster = cluster.joined()
        cls.addClassCleanup(cls.cluster.close)

    def setUp(self):
        super().setUp()
        self.place = self.cluster.database()
        self.addCleanup(self.cluster.drop, self.place)
        self.key = str(self.folder / 'till.key')
        self.fleet = Fleet(self, self.count, *self.options)
        self.operator = self.fleet.operator()

    def stream(self, *arguments, **more):
        stream = Stream(*arguments, **more)
        self.addCleanup(stream.close)
        return stream

    def until(self, holds, seconds=SOON_S):
        give_up = time.monotonic() + seconds
        while not holds():
            self.assertLess(time.monotonic(), give_up)
            time.sleep(0.01)

    def books(self):
        done = self.run_program('audit', '--store', self.place, '--json')
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertTrue(json.loads(done.stdout)['ok'], done.stdout)


class Calls(Shared):
    count = 3

    def test_any_request_may_go_to_any_of_them(self):
        side = Side(self.fleet, self.operator, 4)
        side.campaign(9000)
        paid = [side.paid(400 + number) for number in range(30)]
        self.assertEqual(30, len({trade['trade_id'] for trade in paid}))
        nodes = {int(trade['trade_id']) % 64 for trade in paid}
        self.assertEqual({0, 1, 2}, nodes)  # each gives ids of its own
        for trade in random.sample(paid, 10):
            found = [Client(process, self.fleet.operator_token).must('GET', f'/v1/trades/{trade["trade_id"]}')
                     for process in self.fleet.processes]
            self.assertEqual([trade['paid_minor']] * 3, [one['paid_minor'] for one in found])
            self.operator.must('POST', f'/v1/trades/{trade["trade_id"]}/refunds',
                               {'out_request_no': side.next(), 'amount_minor': 100})
        self.books()

    def test_a_repeated_request_has_one_effect_wherever_it_goes(self):
        side = Side(self.fleet, self.operator, 4)
        for number in range(12):
            body, key = side.pay_body(900), f'the-same-{number}'
            answers = []
            threads = [threading.Thread(target=lambda process=process: answers.append(
                Client(process, self.fleet.operator_token).post('/v1/trades/pay', body, key=key)))
                for process in self.fleet.processes]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(1, len({answer.body for answer in answers}), answers)
            self.assertEqual([None, 'true', 'true'],
                             sorted((answer.headers.get('idempotent-replayed') for answer in answers),
                                    key=lambda said: said or ''))
            other = Client(self.fleet.processes[0], self.fleet.operator_token).post(
                '/v1/trades/pay', dict(body, amount_minor=901), key=key)
            self.assertEqual('request_reused', other.code)
        self.books()

    def test_a_hot_budget_is_never_overspent(self):
        side = Side(self.fleet, self.operator, 4)
        campaign = self.operator.must('POST', '/v1/campaigns', {
            'name': 'hot', 'kind': 'percentage', 'percent_bp': 5000, 'cap_minor': 300,
            'starts_at': '2020-01-01T00:00:00Z', 'ends_at': '2098-01-01T00:00:00Z',
            'targets': [{'kind': 'shop', 'id': side.shop}]})
        self.operator.must('POST', f'/v1/campaigns/{campaign["campaign_id"]}/fund', {'platform_minor': 3000})
        bodies = [side.pay_body(1000) for _ in range(24)]
        answers, lock = [], threading.Lock()

        def play(process, part):
            client = Client(process, self.fleet.operator_token)
            for body in part:
                answer = client.post('/v1/trades/pay', body)
                with lock:
                    answers.append(answer)
            client.close()
        threads = [threading.Thread(target=play, args=(process, bodies[at::3]))
                   for at, process in enumerate(self.fleet.processes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({201}, {answer.status for answer in answers}, answers)
        given = sum(answer.json['discount_minor'] for answer in answers)
        now = self.operator.must('GET', f'/v1/campaigns/{campaign["campaign_id"]}')
        self.assertEqual((3000 - given, given), (now['left_minor'], now['spent_minor']))
        self.assertEqual(3000, given)
        self.books()

    def test_what_a_token_may_ends_everywhere(self):
        side = Side(self.fleet, self.operator, 4)
        issued = Scattered(self.fleet, side.tokens['merchant']).must(
            'POST', '/v1/tokens', {'caller_kind': 'shop', 'caller_id': side.shop, 'name': 'x'})
        path = f'/v1/shops/{side.shop}'
        for process in self.fleet.processes:  # at once: it is signed, not looked up
            self.assertEqual(200, Client(process, issued['token']).get(path).status)
        listener = self.stream(self.fleet.processes[2], '/v1/events', issued['token'])
        revoker = Client(self.fleet.processes[0], self.fleet.operator_token)
        revoker.must('DELETE', f'/v1/tokens/{issued["token_id"]}')
        for process in self.fleet.processes:
            self.until(lambda process=process: Client(process, issued['token']).get(path).status == 401)
        self.assertTrue(listener.until_end())

    def test_what_was_issued_elsewhere_ends_with_its_origin(self):
        side = Side(self.fleet, self.operator, 4)
        asked = {'caller_kind': 'merchant', 'caller_id': side.merchant, 'name': 'x'}
        below = {'caller_kind': 'shop', 'caller_id': side.shop, 'name': 'y'}
        for turn in range(6):
            first, second = (self.fleet.processes[(turn + number) % 3] for number in range(2))
            parent = Client(first, self.fleet.operator_token).must('POST', '/v1/tokens', asked)
            child = Client(second, parent['token']).must('POST', '/v1/tokens', below)
            self.assertLess(int(parent['token_id']), int(child['token_id']))
            Client(second, self.fleet.operator_token).must('DELETE', f'/v1/tokens/{parent["token_id"]}')
            for process in self.fleet.processes:
                self.until(lambda process=process: Client(process, child['token']).get(
                    f'/v1/shops/{side.shop}').status == 401)


class Streams(Shared):
    def test_event_streams_hear_of_both_and_go_on_at_the_other(self):
        side = Side(self.fleet, self.operator, 4)
        first, second = self.fleet.processes
        token = self.fleet.operator_token
        streams = [self.stream(process, '/v1/events', token) for process in (first, second)]
        paid = [side.paid(100)['trade_id'] for _ in range(8)]
        for stream in streams:
            events = stream.until(lambda events: len(trades_of(events)) >= 8)
            self.assertEqual(sorted(paid), sorted(trades_of(events)))
        told = streams[0].events
        streams[0].close()
        for heard in (1, 4, 7, 8):  # it had heard so many
            missed = side.paid(200)['trade_id']
            paid.append(missed)
            again = self.stream(second, '/v1/events', token, last_id=told[heard - 1]['id'])
            events = again.until(lambda events, missed=missed: missed in trades_of(events))
            self.assertNotIn('gap', [event['event'] for event in events])
            seen = trades_of(told[:heard]) + trades_of(events)
            self.assertEqual(set(paid), set(seen))
            again.close()
        self.fleet.kill(0)
        late = side.paid(300)['trade_id']
        again = self.stream(second, '/v1/events', token, last_id=told[-1]['id'])
        events = again.until(lambda events: late in trades_of(events))
        self.assertNotIn('gap', [event['event'] for event in events])

    def test_live_pages_show_the_day_of_all(self):
        side = Side(self.fleet, self.operator, 4)
        trades = [side.paid(1000) for _ in range(5)]
        side.operator.must('POST', f'/v1/trades/{trades[0]["trade_id"]}/refunds',
                           {'out_request_no': 'back', 'amount_minor': 400})
        poor = dict(side.pay_body(1), pay_code='280000000000000000')
        for _ in range(4):
            self.operator.post('/v1/trades/pay', dict(poor, out_trade_no=side.next()))

        def shows(events):
            seconds = [json.loads(event['data']) for event in events if event['event'] == 'second']
            wanted = {'payments_total': 5, 'refunds_total': 1, 'amount_minor_total': 5000, 'trial_balance_minor': 0}
            return bool(seconds) and wanted.items() <= {name: value for name, value in seconds[-1].items()
                                                        if name in wanted}.items() \
                and sum(seconds[-1]['refusals'].values()) == 4
        for process in self.fleet.processes:
            events = self.stream(process, '/v1/live').until(shows)
            nodes = json.loads([event for event in events if event['event'] == 'second'][-1]['data'])['nodes']
            self.assertEqual([0, 1], [node['node'] for node in nodes])
            self.assertEqual([True, False], [node['leads'] for node in nodes])
            self.assertEqual(1, sum(node['here'] for node in nodes))
        third = Process(self, *self.options)  # who comes later counts the same
        self.stream(third, '/v1/live').until(lambda events: events and any(
            json.loads(event['data']).get('payments_total') == 5 for event in events))


    def test_an_operator_sees_who_serves(self):
        for at, process in enumerate(self.fleet.processes):
            listed = Client(process, self.fleet.operator_token).must('GET', '/v1/nodes')['data']
            self.assertEqual([0, 1], [node['node'] for node in listed])
            self.assertEqual([number == at for number in range(2)], [node['here'] for node in listed])
            self.assertTrue(all(node['address'] for node in listed), listed)
        first = self.fleet.processes[0]
        trips = first.metric('onetill_database_round_trips_total')
        Client(first, self.fleet.operator_token).must('POST', '/v1/merchants', {'name': 'x'})
        self.assertGreater(first.metric('onetill_database_round_trips_total'), trips)
        self.assertEqual([0, 1], [process.metric('onetill_node') for process in self.fleet.processes])
        self.assertEqual([2, 2], [process.metric('onetill_nodes') for process in self.fleet.processes])
        self.assertEqual(401, first.ask('/v1/nodes').status)
        shop = self.fleet.token('shop', '41', 7)
        self.assertEqual(403, Client(first, shop).get('/v1/nodes').status)


class Notifications(Shared):
    def test_one_notifies_and_the_next_takes_over(self):
        side = Side(self.fleet, self.operator, 4)
        receiver = Receiver()
        self.addCleanup(receiver.shutdown)
        self.operator.must('POST', '/v1/webhooks',
                           {'merchant_id': side.merchant, 'url': f'http://127.0.0.1:{receiver.server_port}/hook'})
        paid = {side.paid(500)['trade_id'] for _ in range(6)}
        came = [json.loads(receiver.next()[1])['data']['trade_id'] for _ in range(6)]
        self.assertEqual(paid, set(came))
        self.assertTrue(receiver.nothing(0.3))  # each once
        first, second = self.fleet.processes
        self.assertEqual((6, 0), (first.metric('onetill_webhooks_attempts_total'),
                                  second.metric('onetill_webhooks_attempts_total')))
        self.fleet.kill(0)
        late = {side.paid(600)['trade_id'] for _ in range(3)}
        begun = time.monotonic()
        came = {json.loads(receiver.next()[1])['data']['trade_id'] for _ in range(3)}
        self.assertEqual(late, came)
        self.assertLess(time.monotonic() - begun, 15)
        self.assertEqual(1, second.metric('onetill_node_leads'))
        self.fleet.processes.append(Process(self, *self.options))  # in the place that has become free: it leads again
        late = {side.paid(700)['trade_id'] for _ in range(4)}
        came = {json.loads(receiver.next()[1])['data']['trade_id'] for _ in range(4)}
        self.assertEqual(late, came)
        self.assertTrue(receiver.nothing(0.3))
        self.books()


class Gateway(Shared):
    def setUp(self):
        super().setUp()
        self.app = App(self.fleet, self.folder)

    def test_the_gateway_is_one_whichever_answers(self):
        keys = [Client(process, self.fleet.operator_token).must('GET', '/v1/alipay/platform')
                for process in self.fleet.processes]
        self.assertEqual(keys[0], keys[1])
        for _ in range(4):  # signatures are checked by the same key, whoever signed
            paid = self.app.pay('12.00')
            found = self.app.must('alipay.trade.query', {'out_trade_no': paid['out_trade_no']})
            self.assertEqual((paid['trade_no'], 'TRADE_SUCCESS'), (found['trade_no'], found['trade_status']))
        for process in self.fleet.processes * 3:  # the other one knows an app that was just made
            maker = Client(process, self.fleet.operator_token)
            made = maker.must('POST', '/v1/apps', {'merchant_id': self.app.merchant, 'shop_id': self.app.shop,
                                                   'name': 'new', 'public_key': self.app.keys.public})
            self.app.app_id = made['app_id']
            self.assertEqual({'ACQ.TRADE_NOT_EXIST'}, {self.code() for _ in range(2)})

    def test_a_key_that_was_replaced_is_void_everywhere(self):
        (self.folder / 'new').mkdir()
        pair = [self.app.keys, Keys(self.folder / 'new')]
        pair[1].platform = pair[0].platform
        for turn in range(1, 7):
            changer = Client(self.fleet.processes[turn % 2], self.fleet.operator_token)
            changer.must('POST', f'/v1/apps/{self.app.app_id}',
                         {'shop_id': self.app.shop, 'name': 'POS 1', 'public_key': pair[turn % 2].public})
            self.app.keys = pair[turn % 2]
            self.until(lambda: all(self.code() == 'ACQ.TRADE_NOT_EXIST' for _ in range(6)))  # both answer
            self.app.keys = pair[1 - turn % 2]
            self.assertEqual({'isv.invalid-signature'}, {self.code() for _ in range(6)})

    def code(self):
        return self.app.call('alipay.trade.query', {'out_trade_no': 'nothing'})['sub_code']

    def test_a_shopper_who_logged_in_here_is_known_there(self):
        body = {'account': '15912345620', 'login_code': self.app.login_code()}
        begun = Scattered(self.fleet).post('/session', body, key=False)
        self.assertEqual(200, begun.status, begun)
        cookie, proof = begun.headers['set-cookie'].split(';')[0], begun.json['proof']
        for process in self.fleet.processes:
            told = process.ask('/session', headers={'Cookie': cookie})
            self.assertEqual((self.app.shopper, proof), (told.json['shopper_id'], told.json['proof']))
            wallet = process.ask(f'/v1/shoppers/{self.app.shopper}',
                                 headers={'Cookie': cookie, 'Onetill-Proof': proof})
            self.assertEqual(200, wallet.status, wallet)

    def clocks_meet(self):
        """A clock that was moved at one process is heard of by the other: until then a pay code is not valid there."""
        now = max(process.ask('/v1/time').json['now'] for process in self.fleet.processes)
        for process in self.fleet.processes:
            self.until(lambda process=process: process.ask('/v1/time').json['now'] >= now[:19])

    def test_a_bill_is_fetched_wherever_it_was_asked_for(self):
        day = str(self.app.noon())
        self.clocks_meet()
        self.app.pay('5.00')
        self.app.move(days=1)
        self.clocks_meet()
        for _ in range(4):
            node = self.app.must('alipay.data.dataservice.bill.downloadurl.query',
                                 {'bill_type': 'trade', 'bill_date': day})
            where = urllib.parse.urlsplit(node['bill_download_url'])
            for process in self.fleet.processes:
                answer = process.ask(f'{where.path}?{where.query}')
                self.assertEqual((200, b'PK'), (answer.status, answer.body[:2]), answer)


class Clock(Shared):
    def test_a_test_clock_is_everybodys(self):
        first, second = self.fleet.processes
        for process, other, now in ((first, second, '2099-01-01T00:00:00Z'), (second, first, '2099-01-02T00:00:00Z')):
            Client(process, self.fleet.operator_token).must('POST', '/v1/test/clock', {'now': now})
            self.until(lambda other=other, now=now: other.ask('/v1/time').json['now'] >= now[:19])
        side = Side(self.fleet, self.operator, 4)
        self.assertGreater(side.paid(100)['paid_at'], '2099-01-02')


class Away(program.Case):
    def setUp(self):
        super().setUp()
        self.cluster = cluster.Cluster(durable=True)
        self.addCleanup(self.cluster.close)
        self.place = self.cluster.database()
        self.key = str(self.folder / 'till.key')
        self.fleet = Fleet(self, 2, '--test-clock')

    def health(self):
        answers = [process.ask('/healthz') for process in self.fleet.processes]
        return [(answer.status, answer.code) for answer in answers]

    def test_a_database_that_is_away_is_told_and_comes_back(self):
        side = Side(self.fleet, self.fleet.operator(), 4)
        self.assertEqual([(200, None)] * 2, self.health())
        body = side.pay_body(700)
        self.cluster.stop('immediate')
        answers = [Client(process, self.fleet.operator_token).post('/v1/trades/pay', body, key='the-one')
                   for process in self.fleet.processes]
        self.assertEqual({503}, {answer.status for answer in answers}, answers)
        self.assertLessEqual({answer.code for answer in answers}, {'late', 'busy', 'outcome_unknown', 'database_away'})
        begun = time.monotonic()
        self.assertEqual([(503, 'database_away')] * 2, self.health())
        self.assertLess(time.monotonic() - begun, 5)  # it does not wait for what is away
        self.assertEqual([1, 1], [process.metric('onetill_database_away') for process in self.fleet.processes])
        self.cluster.start()
        give_up = time.monotonic() + PATIENCE_S
        while self.health() != [(200, None)] * 2:
            self.assertLess(time.monotonic(), give_up)
            time.sleep(0.05)
        answers = [Client(process, self.fleet.operator_token).post('/v1/trades/pay', body, key='the-one')
                   for process in self.fleet.processes]
        self.assertEqual({201}, {answer.status for answer in answers}, answers)
        self.assertEqual(1, len({answer.body for answer in answers}))
        self.assertEqual([0, 0], [process.stop() for process in self.fleet.processes])
        done = self.run_program('audit', '--store', self.place, '--json')
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_who_is_told_to_end_ends_while_the_database_is_away(self):
        Side(self.fleet, self.fleet.operator(), 4).paid(100)
        self.cluster.stop('immediate')
        self.assertEqual([503, 503], [process.ask('/healthz').status for process in self.fleet.processes])
        begun = time.monotonic()
        self.assertEqual([0, 0], [process.stop() for process in self.fleet.processes])
        self.assertLess(time.monotonic() - begun, 30)


if __name__ == '__main__':
    program.run_tests(Calls, Streams, Notifications, Gateway, Clock, Away)
