-- SPDX-License-Identifier: Apache-2.0
-- A payment as one would write it by hand in PL/pgSQL, to compare with: one idempotency row, one payment row, double
-- entry over two transfers (what the shopper pays, what the campaign adds), three balances that must not go below
-- zero, one commit. Half price with a cap of 50 yuan, as in `onetill bench`. It checks no pay code, keeps no limits
-- per shopper, no receipt, no statements: everything that Onetill does beyond this counts against Onetill.

CREATE TABLE account (
    account_id bigint PRIMARY KEY,
    balance bigint NOT NULL CHECK (balance >= 0)
) WITH (fillfactor = 50);

CREATE TABLE request (
    request_key uuid PRIMARY KEY,
    payment_id bigint NOT NULL
);

CREATE TABLE payment (
    payment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shopper bigint NOT NULL,
    shop bigint NOT NULL,
    list_minor bigint NOT NULL,
    paid_minor bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE transfer (
    payment_id bigint NOT NULL,
    leg smallint NOT NULL,
    from_account bigint NOT NULL,
    to_account bigint NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (payment_id, leg)
);

-- Accounts: shoppers 1…, shops 10,000,001…, budgets 20,000,001….
CREATE FUNCTION pay(key uuid, shopper_id bigint, shop_id bigint, budget_id bigint, price bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    id bigint;
    discount bigint := LEAST(price / 2, 5000);
BEGIN
    SELECT payment_id INTO id FROM request WHERE request_key = key;
    IF FOUND THEN
        RETURN id;
    END IF;
    INSERT INTO payment (shopper, shop, list_minor, paid_minor)
    VALUES (shopper_id, shop_id, price, price - discount) RETURNING payment_id INTO id;
    INSERT INTO request VALUES (key, id);
    INSERT INTO transfer VALUES (id, 1, shopper_id, 10000000 + shop_id, price - discount),
                                (id, 2, 20000000 + budget_id, 10000000 + shop_id, discount);
    UPDATE account SET balance = balance - (price - discount) WHERE account_id = shopper_id;
    UPDATE account SET balance = balance + price WHERE account_id = 10000000 + shop_id;
    -- The hottest row last: its lock is held for the shortest time.
    UPDATE account SET balance = balance - discount WHERE account_id = 20000000 + budget_id;
    RETURN id;
END $$;
