"""Readiness to enforce, for the pages of the inventory: that is a room below this one and knows no investigations."""

from django import template
from django.utils import timezone

from investigations.readiness import Readiness, load_agent_readiness, load_environment_readiness
from policies.models import Agent, Environment

register = template.Library()


@register.simple_tag
def readiness_of(agent: Agent) -> Readiness:
    return load_agent_readiness(agent, now=timezone.now())


@register.simple_tag
def readiness_of_environment(environment: Environment) -> Readiness:
    return load_environment_readiness(environment, now=timezone.now())
