"""Chaos: changes on real sites while a fault that nobody chose hits them, many times, and every time the same three questions.

Was what was approved carried out once or honestly not at all? Is the record whole and true? Is the site well? `python -m tests.chaos --runs 1000 --seed 7`
(`make chaos`) draws fault, moment and change from the seed and prints a table. Limits: faults are made from outside, with what a machine has (signals,
mounts, links, a library before the clock); the product has no switch for any of them. Where one dies at each known point in turn: `tests/crash`.
"""
