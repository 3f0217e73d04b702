"""Figures of the gateway on generated data, as ratios within one run. Nothing here is a test."""
