"""The ledger is the store's operational state, so it does in Neo4j what it does in a file."""

import pytest

from serving.commands_sync import receipts
from serving.stores import open_store
from tests.destinations.platforms import MetaEmulator
from tests.destinations.shop import (
    ANA,
    BORIS,
    BUYERS,
    CART,
    Shop,
    meta,
    ordered,
    two,
)


@pytest.mark.neo4j
def test_members_come_and_go_in_neo4j_as_elsewhere(neo4j_url: str) -> None:
    store = open_store(neo4j_url)
    with MetaEmulator() as emulator:
        shop = Shop({"ads": meta(emulator.url)}, store)
        two(shop)
        shop.sync()
        assert emulator.lists == {CART: {ANA, BORIS}}
        shop.tell(ordered("u-1", "o-1"))
        gone = shop.erase("user_id:u-2")
        shop.sync()
        assert emulator.lists == {CART: set(), BUYERS: {ANA}}
        told = {one["audience"]: one["handles"] for one in receipts(shop.engine, gone)}
        assert told == {"retarget_abandoned_cart": 1, "suppress_always": 0, "suppress_buyers/vit-c": 0}
        with store.read() as tx:
            assert BORIS not in repr(tx.scan("sync/"))
    store.close()
