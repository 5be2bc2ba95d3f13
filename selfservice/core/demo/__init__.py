"""The demo: every process of the portal on one machine, started and ended together."""
