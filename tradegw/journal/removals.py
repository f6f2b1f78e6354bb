"""How what is over is forgotten, in SQL: a portion of one table at a time, oldest first.

``:events``, ``:executions`` and so on are the last numbers that are old enough, ``:cutoff`` is the
same as a time; the view ``open_orders`` says of which orders nothing is forgotten.
"""

from __future__ import annotations

from typing import Final

EVENTS: Final = """
    DELETE FROM events WHERE seq IN (
        SELECT seq FROM events
        WHERE seq <= :events
            AND (order_id IS NULL OR order_id NOT IN (SELECT order_id FROM open_orders))
        ORDER BY seq LIMIT :portion)"""
EXECUTIONS: Final = """
    DELETE FROM executions WHERE number IN (
        SELECT number FROM executions
        WHERE number <= :executions AND order_id NOT IN (SELECT order_id FROM open_orders)
        ORDER BY number LIMIT :portion)"""
STEPS: Final = """
    DELETE FROM steps WHERE number IN (
        SELECT number FROM steps
        WHERE number <= :steps
            AND subject NOT IN (SELECT order_id FROM open_orders)
            AND subject NOT IN (SELECT id FROM intents WHERE resolved = 0)
        ORDER BY number LIMIT :portion)"""
INTENTS: Final = """
    DELETE FROM intents WHERE number IN (
        SELECT number FROM intents
        WHERE number <= :intents
            AND resolved = 1
            AND (order_id IS NULL OR order_id NOT IN (SELECT order_id FROM open_orders))
            AND (target IS NULL OR target NOT IN (SELECT order_id FROM open_orders))
            AND id NOT IN (SELECT plan_id FROM plans WHERE over = 0)
        ORDER BY number LIMIT :portion)"""
ORDERS: Final = """
    DELETE FROM orders WHERE number IN (
        SELECT number FROM orders
        WHERE terminal = 1 AND at < :cutoff AND order_id NOT IN (SELECT order_id FROM open_orders)
        ORDER BY at LIMIT :portion)"""
PLANS: Final = """
    DELETE FROM plans WHERE number IN (
        SELECT number FROM plans WHERE over = 1 AND at < :cutoff ORDER BY at LIMIT :portion)"""

REMOVALS: Final = (EVENTS, EXECUTIONS, STEPS, INTENTS, ORDERS, PLANS)
OLDEST_EVENT: Final = """
    INSERT INTO about (name, value) VALUES ('oldest', :oldest)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value"""
