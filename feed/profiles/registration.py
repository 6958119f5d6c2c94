"""From the first token of a subject to its account, whose name follows the rules of the site."""

from feed.accounts import erasure_store, name_store, roles, settings
from feed.accounts import store as accounts
from feed.accounts.authentication import age_band_of, phone_of_claims, seed_name
from feed.accounts.model import AccountId, AccountNotFound
from feed.accounts.phone import seal_phone
from feed.auth.tokens import LOCAL_ISSUER, Claims
from feed.postgres import Connection, Pool, transaction
from feed.profiles.changes import own_profile, propose
from feed.profiles.naming import Naming, check_name, neutral_name


async def register_account(pool: Pool, naming: Naming, claims: Claims) -> AccountId:
    """The account of a token's subject, created at its first request, with the phone and the roles of the token.

    A role in a token is recorded as a right, so that later it is known who was staff at any instant. The verifier decides which
    roles count. A name that cannot be given becomes a neutral one, and waits for a reviewer. Raises AccountNotFound for a token that
    was issued before its subject's account was erased; a later one creates a new account, for which a running sanction of the former
    one holds too.
    """
    phone = phone_of_claims(claims)
    person = naming.keys.person_of(phone) if phone else None
    async with transaction(pool) as conn:
        former = await erasure_store.find_subject(conn, naming.keys.subject_of(claims.iss, claims.sub))
        known = await accounts.find_by_sub(conn, iss=claims.iss, sub=claims.sub)
        is_next = former is not None and known is None
        if former is not None and is_next and (claims.issued_after or 0) <= former.erased_at.timestamp():
            raise AccountNotFound
        account_id = known
        if account_id is None:
            account_id = await _add_account(conn, naming, claims, person)
        if await accounts.find_account(conn, account_id) is None:
            raise AccountNotFound
        if phone and person is not None:
            sealed = seal_phone(naming.keys, account_id, phone)
            await accounts.change_phone(conn, account_id, person=person, phone_sealed=sealed)
        if former is not None and is_next and former.account_id is not None:
            await erasure_store.carry_sanctions(conn, former.account_id, account_id)
        if (band := age_band_of(claims)) is not None:
            await settings.change_age_band(conn, account_id, band, by_app=claims.iss != LOCAL_ISSUER)
        await roles.follow_token(
            conn, account_id, claims.roles, issued_after=claims.issued_after, by_app=claims.iss != LOCAL_ISSUER
        )
    return account_id


async def change_claimed_name(conn: Connection, naming: Naming, account_id: AccountId, name: str) -> None:
    """Gives an account the name that the app has given it; the present one stays while another may not be shown."""
    await name_store.lock_profile(conn, account_id)
    account = await own_profile(conn, await accounts.get_account(conn, account_id))
    if name == account.name:
        return
    person = await name_store.get_person(conn, account_id)
    status = await check_name(conn, naming, name, person=person, account_id=account_id)
    machine = naming.check(name, "name")
    problem = status.problem_for(has_badge=account.badge is not None)
    if problem == "name_taken":
        return
    free = problem is None
    shown = free and machine.verdict == "pass" and naming.policy.review == "publish_first"
    await propose(
        conn,
        account,
        "name",
        name,
        naming=naming,
        machine=machine,
        shown=shown,
        is_protected=status.is_protected or status.is_of_staff,
    )


async def _add_account(conn: Connection, naming: Naming, claims: Claims, person: bytes | None) -> AccountId:
    name = seed_name(claims.name)
    claimed = name != seed_name("")
    status = await check_name(conn, naming, name, person=person, account_id=None)
    machine = naming.check(name, "name")
    free = status.problem_for(has_badge=False) is None and machine.verdict == "pass"
    given = name if free else neutral_name()
    account_id = await accounts.find_or_add(
        conn,
        iss=claims.iss,
        sub=claims.sub,
        name=given,
        name_key=naming.key_of(given),
        is_unique=free and naming.policy.unique,
    )
    account = await accounts.find_account(conn, account_id)
    # Another request of the same token may have been first; then the name is its.
    if account is None or account.name != given or free or not claimed:
        return account_id
    if machine.verdict == "pass" and status.is_taken and not (status.is_protected or status.is_of_staff):
        # No verdict can give it away from its owner.
        return account_id
    await name_store.lock_profile(conn, account_id)
    await propose(
        conn,
        account,
        "name",
        name,
        naming=naming,
        machine=machine,
        shown=False,
        is_protected=status.is_protected or status.is_of_staff,
    )
    return account_id
