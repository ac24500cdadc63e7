"""The sinks, one protocol a file."""

from collections.abc import Mapping
from types import MappingProxyType

from investigations.siem.sinks import elastic, sentinel, splunk, webhook
from investigations.siem.sinks.sink import Sink

SINKS: Mapping[str, Sink] = MappingProxyType(
    {sink.kind: sink for sink in (splunk.SINK, sentinel.SINK, elastic.SINK, webhook.SINK)}
)
