"""Measurements that back numbers in the documentation. Each prints what it measured on this machine; ratios, not rates, are the bars."""
