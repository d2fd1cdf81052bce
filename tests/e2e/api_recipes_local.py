# SPDX-License-Identifier: Apache-2.0
"""How each operation of the local line succeeds: what api_recipes.py says of the till's, for deals, vouchers and what
else the line sells. Each part has its own block."""

from api_cached import cached

# ---- deals ----


def deal_body(side, number):
    """Deal `number` of this side; published again it is the same."""
    return {'deal_id': str(2000000000 + 100 * side.number + number), 'shop_id': side.shop, 'kind': 'voucher',
            'category': 'dining', 'title': side.secret, 'rules': side.secret, 'price_minor': 10, 'stock': 100000,
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

RECIPES = {**DEALS}
OF_NOBODY = DEALS_OF_NOBODY
