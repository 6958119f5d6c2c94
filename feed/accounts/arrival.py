"""Letting people in: a verified token becomes a viewer, and at its first sight an account."""

from collections import OrderedDict
from typing import get_args

from feed.accounts import store
from feed.accounts.model import NAME_LONGEST, AccountId, AccountNotFound, Role, Viewer
from feed.accounts.phone import seal_phone
from feed.auth import LOCAL_ISSUER, Claims, TokenInvalid, TokenVerifier
from feed.keys import Keys
from feed.phones import normalise_phone
from feed.postgres import Pool, retried, transaction
from feed.texts import clean_text, text_problem

_REMEMBERED = 20_000


async def admit(pool: Pool, keys: Keys, claims: Claims) -> AccountId:
    """The account of a token's subject, made at its first request, with the phone and the local rights it proves.

    A `roles` claim counts only for our own key, and is recorded as a right: who was staff at some instant must be
    answerable later. Raises AccountNotFound for an erased account.
    """
    async with transaction(pool) as conn:
        account_id = await store.find_or_add(conn, iss=claims.iss, sub=claims.sub, name=_seed_name(claims))
        if await store.find_account(conn, account_id) is None:
            raise AccountNotFound
        if claims.phone:
            phone = normalise_phone(claims.phone)
            sealed = seal_phone(keys, account_id, phone)
            await store.change_phone(conn, account_id, person=keys.person_of(phone), phone_sealed=sealed)
        if claims.iss == LOCAL_ISSUER:
            known: tuple[Role, ...] = get_args(Role)
            for role in known:
                if role in claims.roles:
                    await store.grant_role(conn, account_id, role, by=None)
    return account_id


class Doorkeeper:
    """Remembers whom it has let in, so that a known token costs no query."""

    def __init__(self, pool: Pool, keys: Keys, verifier: TokenVerifier) -> None:
        self._pool = pool
        self._keys = keys
        self._verifier = verifier
        self._known: OrderedDict[Claims, Viewer] = OrderedDict()

    async def admit(self, token: str) -> Viewer:
        """The viewer behind a token. Raises TokenInvalid, TokenExpired."""
        claims = self._verifier.verify(token)
        viewer = self._known.get(claims)
        if viewer is None:
            try:
                account_id = await retried(lambda: admit(self._pool, self._keys, claims))
            except AccountNotFound:
                raise TokenInvalid from None
            viewer = Viewer(account_id)
            self._known[claims] = viewer
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return viewer


def _seed_name(claims: Claims) -> str:
    try:
        name = clean_text(claims.name).strip()[:NAME_LONGEST]
    except ValueError:
        name = ""
    return name if name and text_problem(name, shortest=1, longest=NAME_LONGEST) is None else "读者"
