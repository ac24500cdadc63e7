"""Addresses of the policy, agent, tool and environment pages."""

from django.urls import path

from policies.views import agent_import, agents, environments, exceptions, interchange, ledger, packs, tools, versions

urlpatterns = [
    path("policies/", versions.policies, name="policies"),
    path("policies/import/", interchange.policy_import, name="policy_import"),
    path("policies/export/", interchange.policy_export, name="policy_export"),
    path("policies/drafts/<int:pk>/export/", interchange.draft_export, name="policy_draft_export"),
    path("policies/<int:number>/", versions.version, name="policy_version"),
    path("policies/<int:number>/restore/", versions.version_restore, name="policy_version_restore"),
    path("policies/<int:number>/draft/", versions.version_draft, name="policy_version_draft"),
    path("policies/packs/", packs.policy_packs, name="policy_packs"),
    path("policies/exceptions/", exceptions.exceptions, name="policy_exceptions"),
    path("policies/exceptions/new/", exceptions.exception_new, name="policy_exception_new"),
    path("policies/exceptions/<int:pk>/renew/", exceptions.exception_renew, name="policy_exception_renew"),
    path("policies/exceptions/<int:pk>/end/", exceptions.exception_end, name="policy_exception_end"),
    path("agents/", agents.agents, name="agents"),
    path("agents/new/", agents.agent_new, name="agent_new"),
    path("agents/export.csv", agent_import.agent_export, name="agent_export"),
    path("agents/import/", agent_import.agent_import_new, name="agent_import_new"),
    path("agents/import/<int:pk>/", agent_import.agent_import, name="agent_import"),
    path("agents/import/<int:pk>/drop/", agent_import.agent_import_drop, name="agent_import_drop"),
    path("agents/fail-open/", ledger.ledger, name="agent_ledger"),
    path("agents/<int:pk>/", agents.agent, name="agent"),
    path("agents/<int:pk>/mode/", agents.agent_mode, name="agent_mode"),
    path("agents/<int:pk>/register/", agents.agent_register, name="agent_register"),
    path("agents/<int:pk>/settings/", agents.agent_settings, name="agent_settings"),
    path("agents/<int:pk>/drift/", agents.agent_drift_acknowledge, name="agent_drift_acknowledge"),
    path("tools/", tools.tools, name="tools"),
    path("tools/<int:pk>/", tools.tool, name="tool"),
    path("tools/<int:pk>/follow-all/", tools.tool_follow_all, name="tool_follow_all"),
    path("environments/", environments.environments, name="environments"),
    path("environments/<int:pk>/", environments.environment, name="environment"),
    path("environments/<int:pk>/mode/", environments.environment_mode, name="environment_mode"),
]
