"""Tells other systems what happened: an outbox of deliveries, neutral events, and one sink a protocol.

`outbox` writes rows in the transaction of what they tell of, `delivery` claims and sends them, `loading` reads what a
row tells of, `event` is how it is told to everybody, `content` what of it a receiver may see, `sinks/` how a protocol
puts it (`ocsf` for two of them), `backlog` what waits. See docs/deliveries.md.
"""
