"""The sinks, one protocol a file."""

from collections.abc import Mapping
from types import MappingProxyType

from investigations.siem.sinks import (
    elastic,
    mail,
    ocsf,
    ocsf_file,
    sentinel,
    splunk,
    syslog,
    webhook,
)
from investigations.siem.sinks.sink import Sink

# in the order they are offered
_ALL = (
    splunk.SINK,
    sentinel.SINK,
    elastic.SINK,
    syslog.SINK,
    ocsf.SINK,
    ocsf_file.SINK,
    webhook.SINK,
    mail.SINK,
)
SINKS: Mapping[str, Sink] = MappingProxyType({sink.kind: sink for sink in _ALL})
