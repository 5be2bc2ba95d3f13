"""Runs docs/deploy.md on machines made for it: `make rehearse`."""
