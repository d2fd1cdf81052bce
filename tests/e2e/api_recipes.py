# SPDX-License-Identifier: Apache-2.0
"""How each operation of the API succeeds: what must be there first, and what is sent. A recipe is made anew for each
use and returns (path parameters, query, body). It is about one side: what that side's own tokens may do or see."""

import re
import urllib.parse

import api_recipes_local
from api_cached import cached as _cached
from till import campaign_body


@_cached
def endpoint(side):
    return side.endpoint()


@_cached
def delivery(side):
    endpoint(side)
    side.paid()
    return side.operator.must('GET', f'/v1/merchants/{side.merchant}/deliveries')['data'][0]


@_cached
def policy(side):
    return side.operator.must('GET', '/v1/policy')


@_cached
def app(side):
    return side.operator.must('POST', '/v1/apps', {'merchant_id': side.merchant, 'shop_id': side.shop,
                                                   'name': side.secret})


def deposit(side):
    """A deposit of the shopper's that the shop may take."""
    return side.operator.must('POST', f'/v1/shoppers/{side.shopper}/deposits',
                              {'shop_id': side.shop, 'amount_minor': 20})['hold_id']


@_cached
def payee(side):
    """Another shopper of this side."""
    return side.operator.must('POST', '/v1/shoppers', {'name': side.secret})['shopper_id']


@_cached
def receivers(side):
    """Who may get shares: the merchant itself."""
    bound = [{'kind': 'merchant', 'id': side.merchant, 'memo': side.secret, 'name': side.secret}]
    side.operator.must('POST', f'/v1/merchants/{side.merchant}/royalty/bind', {'receivers': bound})
    return bound


def split(side):
    """A paid trade that may be split."""
    receivers(side)
    return side.operator.must('POST', '/v1/trades/pay', dict(side.pay_body(100), royalty_frozen=True))['trade_id']


def shares(side):
    return {'out_request_no': 's1', 'finish': True,
            'lines': [{'kind': 'merchant', 'id': side.merchant, 'amount_minor': 10, 'description': side.secret},
                      {'kind': 'merchant', 'id': side.merchant, 'percent': 5}]}


def settled(side):
    trade = split(side)
    side.operator.must('POST', f'/v1/trades/{trade}/settlements', shares(side))
    return trade


@_cached
def takings(side):
    """The shop has something to pay out; some of it was given back."""
    return refunded(side)


def prize(side):
    """A transfer out of the shop's takings, to be made."""
    takings(side)
    return {'out_biz_no': side.next(), 'payee_id': payee(side), 'amount_minor': 9, 'title': side.secret}


def transferred(side, payer, payer_id):
    body = prize(side)
    side.operator.must('POST', f'/v1/{payer}/{payer_id}/transfers', body)
    return body['out_biz_no']


def grant(side):
    return side.operator.must('POST', f'/v1/shoppers/{side.shopper}/grants',
                              {'app_id': app(side)['app_id'], 'scope': 'auth_base'})['grant_id']


def refunded(side):
    trade = side.paid()
    side.operator.must('POST', f'/v1/trades/{trade["trade_id"]}/refunds', {'out_request_no': 'r1', 'amount_minor': 10,
                                                                          'reason': side.secret})
    return trade['trade_id']


def _trade(make):
    return lambda side: ({'trade_id': make(side)['trade_id']}, {}, None)


def _campaign(make):
    return lambda side: ({'campaign_id': make(side)['campaign_id']}, {}, None)


def _at(**path):
    return lambda side: ({name: getattr(side, value) for name, value in path.items()}, {}, None)


@_cached
def _paused(side):
    campaign = side.campaign(0)
    side.operator.must('POST', f'/v1/campaigns/{campaign["campaign_id"]}/pause')
    return campaign


@_cached
def _ended(side):
    return side.ended_campaign()


def _another(side):
    """A live one; the one before is ended, because a shop has only a few."""
    before = getattr(side, 'live_campaign', None)
    if before is not None:
        side.operator.post(f'/v1/campaigns/{before["campaign_id"]}/end')  # perhaps it was already
    side.live_campaign = side.campaign(100)
    return side.live_campaign


def _body(side):
    """Of a campaign to create: at the other shop, where nobody else needs the room."""
    return campaign_body(side.other_shop, side.next('Offer '))


RECIPES = {
    'merchant_create': lambda side: ({}, {}, {'name': side.next('Merchant ')}),
    'merchant_query': _at(merchant_id='merchant'),
    'shop_create': lambda side: ({}, {}, {'merchant_id': side.merchant, 'name': side.next('Shop '), 'city': 'Hangzhou',
                                          'kind': 'snack', 'zone_minutes': 480}),
    'shop_change': lambda side: ({'shop_id': side.other_shop}, {}, {'name': side.secret, 'open': True}),
    'shop_query': _at(shop_id='shop'),
    'terminal_create': lambda side: ({}, {}, {'shop_id': side.shop, 'name': side.next('Till ')}),
    'shopper_create': lambda side: ({}, {}, {'name': side.next('Shopper '), 'no_password_limit_minor': 5000}),
    'shopper_change': lambda side: ({'shopper_id': side.shopper}, {}, {'no_password_limit_minor': 100000}),
    'shopper_query': _at(shopper_id='shopper'),
    'token_issue': lambda side: ({}, {}, {'caller_kind': 'terminal', 'caller_id': side.terminal, 'name': side.secret}),
    'token_revoke': lambda side: ({'token_id': side.issued()['token_id']}, {}, None),
    'app_create': lambda side: ({}, {}, {'merchant_id': side.merchant, 'shop_id': side.shop,
                                         'name': side.next('App ')}),
    'app_change': lambda side: ({'app_id': app(side)['app_id']}, {}, {'shop_id': side.shop, 'name': side.secret}),
    'app_query': lambda side: ({'app_id': app(side)['app_id']}, {}, None),
    'app_list': _at(merchant_id='merchant'),
    'policy_change': lambda side: ({}, {}, policy(side)),
    'policy_query': lambda side: ({}, {}, None),
    'wallet_top_up': lambda side: ({'shopper_id': side.shopper}, {}, {'amount_minor': 100, 'reference': 'bank 7'}),
    'wallet_withdraw': lambda side: ({'shopper_id': side.shopper}, {}, {'amount_minor': 100}),
    'wallet_query': _at(shopper_id='shopper'),
    'wallet_statement': _at(shopper_id='shopper'),
    'shopper_waiting': _at(shopper_id='shopper'),
    'paycode_issue': _at(shopper_id='shopper'),
    'paycode_revoke': lambda side: ({'shopper_id': side.shopper, 'device_id': side.device()}, {}, None),
    'paycode_query': lambda side: ({'shopper_id': side.shopper, 'device_id': side.device()}, {}, None),
    'deposit_create': lambda side: ({'shopper_id': side.shopper}, {}, {'shop_id': side.shop, 'amount_minor': 20}),
    'deposit_capture': lambda side: ({'hold_id': deposit(side)}, {}, {'amount_minor': 15}),
    'deposit_release': lambda side: ({'hold_id': deposit(side)}, {}, None),
    'deposit_query': lambda side: ({'hold_id': deposit(side)}, {}, None),
    'trade_pay': lambda side: ({}, {}, side.pay_body()),
    'trade_create': lambda side: ({}, {}, {'shop_id': side.shop, 'out_trade_no': side.next(), 'amount_minor': 500,
                                           'subject': side.secret, 'expires_in_s': 3600}),
    'qr_pay': lambda side: ({}, {}, {'shopper_id': side.shopper, 'qr': side.opened()['qr_emvco'], 'confirmed': True}),
    'qr_scan': lambda side: ({}, {}, {'shopper_id': side.shopper, 'qr': side.opened()['qr_url']}),
    'trade_detail_read': _trade(lambda side: side.paid()),
    'trade_confirm': _trade(lambda side: side.waiting()),
    'trade_decline': _trade(lambda side: side.waiting()),
    'trade_query': _trade(lambda side: side.paid()),
    'trade_lookup': lambda side: ({'merchant_id': side.merchant, 'out_trade_no': side.paid()['out_trade_no']}, {},
                                  None),
    'trade_cancel': _trade(lambda side: side.paid()),
    'trade_cancel_number': lambda side: ({'merchant_id': side.merchant, 'out_trade_no': side.paid()['out_trade_no']},
                                         {}, {}),
    'trade_close': _trade(lambda side: side.opened()),
    'trade_refund': lambda side: ({'trade_id': side.paid()['trade_id']}, {},
                                  {'out_request_no': 'r1', 'amount_minor': 7, 'reason': 'sour'}),
    'refund_list': lambda side: ({'trade_id': refunded(side)}, {}, None),
    'refund_query': lambda side: ({'trade_id': refunded(side), 'out_request_no': 'r1'}, {}, None),
    'trade_receipt': _trade(lambda side: side.paid()),
    'trade_preview': lambda side: ({}, {}, {'shop_id': side.shop, 'amount_minor': 900}),
    'trade_list': lambda side: ({'shop_id': side.shop}, {'state': 'TRADE_SUCCESS', 'limit': 3}, None),
    'shop_list': _at(merchant_id='merchant'),
    'royalty_bind': lambda side: ({'merchant_id': side.merchant}, {}, {'receivers': receivers(side)}),
    'royalty_unbind': lambda side: ({'merchant_id': side.merchant}, {},
                                    {'receivers': [{'kind': 'shopper', 'id': side.shopper}]}),
    'royalty_list': lambda side: ({'merchant_id': receivers(side) and side.merchant}, {}, None),
    'trade_settle': lambda side: ({'trade_id': split(side)}, {}, shares(side)),
    'trade_settle_query': lambda side: ({'trade_id': settled(side), 'out_request_no': 's1'}, {}, None),
    'settle_list': lambda side: ({'trade_id': settled(side)}, {}, None),
    'wallet_transfer': lambda side: ({'shop_id': side.shop}, {}, prize(side)),
    'wallet_transfer_query': lambda side: ({'shop_id': side.shop,
                                            'out_biz_no': transferred(side, 'shops', side.shop)}, {}, None),
    'wallet_send': lambda side: ({'shopper_id': side.shopper}, {}, prize(side)),
    'wallet_send_query': lambda side: ({'shopper_id': side.shopper,
                                        'out_biz_no': transferred(side, 'shoppers', side.shopper)}, {}, None),
    'shop_funds': _at(shop_id='shop'),
    'bill_trades': lambda side: ({'merchant_id': takings(side) and side.merchant, 'day': '2014-12-12'}, {}, None),
    'bill_account': lambda side: ({'shop_id': takings(side) and side.shop, 'day': '2014-12-12'}, {}, None),
    'grant_create': lambda side: ({'shopper_id': side.shopper}, {}, {'app_id': app(side)['app_id'],
                                                                     'scope': 'auth_user'}),
    'grant_revoke': lambda side: ({'grant_id': grant(side)}, {}, None),
    'grant_list': lambda side: ({'shopper_id': grant(side) and side.shopper}, {}, None),
    'shop_days': lambda side: ({}, {'day': '2014-12-12'}, None),
    'delivery_list': _at(merchant_id='merchant'),
    'token_list': _at(merchant_id='merchant'),
    'token_list_all': lambda side: ({}, {}, None),
    'delivery_replay': lambda side: ({'delivery_id': delivery(side)['delivery_id']}, {}, None),
    'campaign_create': lambda side: ({}, {}, _body(side)),
    'campaign_list': lambda side: ({}, {}, None),
    'campaign_query': _campaign(_ended),
    'campaign_change': lambda side: ({'campaign_id': _paused(side)['campaign_id']}, {},
                                     campaign_body(side.shop, side.next('Change '))),
    'campaign_fund': lambda side: ({'campaign_id': _paused(side)['campaign_id']}, {}, {'platform_minor': 100}),
    'campaign_pause': _campaign(_another),
    'campaign_resume': _campaign(_another),
    'campaign_end': _campaign(_another),
    'campaign_history': _campaign(_ended),
    'endpoint_create': lambda side: ({}, {}, {'merchant_id': side.merchant,
                                              'url': f'https://127.0.0.1:9/{side.next()}'}),
    'endpoint_disable': lambda side: ({'endpoint_id': endpoint(side)['endpoint_id']}, {}, None),
    'endpoint_rotate': lambda side: ({'endpoint_id': endpoint(side)['endpoint_id']}, {}, None),
    'clock_move': lambda side: ({}, {}, {'now': side.operator.must('GET', '/v1/time')['now']}),
    'live_stream': lambda side: ({}, {}, None),
    'event_stream': lambda side: ({}, {}, None),
    'qr_svg': lambda side: ({}, {'text': side.opened()['qr_url']}, None),
    'qr_png': lambda side: ({}, {'text': side.opened()['qr_emvco'], 'scale': 4}, None),
    'metrics_read': lambda side: ({}, {}, None),
    'time_read': lambda side: ({}, {}, None),
    'node_list': lambda side: ({}, {}, None),
    'openapi_read': lambda side: ({}, {}, None),
    'health_check': lambda side: ({}, {}, None),
    **api_recipes_local.RECIPES,
}

# Whom a kind of token reaches besides the platform is what the API says; which of it hangs below a side is said here:
# operations without a subject of anybody's in particular.
OF_NOBODY = {'merchant_create', 'shopper_create', 'policy_change', 'policy_query', 'campaign_list', 'shop_days',
             'token_list_all', 'clock_move', 'metrics_read', 'time_read', 'node_list', 'openapi_read',
             'health_check'} | api_recipes_local.OF_NOBODY


class Operation:
    """One operation of the document, with the recipe by which it succeeds."""

    def __init__(self, document, path, method, operation):
        self.path, self.method, self.document = path, method.upper(), document
        self.name = operation['operationId']
        self.callers = operation.get('x-callers', [])
        self.open = operation.get('security') == []
        self.status = next(int(status) for status in operation['responses'] if status.startswith('2'))
        self.content = operation['responses'][str(self.status)].get('content', {})
        self.parameters = [resolve(document, parameter) for parameter in operation.get('parameters', [])]
        body = operation.get('requestBody', {}).get('content', {}).get('application/json', {}).get('schema')
        self.body_schema = flat(document, body) if body else None
        self.keyed = any(parameter['name'] == 'Idempotency-Key' for parameter in self.parameters)
        self.recipe = RECIPES.get(self.name)

    def url(self, path, query):
        url = re.sub(r'\{([^}]*)\}', lambda match: urllib.parse.quote(str(path[match[1]]), safe=''), self.path)
        return f'{url}?{urllib.parse.urlencode(query)}' if query else url

    def perform(self, client, made, **more):
        path, query, body = made
        return client.send(self.method, self.url(path, query), body, key=self.keyed, **more)


def operations(document):
    for path, item in document['paths'].items():
        for method, operation in item.items():
            yield Operation(document, path, method, operation)


def resolve(document, node):
    while '$ref' in node:
        target = document
        for part in node['$ref'][2:].split('/'):
            target = target[part]
        node = target
    return node


def flat(document, schema):
    """A schema of an object as one: references followed, parts of allOf joined."""
    schema = resolve(document, schema)
    joined = dict(schema, properties=dict(schema.get('properties', {})), required=list(schema.get('required', [])))
    for part in joined.pop('allOf', []):
        part = flat(document, part)
        joined['properties'].update(part['properties'])
        joined['required'] += part['required']
    return joined
