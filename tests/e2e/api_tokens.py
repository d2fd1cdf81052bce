# SPDX-License-Identifier: Apache-2.0
"""Families of tokens: what was issued with one goes with it, or not when it is replaced in peace; lists tell which
tokens there are and never their text."""

import unittest

import api_operations
from till import Client, Server, Side


class Tokens(unittest.TestCase):

    def setUp(self):
        self.server = Server(api_operations.Till.program, '--test-clock')
        self.addCleanup(self.close)
        self.ours, self.theirs = (Side(self.server, self.server.operator(), number) for number in (1, 2))

    def close(self):
        self.assertIsNone(self.server.audit())
        self.server.close()

    def restart(self):
        store = self.server.store
        self.assertEqual(self.server.stop(), 0)
        folder, self.server.folder = self.server.folder, None
        self.server.close()
        self.server = Server(api_operations.Till.program, '--test-clock', store=store)
        self.server.folder = folder

    def issue(self, token, kind, subject=None):
        body = dict({'caller_kind': kind, 'name': 'a note'}, **({'caller_id': subject} if subject else {}))
        answer = Client(self.server, token).must('POST', '/v1/tokens', body)
        return answer['token'], answer['token_id']

    def revoke(self, token_id, query=''):
        return self.server.operator().must('DELETE', f'/v1/tokens/{token_id}{query}')

    def holds(self, token):
        status = Client(self.server, token).get('/v1/trades/1').status  # 404 for whoever is let in
        self.assertIn(status, (401, 404))
        return status == 404

    def family(self):
        """A merchant's token, one of a shop issued with it, and one of a terminal issued with that."""
        ours = self.ours
        merchant = self.issue(self.server.operator_token, 'merchant', ours.merchant)
        shop = self.issue(merchant[0], 'shop', ours.shop)
        terminal = self.issue(shop[0], 'terminal', ours.terminal)
        return merchant, shop, terminal

    def states(self, path=None):
        listed = self.server.operator().must('GET', path or f'/v1/merchants/{self.ours.merchant}/tokens')['data']
        return {token['token_id']: token['state'] for token in listed}

    def test_what_was_issued_with_it_goes_with_it(self):
        merchant, shop, terminal = self.family()
        other = self.family()
        self.assertTrue(all(self.holds(token) for token, _ in (merchant, shop, terminal, *other)))
        self.assertFalse(self.revoke(shop[1])['keeps_issued'])
        for _ in range(2):  # and after a restart
            self.assertEqual([self.holds(token) for token, _ in (merchant, shop, terminal)], [True, False, False])
            self.assertTrue(all(self.holds(token) for token, _ in other))
            self.assertEqual([self.states()[token_id] for _, token_id in (merchant, shop, terminal)],
                             ['live', 'revoked', 'issuer_revoked'])
            self.restart()

    def test_a_token_replaced_in_peace_leaves_the_others(self):
        merchant, shop, terminal = self.family()
        self.assertTrue(self.revoke(merchant[1], '?keep_issued=true')['keeps_issued'])
        for _ in range(2):
            self.assertEqual([self.holds(token) for token, _ in (merchant, shop, terminal)], [False, True, True])
            self.restart()
        # Then it turns out to have been stolen.
        self.assertFalse(self.revoke(merchant[1])['keeps_issued'])
        for _ in range(2):
            self.assertEqual([self.holds(token) for token, _ in (merchant, shop, terminal)], [False, False, False])
            self.assertEqual(set(self.states().values()), {'revoked', 'issuer_revoked'})
            self.restart()
        self.assertFalse(self.revoke(merchant[1], '?keep_issued=true')['keeps_issued'])
        self.assertFalse(self.holds(terminal[0]))

    def test_the_operators_token(self):
        """Replaced in peace; a shopper's token stands by itself in any case."""
        next_one, _ = self.issue(self.server.operator_token, 'operator')
        shopper, _ = self.issue(next_one, 'shopper', self.ours.shopper)
        Client(self.server, next_one).must('DELETE', '/v1/tokens/1?keep_issued=true')
        self.assertFalse(self.holds(self.server.operator_token))
        self.assertTrue(self.holds(next_one) and self.holds(shopper))
        Client(self.server, next_one).must('DELETE', '/v1/tokens/1')
        self.assertFalse(self.holds(next_one))
        self.assertTrue(self.holds(shopper))

    def test_lists_tell_what_there_is_and_never_the_text(self):
        family = self.family()
        merchant, shop, terminal = family
        answer = Client(self.server, merchant[0]).get(f'/v1/merchants/{self.ours.merchant}/tokens')
        self.assertEqual(answer.status, 200)
        self.assertEqual([token['token_id'] for token in answer.json['data']], [terminal[1], shop[1], merchant[1]])
        self.assertEqual([token['parent_token_id'] for token in answer.json['data']], [shop[1], merchant[1], '1'])
        self.assertEqual([token['caller_kind'] for token in answer.json['data']], ['terminal', 'shop', 'merchant'])
        for text, _ in family:
            self.assertNotIn(text[3:], answer.body.decode())
        listed = self.server.operator().must('GET', '/v1/tokens?limit=2')
        self.assertEqual([token['token_id'] for token in listed['data']], [terminal[1], shop[1]])
        listed = self.server.operator().must('GET', f'/v1/tokens?limit=2&cursor={listed["next_cursor"]}')
        self.assertEqual([token['token_id'] for token in listed['data']], [merchant[1]])
        foreign = self.theirs.client('merchant')
        self.assertEqual(foreign.get(f'/v1/merchants/{self.ours.merchant}/tokens').status, 403)
        self.assertEqual(foreign.get('/v1/tokens').status, 403)
        self.assertEqual(foreign.must('GET', f'/v1/merchants/{self.theirs.merchant}/tokens')['data'], [])
