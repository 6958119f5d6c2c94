"""What every endpoint shows to a viewer, compared with the model."""

from typing import Any

from tests.support.square import miscounted
from tests.support.town_walk import WORD, Walk
from tests.support.visibility_model import TOPICS, Item, Model

Viewer = str | None
STATES = ("pending", "published", "rejected", "removed")


class Comparison:
    """One viewer's look at everything. `wrong` lists where an endpoint and the model differ."""

    def __init__(self, walk: Walk, viewer: Viewer) -> None:
        self.walk = walk
        self.model: Model = walk.model
        self.viewer = viewer
        self.wrong: list[str] = []

    async def words(self, path: str) -> tuple[int, set[str], Any]:
        answer = await self.walk.ask(self.viewer, "GET", path)
        return answer.status_code, set(WORD.findall(answer.text)), answer.json()

    def differ(self, path: str, found: object, wanted: object) -> None:
        if found != wanted:
            extra = (
                f" +{found - wanted} -{wanted - found}" if isinstance(found, set) and isinstance(wanted, set) else ""
            )
            self.wrong.append(f"{self.viewer} {path}: {found}, and the model says {wanted}{extra}")

    async def see(self, path: str, wanted: set[str] | None) -> Any:
        """The body; `wanted`: the words in it; None: it is not found."""
        status, words, body = await self.words(path)
        self.differ(path, (status, sorted(words)), (404, []) if wanted is None else (200, sorted(wanted)))
        return body if status == 200 else None

    async def everything(self, *, settled: bool) -> list[str]:
        """`settled`: the jobs have run, so that counters and the states that authors read are exact."""
        await self.posts(settled=settled)
        await self.lists(settled=settled)
        await self.people(settled=settled)
        if self.viewer is not None:
            await self.own(settled=settled)
        for post in self.model.posts:
            await self.comments(post, settled=settled)
        return self.wrong

    def listed(self, posts: list[Item]) -> set[str]:
        return self.model.words_listed(self.viewer, posts)

    async def posts(self, *, settled: bool) -> None:
        posts = self.model.posts
        seen = self.model.words_seen(self.viewer, posts)
        if posts:
            await self.see(f"/posts?ids={','.join(each.id for each in posts)}", seen)
        for post in posts:
            may = self.model.may_see(self.viewer, post)
            body = await self.see(f"/posts/{post.id}", self.model.words_seen(self.viewer, [post]) if may else None)
            if body is None or not settled:
                continue
            count = sum(self.model.is_visible(each) for each in self.model.comments(post))
            self.differ(f"comment_count of {post.id}", body["comment_count"], count)
            self.differ(f"state of {post.id}", body["state"], self.model.shown_state(post))

    async def lists(self, *, settled: bool) -> None:
        posts = self.model.posts
        await self.see("/feeds/latest?limit=50", self.listed(posts))
        # The hot list leaves out what is too much of one author or topic.
        status, words, _ = await self.words("/feeds/hot?limit=50")
        self.differ("/feeds/hot", (status, words - self.listed(posts)), (200, set()))
        for topic in TOPICS:
            under = [each for each in posts if topic in each.text.topics]
            # A topic has a page while others see a post of it, or a campaign has it.
            exists = topic == TOPICS[0] or any(self.model.is_visible(each) for each in under)
            shown = self.listed(under) if exists and topic not in self.model.topics_down else None
            for sort in ("latest", "hot"):
                await self.see(f"/topics/{topic}/posts?limit=50&sort={sort}", shown)
        entered = [each for each in posts if any(TOPICS[0] in text.topics for text in each.revisions)]
        surely = [each for each in entered if TOPICS[0] in each.text.topics]
        for path in ("posts?limit=50", "posts?limit=50&sort=hot", "leaderboard?limit=50"):
            status, words, _ = await self.words(f"/campaigns/{self.walk.campaign}/{path}")
            board = path.startswith("leaderboard")
            least = {each.text.word for each in surely if self.model.is_visible(each)} if board else self.listed(surely)
            most = (
                {
                    word
                    for each in entered
                    if self.model.is_visible(each)
                    for word in self.model.words_seen(each.author.name, [each])
                }
                if board
                else self.listed(entered)
            )
            if board and not settled:
                least = set()
            if status != 200 or not least <= words <= most:
                self.wrong.append(f"{self.viewer} campaign {path}: {status} +{words - most} -{least - words}")

    async def people(self, *, settled: bool) -> None:
        for account in self.model.accounts.values():
            own = [each for each in self.model.posts if each.author is account]
            shown = self.model.sees_profile(self.viewer, account)
            body = await self.see(f"/users/{account.id}", set() if shown else None)
            if body is not None and settled:
                count = sum(self.model.is_visible(each) for each in own)
                self.differ(f"post_count of {account.name}", body["post_count"], count)
            if own:
                await self.see(f"/users/{account.id}/posts?limit=50", self.listed(own) if shown else None)

    async def own(self, *, settled: bool) -> None:
        own = [each for each in self.model.posts if each.author.name == self.viewer and each.state != "deleted"]
        await self.see("/me/posts?limit=50", self.model.words_seen(self.viewer, own))
        for state in STATES if settled else ():
            wanted = self.model.words_seen(self.viewer, [each for each in own if self.model.shown_state(each) == state])
            await self.see(f"/me/posts?state={state}", wanted)

    async def comments(self, post: Item, *, settled: bool) -> None:
        may = self.model.may_see(self.viewer, post)
        for sort in ("oldest", "newest", "hot"):
            if settled:
                wanted = self.model.comments_seen(self.viewer, post, hot=sort == "hot") if may else None
                await self.see(f"/posts/{post.id}/comments?sort={sort}&limit=50", wanted)
        for comment in self.model.comments(post) if settled else ():
            if comment.root is None:
                shown = may and self.model.keeps_place(comment)
                wanted = self.model.replies_seen(self.viewer, comment) if shown else None
                await self.see(f"/comments/{comment.id}/replies?limit=50", wanted)
        if not settled and may:
            # Counters follow later; nothing that is hidden is shown meanwhile.
            _, words, _ = await self.words(f"/posts/{post.id}/comments?limit=50")
            seen = {each.text.word for each in self.model.comments(post) if self.model.sees_comment(self.viewer, each)}
            if not words <= seen:
                self.wrong.append(f"{self.viewer} comments of {post.id} before the jobs: +{words - seen}")


async def compare(walk: Walk, viewers: list[Viewer]) -> list[str]:
    """Where an endpoint and the model differ, for these viewers; and where a counter is not what its rows come to."""
    wrong = list(walk.wrong)
    for viewer in viewers:
        if viewer is None or not walk.model.accounts[viewer].erased:
            wrong += await Comparison(walk, viewer).everything(settled=walk.is_settled)
    if walk.is_settled:
        wrong += await miscounted(walk.app_state.pool)
    return wrong
