"""Who gets a photo: the matrix of people, of the states that a photo and its post can be in, and of the addresses that can be tried.

The files are real ones in the storage. What matters is whether the bytes come, by an address that a response of the API names, or by
one that somebody keeps, guesses or passes on.
"""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest

from feed.accounts.model import AccountId
from feed.api.state import AppState
from feed.media.addresses import GRANT
from feed.moderation.takedowns.actions import take_down
from feed.moderation.takedowns.model import Target
from tests.support import erasing, make
from tests.support.api import Join, Person
from tests.support.make_media import medium
from tests.support.takedowns import spread

STAFF = {"reviewer", "editor", "admin"}
OTHERS = {"anonymous", "stranger", "own other account", "blocked", "juror"}
HIDDEN = {"author", *STAFF}
# Who is told an address that works, and whether a granted one works at all.
MATRIX: dict[str, tuple[set[str], bool]] = {
    "processing": (set(), False),
    "failed": (set(), False),
    "unattached": ({"author"}, True),
    # A blocked user is told nothing of the author; the address itself is everybody's.
    "visible": ({"author", *STAFF, *OTHERS} - {"blocked"}, True),
    "pending": (HIDDEN, True),
    "held": (HIDDEN, True),
    "waits for another photo": (HIDDEN, True),
    "rejected": (HIDDEN, True),
    "removed": (HIDDEN, True),
    "taken down": (HIDDEN, True),
    "image taken down": (HIDDEN, True),
    "dropped by an edit": (HIDDEN, True),
    "deleted": (set(), False),
    "deleted while reported": (STAFF, True),
    "author leaves": (HIDDEN, True),
    "author erased": (set(), False),
}


class Scene:
    """A photo with its file, and everybody who might look."""

    def __init__(self, app_state: AppState, client: httpx.AsyncClient, join: Join) -> None:
        self.app_state, self.client, self.pool = app_state, client, app_state.pool
        self.author = join("作者", phone="+8613911112222")
        self.people: dict[str, Person] = {
            "anonymous": Person(client, ""),
            "author": self.author,
            "own other account": join("作者二", phone="+8613911112222"),
            "stranger": join("路人"),
            "blocked": join("被拉黑的"),
            "juror": join("评委"),
            "reviewer": join("审读", roles=("reviewer",)),
            "editor": join("编辑", roles=("editor",)),
            "admin": join("管理员", roles=("admin",)),
        }
        self.people["anonymous"].headers = {}
        self.ids: dict[str, str] = {}
        self.post = 0
        self.photo = 0
        self.key = ""

    async def begin(self) -> None:
        for name, person in self.people.items():
            if name != "anonymous":
                me = await person("GET", "/me")
                assert me.status_code == 200, me.text
                self.ids[name] = me.json()["id"]
        blocked = await self.author("PUT", f"/users/{self.ids['blocked']}/block")
        assert blocked.status_code == 200
        self.post = int((await self.author("POST", "/posts", {"text": "图片动态"})).json()["id"])

    async def add_photo(self, *, state: str = "ready", attached: bool = True) -> int:
        post_id = self.post if attached else None
        photo = await medium(self.pool, int(self.ids["author"]), state=state, post_id=post_id, sha256=bytes(32))
        self.photo = photo
        self.key = str(await self.pool.fetchval("SELECT key FROM media WHERE id = $1", photo))
        for file in ("full.webp", "list.webp"):
            await self.app_state.storage.put(f"media/{self.key}/{file}", b"RIFF12345"[:9], content_type="image/webp")
        return photo

    async def works(self, address: str) -> bool:
        answer = await self.client.get(address)
        assert answer.status_code in (200, 404), (address, answer.text)
        if answer.status_code == 404:
            assert answer.json()["code"] in ("media_not_found", "not_found")
            assert b"RIFF" not in answer.content
        return answer.status_code == 200

    async def told(self, name: str) -> set[str]:
        """The addresses of the photo in whatever this person can read."""
        reads = self.people[name]
        pages = [
            f"/posts/{self.post}",
            f"/posts/{self.post}/revisions",
            f"/users/{self.ids['author']}/posts",
            "/feeds/latest",
            "/me/posts",
            "/me/media",
            f"/media/{self.photo}",
            "/me/decisions",
            "/moderation/takedowns",
            f"/moderation/cases?subject_id={self.post}",
            f"/moderation/cases?subject_id={self.post}&state=closed",
        ]
        found: set[str] = set()
        for page in pages:
            answer = await reads("GET", page)
            assert answer.status_code < 500
            found |= set(re.findall(rf'"(http[^"]*/media/{self.key}/[^"]+)"', answer.text))
        return found


@pytest.fixture
async def scene(app_state: AppState, client: httpx.AsyncClient, join: Join) -> Scene:
    made = Scene(app_state, client, join)
    await made.begin()
    return made


async def _visible(scene: Scene) -> None:
    await scene.add_photo()


async def _processing(scene: Scene) -> None:
    await scene.add_photo(state="processing")


async def _failed(scene: Scene) -> None:
    await scene.add_photo(state="failed")


async def _unattached(scene: Scene) -> None:
    await scene.add_photo(attached=False)


async def _in_state(scene: Scene, state: str) -> None:
    await scene.add_photo()
    await scene.pool.execute("UPDATE posts SET state = $2 WHERE id = $1", scene.post, state)


async def _held(scene: Scene) -> None:
    await scene.add_photo()
    await scene.pool.execute("UPDATE posts SET holds = 1 WHERE id = $1", scene.post)


async def _waits(scene: Scene) -> None:
    await scene.add_photo(state="processing")
    await scene.add_photo()


async def _taken_down(scene: Scene) -> None:
    await scene.add_photo()
    await take_down(scene.pool, AccountId(int(scene.ids["reviewer"])), Target("post", str(scene.post)), "porn")


async def _image_taken_down(scene: Scene) -> None:
    photo = await scene.add_photo()
    await take_down(scene.pool, AccountId(int(scene.ids["reviewer"])), Target("image_hash", f"media:{photo}"), "porn")
    await spread(scene.pool)


async def _dropped(scene: Scene) -> None:
    photo = await scene.add_photo()
    other = await medium(scene.pool, int(scene.ids["author"]))
    answer = await scene.author("PATCH", f"/posts/{scene.post}", {"media_ids": [str(other)]})
    assert answer.status_code == 200, answer.text
    assert photo == scene.photo


async def _deleted(scene: Scene) -> None:
    await scene.add_photo()
    assert (await scene.author("DELETE", f"/posts/{scene.post}")).status_code == 204


async def _deleted_while_reported(scene: Scene) -> None:
    await scene.add_photo()
    report = {"target": {"kind": "post", "id": str(scene.post)}, "reason_code": "porn"}
    assert (await scene.people["stranger"]("POST", "/reports", report)).status_code == 201
    assert (await scene.author("DELETE", f"/posts/{scene.post}")).status_code == 204


async def _leaves(scene: Scene) -> None:
    await scene.add_photo()
    assert (await scene.author("DELETE", "/me")).status_code == 202


async def _erased(scene: Scene) -> None:
    await scene.add_photo()
    await erasing.erase_row(scene.pool, scene.app_state.keys, int(scene.ids["author"]))
    await erasing.erase_rest(scene.pool, scene.app_state.keys)


STATES: dict[str, Callable[[Scene], Awaitable[None]]] = {
    "processing": _processing,
    "failed": _failed,
    "unattached": _unattached,
    "visible": _visible,
    "pending": lambda scene: _in_state(scene, "pending"),
    "held": _held,
    "waits for another photo": _waits,
    "rejected": lambda scene: _in_state(scene, "rejected"),
    "removed": lambda scene: _in_state(scene, "removed"),
    "taken down": _taken_down,
    "image taken down": _image_taken_down,
    "dropped by an edit": _dropped,
    "deleted": _deleted,
    "deleted while reported": _deleted_while_reported,
    "author leaves": _leaves,
    "author erased": _erased,
}


@pytest.mark.parametrize("state", MATRIX)
async def test_a_photo_is_got_by_those_who_may_and_by_no_other_address(scene: Scene, state: str) -> None:
    """Rows 3 and 54: with the direct link too."""
    await STATES[state](scene)
    expected, granted_works = MATRIX[state]
    addresses = scene.app_state.media
    public, now = addresses.public(scene.key, "full.webp"), make.now()
    is_public = state == "visible"

    assert await scene.works(public) == is_public
    assert await scene.works(addresses.granted(scene.key, "full.webp", now=now)) == granted_works
    expired = addresses.granted(scene.key, "full.webp", now=now - 2 * GRANT)
    other_file = public + "?" + addresses.granted(scene.key, "list.webp", now=now).partition("?")[2]
    other_key = public + "?" + addresses.granted("0" * 32, "full.webp", now=now).partition("?")[2]
    longer = addresses.granted(scene.key, "full.webp", now=now + timedelta(days=1))
    for address in (expired, other_file, other_key, longer, f"{public}?until=9999999999&grant={'0' * 32}"):
        assert await scene.works(address) == is_public, address
    # What is not among its files is nobody's: not the original either.
    for file in ("original.jpg", "full.png", "1"):
        assert not await scene.works(addresses.granted(scene.key, file, now=now))
    assert not await scene.works(f"{addresses.base}/../incoming/{scene.key}/1")

    got = set()
    for name in scene.people:
        told = await scene.told(name)
        if any([await scene.works(address) for address in told]):
            got.add(name)
        # Nobody is shown an address that does not work, and a stable one only of what everybody sees.
        for address in told:
            assert await scene.works(address), (name, address)
            assert ("grant=" in address) or is_public, (name, address)
    assert got == expected
