"""The console of operators."""

from typing import Any

from feed.api.pages.operator.deliveries import retry, return_to_list, show_list
from feed.api.pages.operator.staff import grant_roles, return_to_staff, set_roles, show_staff
from feed.api.pages.operator.status import show_status

ROUTES: tuple[Any, ...] = (
    show_status,
    show_list,
    retry,
    return_to_list,
    show_staff,
    grant_roles,
    set_roles,
    return_to_staff,
)
