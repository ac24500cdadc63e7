"""Keeps tickets in other systems in step with investigations.

`wanting` says which investigation gets a ticket, `sync` claims what is due, `outward` tells the other side what changed
here, `inward` takes over what changed there, `said` is what a ticket says, `statuses` which status is which, `desk`
what every ticket system can do, `jira` and `servicenow` how each does it. See docs/deliveries.md.

Not to be confused with `guardrail.tickets`, the permission for one held call.
"""
