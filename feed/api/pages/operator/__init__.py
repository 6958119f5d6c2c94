"""The console of operators."""

from typing import Any

from feed.api.pages.operator.deliveries import retry, show_list
from feed.api.pages.operator.staff import grant_roles, set_roles, show_staff
from feed.api.pages.operator.status import show_status

ROUTES: tuple[Any, ...] = (
    show_status,
    show_list,
    retry,
    show_staff,
    grant_roles,
    set_roles,
)
