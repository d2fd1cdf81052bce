# SPDX-License-Identifier: Apache-2.0
"""How each operation of the local line succeeds: what api_recipes.py says of the till's, for deals, vouchers and what
else the line sells. Each part has its own block."""

from api_cached import cached

# ---- deals ----


def deal_body(side, number):
    """Deal `number` of this side; published again it is the same."""
    return {'deal_id': str(2000000000 + 100 * side.number + number), 'shop_id': side.shop, 'kind': 'voucher',
            'category': 'dining', 'title': side.secret, 'rules': side.secret, 'price_minor': 10, 'stock': 100000,
            'commission_bp': 500,
            'sale_until': '2015-01-01T00:00:00Z', 'valid_until': '2015-06-01T00:00:00Z',
            'shops': [{'shop_id': side.shop}, {'shop_id': side.other_shop}]}


def _published(side, number):
    return side.operator.must('POST', '/v1/deals', deal_body(side, number))['deal_id']


@cached
def deal(side):
    side.operator.must('PUT', f'/v1/shops/{side.shop}/place', place())
    return _published(side, 1)


@cached
def deal_to_change(side):
    return _published(side, 2)


@cached
def deal_to_pause(side):
    return _published(side, 3)


@cached
def deal_to_end(side):
    return _published(side, 4)


@cached
def bought(side):
    """A purchase that is paid."""
    return side.operator.must('POST', f'/v1/deals/{deal(side)}/purchases',
                              {'shopper_id': side.shopper, 'copies': 2, 'confirmed': True})['purchase_id']


def unpaid(side):
    return side.operator.must('POST', f'/v1/deals/{deal(side)}/purchases',
                              {'shopper_id': side.shopper, 'pay_later': True})['purchase_id']


def place():
    return {'latitude_e6': 30250000, 'longitude_e6': 120150000, 'category': 'dining', 'address': 'Lake 1',
            'hours': [{'minute_from': 600, 'minute_to': 1320}] * 7}


def _changed(side):
    body = deal_body(side, 2)
    del body['deal_id'], body['shop_id'], body['stock']
    return dict(body, price_minor=12)


def _deal(make):
    return lambda side: ({'deal_id': make(side)}, {}, None)


DEALS = {
    'deal_publish': lambda side: ({}, {}, deal_body(side, 5)),
    'deal_change': lambda side: ({'deal_id': deal_to_change(side)}, {}, _changed(side)),
    'deal_stock_add': lambda side: ({'deal_id': deal_to_change(side)}, {}, {'copies': 1}),
    'deal_pause': _deal(deal_to_pause),
    'deal_resume': _deal(deal_to_change),
    'deal_end': _deal(deal_to_end),
    'deal_query': _deal(deal),
    'deal_check': lambda side: ({'deal_id': deal(side), 'shop_id': side.shop}, {}, None),
    'deal_detail': _deal(deal),
    'deal_day_list': lambda side: ({'deal_id': bought(side) and deal(side)}, {}, None),
    'deal_purchase_list': lambda side: ({'deal_id': bought(side) and deal(side)}, {}, None),
    'deal_buy': lambda side: ({'deal_id': deal(side)}, {}, {'shopper_id': side.shopper, 'confirmed': True}),
    'purchase_query': lambda side: ({'purchase_id': bought(side)}, {}, None),
    'purchase_cancel': lambda side: ({'purchase_id': unpaid(side)}, {}, None),
    'purchase_list': lambda side: ({'shopper_id': bought(side) and side.shopper}, {}, None),
    'shop_place_set': lambda side: ({'shop_id': side.shop}, {}, place()),
    'shop_place_query': lambda side: ({'shop_id': side.shop}, {}, None),
    'deal_near': lambda side: ({}, {'latitude_e6': deal(side) and 30250000, 'longitude_e6': 120150000}, None),
    'deal_list': lambda side: ({'merchant_id': deal(side) and side.merchant}, {}, None),
    'deal_shop_list': lambda side: ({'shop_id': deal(side) and side.shop}, {}, None),
    'deal_shop_days': lambda side: ({'shop_id': bought(side) and side.shop}, {'day': '2014-12-12'}, None),
    'deal_money': lambda side: ({'merchant_id': bought(side) and side.merchant}, {}, None),
}

# What is on offer is shown to everybody.
DEALS_OF_NOBODY = {'deal_query', 'deal_check', 'deal_detail', 'deal_near', 'deal_list', 'deal_shop_list',
                   'shop_place_query'}

# ---- give-aways, lotteries, red packets ----


def _given(side, number, kind, **more):
    """A deal of this side's that is given away, or drawn."""
    body = dict(deal_body(side, number), kind='give', price_minor=0, stock=1000)
    give = side.operator.must('POST', '/v1/deals', body)['deal_id']
    side.operator.must('POST', '/v1/gives', {'deal_id': give, 'kind': kind, **more})
    return give


@cached
def give(side):
    return _given(side, 21, 'claim')


@cached
def claimed(side):
    side.operator.must('POST', f'/v1/gives/{give(side)}/claims', {'shopper_id': side.shopper})
    return give(side)


@cached
def lottery(side):
    return _given(side, 22, 'lottery', winners=1)


@cached
def entered(side):
    side.operator.must('POST', f'/v1/gives/{lottery(side)}/entries', {'shopper_id': side.shopper})
    return lottery(side)


def to_give(side):
    """A deal that is given away by nobody yet."""
    body = dict(deal_body(side, 0), kind='give', price_minor=0, stock=1)
    del body['deal_id']
    return side.operator.must('POST', '/v1/deals', body)['deal_id']


def packet_body(side):
    return {'sender_kind': 'shopper', 'sender_id': side.shopper, 'greeting': side.secret, 'amount_minor': 30,
            'people': 3}


@cached
def opened_packet(side):
    made = side.client('shopper').must('POST', '/v1/packets', packet_body(side))
    side.operator.must('POST', f'/v1/packets/{made["packet_id"]}/claims',
                       {'shopper_id': side.shopper, 'packet_key': made['packet_key']})
    return made


def _to_open(side):
    made = side.client('shopper').must('POST', '/v1/packets', packet_body(side))
    return {'packet_id': made['packet_id']}, {}, {'shopper_id': side.shopper, 'packet_key': made['packet_key']}


GIVES = {
    'give_create': lambda side: ({}, {}, {'deal_id': to_give(side), 'kind': 'lottery', 'winners': 1}),
    'give_claim': lambda side: ({'deal_id': give(side)}, {}, {'shopper_id': side.shopper}),
    'give_query': lambda side: ({'deal_id': give(side)}, {}, None),
    'give_list': lambda side: ({'merchant_id': give(side) and side.merchant}, {}, None),
    'give_claim_list': lambda side: ({'deal_id': claimed(side)}, {}, None),
    'lottery_enter': lambda side: ({'deal_id': lottery(side)}, {}, {'shopper_id': side.shopper}),
    'lottery_check': lambda side: ({'deal_id': entered(side), 'shopper_id': side.shopper}, {}, None),
    'lottery_entry_list': lambda side: ({'deal_id': entered(side)}, {}, None),
    'packet_create': lambda side: ({}, {}, packet_body(side)),
    'packet_claim': _to_open,
    'packet_query': lambda side: ({'packet_id': opened_packet(side)['packet_id']}, {}, None),
    'packet_list': lambda side: ({'shopper_id': opened_packet(side) and side.shopper}, {}, None),
    'packet_claim_list': lambda side: ({'packet_id': opened_packet(side)['packet_id']}, {}, None),
}

# Of a give-away everybody may know; a lottery's entries have no names.
GIVES_OF_NOBODY = {'give_query', 'lottery_entry_list'}

RECIPES = {**DEALS, **GIVES}
OF_NOBODY = DEALS_OF_NOBODY | GIVES_OF_NOBODY
