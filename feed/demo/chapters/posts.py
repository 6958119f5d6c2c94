"""Chapter: posts, with a retried request, a topic added by an edit, and a deleted post."""

import asyncio

from feed.demo.chapters.media import check_gone, look_at_pictures, photo_of
from feed.demo.context import DemoContext
from feed.demo.output import Unexpected
from feed.demo.participants import EDITOR, JUROR, WRITING_JUROR
from feed.demo.texts import DELETED, EDITED, MOMENTS, OFF_TOPIC, Moment

_AT_ONCE = 6


async def write_moments(context: DemoContext) -> None:
    """Publishes all moments and a few posts on other topics."""
    output, script = context.output, context.script
    output.chapter("市民发布动态", "Citizens post")
    await _appoint_jury(context)
    turn = asyncio.Semaphore(_AT_ONCE)
    with output.progress("发布动态", "posting", len(MOMENTS) + len(OFF_TOPIC)) as steps:

        async def write(moment: Moment) -> None:
            async with turn:
                text = script.text(script.moments[moment.key])
                body = {"text": text, "media_ids": context.media.get(moment.key, [])}
                post = await context[moment.author].post("/v1/posts", body)
                context.posts[moment.key], context.moments[post["id"]] = post["id"], moment.key
                context.texts[post["id"]] = text
                if moment.key != EDITED:
                    context.tally.enter(post["id"], moment.author)
                steps.step()

        async def write_off_topic(author: str, text: str) -> None:
            async with turn:
                post = await context[author].post("/v1/posts", {"text": text})
                if any(topic["name"] == script.topic for topic in post["topics"]):
                    raise Unexpected(f"{text} ⇒ {post['topics']}")
                steps.step()

        await asyncio.gather(
            *(write(moment) for moment in MOMENTS),
            *(write_off_topic(author, script.off_topic[author]) for author in OFF_TOPIC),
        )
    for moment in MOMENTS[:5]:
        author, text = context[moment.author].name, context.excerpt(script.text(script.moments[moment.key]), beside=22)
        output.say(f"[bold]{author}[/]  {text}", f"[bold]{author}[/]  {text}")
    output.say(
        f"……共 {len(MOMENTS)} 条读书动态，另有 {len(OFF_TOPIC)} 条说的是别的事。",
        f"… {len(MOMENTS)} reading moments in all, and {len(OFF_TOPIC)} posts about something else.",
    )
    await _retry(context)
    await look_at_pictures(context)
    await _edit_and_delete(context)
    entered = await _list_entered(context)
    expected = {post_id for post_id, entry in context.tally.entered.items() if entry.competes}
    output.expect(
        entered == expected,
        f"话题页里正好是这 {len(expected)} 条：成对的 #…#、开放的 #… 、全角 ＃…＃ 都认；只带半个话题的不算",
        f"the topic's page has exactly these {len(expected)}: paired, open and full-width marks are recognised, half a topic is not",
        found=(entered ^ expected),
    )


async def _retry(context: DemoContext) -> None:
    """Sends the same request three times, as an app does that gets no response."""
    author, body = context[JUROR], {"text": context.script.juror_post}
    first = await author.post("/v1/posts", body, key="in-the-lift")
    again = await asyncio.gather(*(author.post("/v1/posts", body, key="in-the-lift") for _ in range(2)))
    author.id = first["author"]["id"]
    context.output.expect(
        {first["id"]} == {post["id"] for post in again},
        "电梯里信号不好，App 把同一条动态又发了 2 次（同一个 Idempotency-Key）：只有一条",
        "no signal in the lift: the app sends one post again twice (the same Idempotency-Key): there is one",
        found=again,
    )
    other = await author.ask("POST", "/v1/posts", {"text": context.script.other_text}, key="in-the-lift")
    context.output.check(
        other.status == 409 and other.body["code"] == "idempotency_key_reused",
        "同一个键不能用于别的内容",
        "the same key is refused for another body",
        found=other,
    )


async def _edit_and_delete(context: DemoContext) -> None:
    """One author adds the topic by an edit, one deletes the post."""
    edited, deleted = context.posts[EDITED], context.posts[DELETED]
    author = context[next(moment.author for moment in MOMENTS if moment.key == EDITED)]
    text = f"{context.texts[edited]}#{context.script.topic}#"
    post = await author.patch(f"/v1/posts/{edited}", {"text": text})
    context.tally.enter(edited, author.key)
    context.texts[edited] = text
    context.output.expect(
        post["revision"] == 2 and [topic["name"] for topic in post["topics"]] == [context.script.topic],
        f"{author.name}忘了带话题，编辑后补上：新版本 2，现在参与活动",
        f"{author.name} had forgotten the topic and adds it: revision 2, which takes part",
        found=post,
    )
    owner = context.author(DELETED)
    stranger = await author.ask("DELETE", f"/v1/posts/{deleted}")
    context.output.check(
        stranger.status == 403, "不能删除别人的动态", "a post is deleted by its author only", found=stranger
    )
    photo = await photo_of(context, DELETED)
    await owner.delete(f"/v1/posts/{deleted}")
    context.tally.entered[deleted].competes = False
    gone = await context.anonymous.ask("GET", f"/v1/posts/{deleted}")
    context.output.expect(
        gone.status == 404,
        f"{owner.name}觉得照片糊了，删掉了动态：动态和照片别人再也看不到（404）",
        f"{owner.name} deletes a post: it is gone for all others, and so is its photo (404)",
        found=gone,
    )
    await check_gone(context, photo)


async def _appoint_jury(context: DemoContext) -> None:
    """Assigns the jurors, who need no role, before anyone takes part; their likes and posts do not count."""
    jurors = [context[JUROR], context[WRITING_JUROR]]
    for juror in jurors:
        juror.id = (await juror.get("/v1/me"))["id"]
    await context[EDITOR].put(f"{context.admin_path}/jurors", {"user_ids": [juror.id for juror in jurors]})
    context.output.say(
        f"{context[EDITOR].name}请来两位评委：{jurors[0].name}，还有自己也要发动态的{jurors[1].name}。",
        f"{context[EDITOR].name} appoints two jurors: {jurors[0].name}, and {jurors[1].name}, who will post too.",
    )


async def _list_entered(context: DemoContext) -> set[str]:
    found: set[str] = set()
    cursor = ""
    while True:
        page = await context[JUROR].get(f"/v1/topics/{context.script.topic}/posts?limit=50{cursor}")
        # An earlier run on the same data has left posts under the topic.
        found |= {post["id"] for post in page["items"] if post["id"] in context.moments}
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"
