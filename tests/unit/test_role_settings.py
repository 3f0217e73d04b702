"""What the config may change of roles."""

import msgspec
import pytest
from pydantic import ValidationError

from gateway import config
from gateway.sections import RoleSettings
from permissions.model import ViewerKind
from permissions.roles import DEFAULT_ROLES
from tests.unit.test_config import document


def test_what_a_role_may_spend_on_an_operation_is_its_own_or_that_of_the_role_it_extends() -> None:
    roles = {
        "own": {"extends": "member", "max_cost": 300},
        "extending": {"extends": "member"},
        "replacing": {"scopes": ["points:read"], "max_cost": 20_000},
        "new": {"scopes": ["points:read"]},
    }
    made = {name: RoleSettings.model_validate(role).over_default(name).max_cost for name, role in roles.items()}
    assert made == {"own": 300, "extending": 1_000, "replacing": 20_000, "new": 5_000}
    with pytest.raises(ValidationError):
        RoleSettings.model_validate({"scopes": [], "max_cost": 0})


def test_a_role_can_be_held_to_the_exact_search_and_not_be_loosened() -> None:
    held = RoleSettings.model_validate({"extends": "care_agent", "search": "exact"}).over_default("counter")
    assert held == msgspec.structs.replace(DEFAULT_ROLES["care_agent"], is_held_to_exact_search=True)
    with pytest.raises(ValidationError):
        RoleSettings.model_validate({"search": "advanced"})


def test_a_new_role_extends_a_default_one() -> None:
    settings = config.production(document(roles={"lead": {"extends": "care_agent", "scopes": ["approvals:*"]}}))
    lead, care = settings.role_table["lead"], settings.role_table["care_agent"]
    assert lead.scopes - care.scopes == {"approvals:decide"}
    assert (lead.limits, lead.kind) == (care.limits, ViewerKind.STAFF)
