"""A stand-in for Stripe's server: its own process, its own store, strict.

It speaks Stripe's wire format for the API version that the pinned client was made
for. Requests are checked against the parameter types that ship with the client,
answers are built from its resource classes. Nothing in the portal imports it.
How to steer it: README.md beside this file.
"""
